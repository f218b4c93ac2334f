import Communication
public import Configs

extension RunConfig {
    /// How values travel: as the section says, but for a strategy that has a codec of its own.
    public var exchange: CommunicationSection {
        var section = communication
        if let own = synchronization.ownCompression { (section.compression, section.feedback) = (own, true) }
        return section
    }

    /// Refuses codecs that a strategy cannot work with.
    func validateExchange() throws(ConfigError) {
        let codec = type(of: communication.compression).name
        if synchronization is LocalSteps, communication.compression.isProjection {
            throw ConfigError.conflict(
                "synchronization: \(LocalSteps.name)",
                "communication: {compression: \(codec)}",
                because: "this codec drops most of a value, and parameters do not bear that; use \(DiLoCo.name)"
            )
        }
        let isPlain = communication.compression is Float32Compression && !communication.feedback
        guard synchronization.ownCompression == nil || isPlain else {
            throw ConfigError.conflict(
                "synchronization: \(type(of: synchronization).name)",
                "communication: {compression: \(codec)}",
                because: "this strategy has a codec of its own"
            )
        }
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
