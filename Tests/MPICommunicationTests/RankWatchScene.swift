@testable import MPICommunication

/// One rank's watch under a clock that the test moves.
struct RankWatchScene {
    var state: RankWatchState
    var now = Duration.zero
    var done: [RankWatchState.Action] = []
    let peers: [Int]
    var pulse: UInt64 = 0
    var isStopping = false

    init(own: Int, size: Int, open: Bool = true) {
        state = RankWatchState(own: own, size: size, at: .zero)
        peers = RankWatchState.links(of: own, size: size)
        if open { for peer in peers { take(.opened(peer)) } }
    }

    mutating func take(_ input: RankWatchState.Input) {
        done += state.handle(input, at: now).filter { $0 != .beat }
    }

    /// Lets time pass, while some peers beat with a pulse each.
    mutating func pass(_ seconds: Double, beating: [Int: UInt64]) {
        let end = now + .seconds(seconds)
        while now < end, done.isEmpty {
            now += .milliseconds(250)
            for (peer, pulse) in beating.sorted(by: { $0.key < $1.key }) { take(.beat(peer, pulse: pulse)) }
            take(.tick(pulse: pulse, isStopping: isStopping))
        }
    }

    var failure: RankFailure? {
        for case .speakAndExit(let failure) in done { return failure }
        return nil
    }
}
