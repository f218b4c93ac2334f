/// Runs one attempt of a round over real connections, on the thread that calls it.
final class PeerExchange {
    /// How an attempt ended on this member.
    struct Ending {
        var result: RoundResult
        /// The mean; nil if the attempt failed or nobody contributed.
        var mean: [Float]?
    }

    private var state: MeanRound
    private let network: PeerNetwork
    private let links: PeerLinks
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var ending: Ending?

    init(_ state: MeanRound, _ network: PeerNetwork) throws(CommunicationError) {
        self.state = state
        self.network = network
        start = clock.now
        links = try network.open(state.group, rank: state.rank)
    }

    /// Exchanges values until the mean stands or the attempt has failed; throws `closed` if the network is closed meanwhile.
    func run() throws(CommunicationError) -> Ending {
        perform(.start)
        while true {
            if let ending { return ending }
            guard let due = state.nextDeadline else { preconditionFailure("a round ended without a result") }
            let events = links.events.takeAll(within: due - elapsed)
            for event in events {
                switch event {
                case .frame(let frame, let peer):
                    perform(.frame(frame, from: peer))
                    links.release(frame, from: peer)
                case .lost(let peer, let reason):
                    perform(.linkLost(rank: peer, reason: "was lost: \(reason)"))
                case .abandoned:
                    let reason = "those who formed the group gave the attempt up"
                    ending = ending ?? Ending(result: result(.lost(members: [], reason: reason)))
                case .closed: throw .closed
                }
            }
            if elapsed >= due { perform(.tick) }
        }
    }

    /// Ends the attempt; what was sent still goes out.
    func close() {
        network.end(links)
    }

    private var elapsed: Duration { clock.now - start }

    private func perform(_ input: MeanRoundInput) {
        for action in state.handle(input, at: elapsed) {
            switch action {
            case .send(let frame, let peer): links.send(frame, to: peer)
            case .finish: ending = finished()
            case .fail(let failure):
                let members = failure.ranks.map { state.group.members[$0].id }
                ending = Ending(result: result(.lost(members: members, reason: failure.reason)))
            }
        }
    }

    private func finished() -> Ending {
        let hasMean = state.group.contributors > 0
        // Without a contributor everybody keeps its own values and reports the digest of nothing.
        let outcome = RoundOutcome.mean(digest: digest(of: hasMean ? state.values : []))
        return Ending(result: result(outcome), mean: hasMean ? state.values : nil)
    }

    private func result(_ outcome: RoundOutcome) -> RoundResult {
        let traffic = links.traffic
        return RoundResult(
            round: state.group.round,
            attempt: state.group.attempt,
            outcome: outcome,
            bytesSent: traffic.sent,
            bytesReceived: traffic.received,
            seconds: elapsed / .seconds(1)
        )
    }
}
