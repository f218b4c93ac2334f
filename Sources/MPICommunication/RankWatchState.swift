/// Decides from what is heard of the other ranks whether the job can go on; pure: no socket, no clock.
///
/// Rank 0 is linked with everybody, and each rank with its two neighbours in a ring. Any set of ranks that fails has a neighbour that does
/// not, so somebody notices; while rank 0 lives it sees everything itself.
struct RankWatchState {
    /// How long what may take.
    struct Limits {
        /// Silence after which a rank counts as stuck.
        var silence: Duration = .seconds(5)
        /// The time between two beats.
        var beat: Duration = .milliseconds(500)
        /// A pause of the own watch after which nobody can be blamed for silence.
        var ownPause: Duration = .seconds(1)
        /// The time for all connections to be made.
        var linking: Duration = .seconds(30)
        /// The time in which failures that come together are put into one sentence.
        var settling: Duration = .milliseconds(250)
        /// How much later than the lowest rank another one speaks.
        var deference: Duration = .seconds(1)
        /// How long a job that was told to stop may take over losing its ranks one by one.
        var stopping: Duration = .seconds(3)
        /// The time that the launcher has for ending a rank before it ends itself.
        var ending: Duration = .seconds(5)
        /// How long a rank may wait in an exchange.
        var patience: Duration = .seconds(600)
        /// The time that a rank that is done still gives to connections that were not made; a job may be that short.
        var parting: Duration = .seconds(1)
    }

    /// What happened.
    enum Input: Equatable {
        /// The connection with a rank stands.
        case opened(Int)
        /// A rank is alive; its pulse.
        case beat(Int, pulse: UInt64)
        /// A rank is done.
        case goodbye(Int)
        /// Somebody has said why the job ends: a rank failed, whose process may still have to be ended.
        case ending(about: Int, needsKill: Bool)
        /// The connection with a rank closed.
        case closed(Int)
        /// This rank is done: its last MPI call is over.
        case finished
        /// Time has passed; this rank's own pulse, and whether it was told to stop.
        case tick(pulse: UInt64, isStopping: Bool)
    }

    /// What to do.
    enum Action: Equatable {
        /// Send a beat to all linked ranks.
        case beat
        /// Tell all linked ranks that this one is done.
        case goodbye
        /// Nobody needs this rank's eyes any more: its process may end.
        case leave
        /// Tell all linked ranks that the job ends because of these, whose processes may still have to be ended.
        case announce([Int], needsKill: Bool)
        /// End the processes of these ranks that run on this host.
        case kill([Int])
        /// Say why, then end this process.
        case speakAndExit(RankFailure)
        /// End this process; why was said elsewhere.
        case exit
    }

    private struct Peer {
        var isOpen = false
        var isDone = false
        var isClosed = false
        var heard: Duration = .zero
        var pulse: UInt64 = 0
        var pulseSince: Duration = .zero
    }

    private enum Verdict {
        case fine
        case failure(speakAt: Duration)
        case ending(since: Duration)
    }

    private let own: Int
    private let limits: Limits
    private var peers: [Int: Peer] = [:]
    private var ownPulse: UInt64 = 0
    private var ownPulseSince: Duration
    private var verdict = Verdict.fine
    private var linkingSince: Duration
    private var lastHandled: Duration
    private var lastBeat: Duration?
    private var stoppingSince: Duration?
    private var finishedSince: Duration?
    private var hasLeft = false

    /// The watch of rank `own` of `size`.
    init(own: Int, size: Int, limits: Limits = Limits(), at now: Duration) {
        self.own = own
        self.limits = limits
        for rank in Self.links(of: own, size: size) { peers[rank] = Peer(heard: now, pulseSince: now) }
        linkingSince = now
        lastHandled = now
        ownPulseSince = now
    }

    /// The ranks that a rank is linked with: rank 0 and both neighbours in a ring; all others for rank 0.
    static func links(of own: Int, size: Int) -> [Int] {
        if own == 0 { return Array(1..<max(1, size)) }
        return Set([0, own - 1, (own + 1) % size]).subtracting([own]).sorted()
    }

    /// Takes in what happened, in the order of time; what was received is taken in before the tick of the same moment.
    mutating func handle(_ input: Input, at now: Duration) -> [Action] {
        if now - lastHandled > limits.ownPause { forgive(now) }
        lastHandled = now
        switch input {
        case .opened(let rank):
            peers[rank]?.isOpen = true
            hear(rank, now)
            return finishedSince == nil ? [] : [.goodbye]
        case .beat(let rank, let pulse):
            hear(rank, now)
            if let peer = peers[rank], peer.pulse != pulse {
                peers[rank]?.pulse = pulse
                peers[rank]?.pulseSince = now
            }
        case .goodbye(let rank):
            hear(rank, now)
            peers[rank]?.isDone = true
        case .closed(let rank):
            peers[rank]?.isClosed = true
        case .finished:
            finishedSince = finishedSince ?? now
            return [.goodbye]
        case .ending(let subject, let needsKill):
            return end(because: subject, needsKill, now)
        case .tick(let pulse, let isStopping):
            return tick(pulse, isStopping, now)
        }
        return []
    }

    private mutating func hear(_ rank: Int, _ now: Duration) {
        peers[rank]?.heard = now
    }

    // This process did not run; the others may well have answered meanwhile, and clocks of waiting are stale too.
    private mutating func forgive(_ now: Duration) {
        for rank in peers.keys {
            peers[rank]?.heard = now
            peers[rank]?.pulseSince = now
        }
        ownPulseSince = now
        linkingSince = now
        if case .failure = verdict { verdict = .fine }
    }

    private mutating func end(because rank: Int, _ needsKill: Bool, _ now: Duration) -> [Action] {
        let kill: [Action] = needsKill && rank != own ? [.kill([rank])] : []
        // A notice goes round once; later ones only name further processes.
        if case .ending = verdict { return kill }
        verdict = .ending(since: now)
        return [.announce([rank], needsKill: needsKill)] + kill
    }

    private mutating func tick(_ pulse: UInt64, _ isStopping: Bool, _ now: Duration) -> [Action] {
        if pulse != ownPulse { (ownPulse, ownPulseSince) = (pulse, now) }
        if isStopping, stoppingSince == nil { stoppingSince = now }
        if case .ending(let since) = verdict { return now - since >= limits.ending ? [.exit] : [] }
        var actions: [Action] = []
        if now - (lastBeat ?? (now - limits.beat)) >= limits.beat {
            lastBeat = now
            actions.append(.beat)
        }
        if hasLeft { return actions }
        if mayLeave(now) {
            hasLeft = true
            return actions + [.leave]
        }
        guard let failure = failure(now) else {
            verdict = .fine
            return actions
        }
        guard case .failure(let speakAt) = verdict else {
            verdict = .failure(speakAt: now + patienceToSpeak(failure, now))
            return actions
        }
        guard now >= speakAt else { return actions }
        verdict = .ending(since: now)
        actions.append(.announce(failure.ranks, needsKill: failure.needsKill))
        actions.append(.speakAndExit(failure))
        return actions
    }

    // A rank that is stopped in its last MPI call or after it would keep the launcher waiting for ever. So a rank that is done watches until
    // all its neighbours are done too, and rank 0 until their processes are gone, which closes the connections.
    private func mayLeave(_ now: Duration) -> Bool {
        guard let finishedSince else { return false }
        return peers.values.allSatisfy { peer in
            peer.isClosed || (peer.isOpen ? peer.isDone && own != 0 : now - finishedSince >= limits.parting)
        }
    }

    // The lowest rank that lives speaks for all; others only if nothing is heard of it.
    private func patienceToSpeak(_ failure: RankFailure, _ now: Duration) -> Duration {
        let lower = own - failure.ranks.filter { $0 < own }.count
        var delay = limits.settling
        if lower > 0 { delay += limits.deference + limits.settling * min(lower, 8) }
        // The launcher ends the ranks of a job that was told to stop one by one. A signal that came only just now is its answer to the failure.
        if let stoppingSince, now - stoppingSince >= limits.deference { delay += limits.stopping }
        return delay
    }
}

extension RankWatchState {
    /// What is wrong at this moment, the worst first.
    private func failure(_ now: Duration) -> RankFailure? {
        let isFinished = finishedSince != nil
        // A process that is gone after the last MPI call keeps nobody waiting, and how it ended is for the launcher to judge.
        let open = peers.filter { isFinished ? !$0.value.isClosed : !$0.value.isDone }
        let gone = open.filter { $0.value.isClosed }.keys.sorted()
        if !gone.isEmpty { return RankFailure(kind: .gone, ranks: gone) }
        let silent = open.filter { $0.value.isOpen && now - $0.value.heard >= limits.silence }.keys.sorted()
        if !silent.isEmpty {
            return RankFailure(kind: .silent(seconds: Int(limits.silence.components.seconds)), ranks: silent)
        }
        let unreached = open.filter { !$0.value.isOpen }.keys.sorted()
        if !unreached.isEmpty, now - linkingSince >= limits.linking {
            return RankFailure(kind: .unreached(seconds: Int(limits.linking.components.seconds)), ranks: unreached)
        }
        return own == 0 ? deadlock(now) : nil
    }

    // Judged by rank 0 alone, which hears everybody's pulse.
    private func deadlock(_ now: Duration) -> RankFailure? {
        var pulses = [(rank: own, pulse: ownPulse, since: ownPulseSince, isDone: false)]
        for (rank, peer) in peers { pulses.append((rank, peer.pulse, peer.pulseSince, peer.isDone)) }
        let waiting = pulses.filter { $0.pulse % 2 == 1 && now - $0.since >= limits.patience && !$0.isDone }
        guard let last = waiting.map(\.pulse).max() else { return nil }
        let seconds = Int(limits.patience.components.seconds)
        let exchange = last / 2 + 1
        // Who waits in an earlier exchange waits for the same ranks: the root of a broadcast may be ahead of all others.
        let missing = pulses.filter { $0.pulse < last && $0.pulse % 2 == 0 }.map(\.rank).sorted()
        if !missing.isEmpty {
            return RankFailure(kind: .missing(exchange: exchange, seconds: seconds), ranks: missing)
        }
        let stuck = waiting.map(\.rank).sorted()
        return RankFailure(kind: .endless(exchange: exchange, seconds: seconds), ranks: stuck)
    }
}
