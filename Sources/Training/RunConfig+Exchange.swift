import Communication
public import Configs

extension RunConfig {
    /// How values travel: as the section says, but for a strategy that has a codec of its own.
    public var exchange: CommunicationSection {
        var section = communication
        if let own = synchronization.ownCompression { (section.compression, section.feedback) = (own, true) }
        return section
    }

    /// Refuses ways to travel that a strategy cannot work with.
    func validateExchange() throws(ConfigError) {
        guard let reason = synchronization.objection(to: communication) else { return }
        let codec = "compression: \(type(of: communication.compression).name)"
        throw ConfigError.conflict(
            "synchronization: \(type(of: synchronization).name)",
            "communication: {\(communication.feedback ? codec + ", feedback: true" : codec)}",
            because: reason
        )
    }

    /// Refuses what a cluster cannot do that takes part in a run of volunteers as one peer.
    public func validateForHeavyPeers() throws(ConfigError) {
        guard communication.feedback else { return }
        throw ConfigError.conflict(
            "communication: {feedback: true}",
            "a cluster among volunteers",
            because: "the mean of its ranks is more than the codec would keep; join with single workers"
        )
    }
}

extension CommunicationSection {
    /// The group as a strategy sees it: its means are of what the codec makes of values, if the section asks for feedback.
    func group(_ communicator: any Communicator, count: Int) -> FeedbackCommunicator? {
        guard feedback else { return nil }
        return FeedbackCommunicator(communicator, compression, decay: Float(feedbackDecay), count: count)
    }
}
