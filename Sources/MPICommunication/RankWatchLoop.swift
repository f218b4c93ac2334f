import Glibc

/// How a watch ends the process; tests put something else in its place.
struct RankWatchEnding: Sendable {
    /// Writes the sentence.
    var speak: @Sendable (String) -> Void = { RankWatchEnding.write($0) }
    /// Ends another rank's process of this machine.
    var kill: @Sendable (_ member: RankMember, _ own: RankMember) -> Void = { $0.kill(asSeenBy: $1) }
    /// Ends this process.
    var exit: @Sendable () -> Void = { _exit(1) }

    // One call for the whole line, so that no other rank's words stand in it; a reader that hangs must not keep the job alive.
    private static func write(_ sentence: String) {
        let line = Array((sentence + "\n").utf8)
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, 1000) > 0 else { return }
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}

/// The thread of a watch: frames to inputs, actions to frames.
struct RankWatchLoop {
    private let place: RankWatchPlace
    private let listener: Int32
    private let control: Int32
    private let limits: RankWatchState.Limits
    private let ending: RankWatchEnding

    /// The loop of one rank; takes over the listening socket.
    init(
        _ place: RankWatchPlace,
        listener: Int32,
        control: Int32,
        limits: RankWatchState.Limits,
        ending: RankWatchEnding
    ) {
        self.place = place
        self.listener = listener
        self.control = control
        self.limits = limits
        self.ending = ending
    }

    /// Watches until the process or the job ends; the connections of a rank that is done stay open, which tells rank 0 that it is there.
    func run(pulse: () -> UInt64, isStopping: () -> Bool) {
        let clock = ContinuousClock()
        let start = clock.now
        var now: Duration { clock.now - start }
        let size = place.members.count
        let peers = RankWatchState.links(of: place.rank, size: size)
        let links = RankLinks(
            own: place.rank,
            peers: peers,
            members: place.members,
            key: place.key,
            listener: listener,
            at: now
        )
        var state = RankWatchState(own: place.rank, size: size, limits: limits, at: now)
        while true {
            let events = links.wait(min(limits.settling, limits.beat), extra: control, at: now)
            let moment = now
            for event in events {
                guard let input = input(event) else { continue }
                if perform(state.handle(input, at: moment), links, pulse()) { return }
            }
            switch command() {
            case .none: break
            case .finish:
                if perform(state.handle(.finished, at: moment), links, pulse()) { return }
            case .announce:
                // A job may end before its watches have found each other.
                let limit = now + .seconds(1)
                while !links.isComplete, now < limit { _ = links.wait(.milliseconds(50), extra: -1, at: now) }
                links.send(.ending, about: place.rank)
                return drain(links, until: { now }, for: .seconds(1))
            case .vanish: return
            }
            let tick = RankWatchState.Input.tick(pulse: pulse(), isStopping: isStopping())
            if perform(state.handle(tick, at: moment), links, pulse()) { return }
        }
    }

    private func input(_ event: RankLinks.Event) -> RankWatchState.Input? {
        switch event {
        case .opened(let rank): return .opened(rank)
        case .closed(let rank): return .closed(rank)
        case .received(let rank, let frame):
            // A rank speaks for itself only, but of an ending for everybody.
            guard Int(frame.sender) == rank else { return nil }
            return switch frame.kind {
            case .hello: nil
            case .beat: .beat(rank, pulse: frame.pulse)
            case .goodbye: .goodbye(rank)
            case .ending: .ending(about: Int(frame.subject), needsKill: frame.pulse == 1)
            }
        }
    }

    // Returns whether the loop is over.
    private func perform(_ actions: [RankWatchState.Action], _ links: RankLinks, _ pulse: UInt64) -> Bool {
        for action in actions {
            switch action {
            case .beat:
                links.send(.beat, pulse: pulse)
            case .goodbye:
                links.send(.goodbye)
            case .leave:
                var byte = RankFrame.Kind.goodbye.rawValue
                send(control, &byte, 1, Int32(MSG_NOSIGNAL))
            case .announce(let ranks, let needsKill):
                for rank in ranks { links.send(.ending, about: rank, pulse: needsKill ? 1 : 0) }
            case .kill(let ranks):
                kill(ranks)
            case .speakAndExit(let failure):
                ending.speak(failure.sentence(hosts: place.members.map(\.host)))
                let clock = ContinuousClock()
                let start = clock.now
                drain(links, until: { clock.now - start }, for: .milliseconds(200))
                if failure.needsKill { kill(failure.ranks) }
                ending.exit()
                return true
            case .exit:
                ending.exit()
                return true
            }
        }
        return false
    }

    private func kill(_ ranks: [Int]) {
        for rank in ranks where rank != place.rank && place.members.indices.contains(rank) {
            ending.kill(place.members[rank], place.members[place.rank])
        }
    }

    // A socket that is closed with something unread may take back what it sent; so the others' side is read to its end.
    private func drain(_ links: RankLinks, until now: () -> Duration, for time: Duration) {
        links.finishSending()
        let end = now() + time
        while !links.isEmpty, now() < end {
            _ = links.wait(min(end - now(), .milliseconds(50)), extra: -1, at: now())
        }
    }

    private enum Command {
        case none
        case finish
        case announce
        case vanish
    }

    // A byte from the trainer's thread, or its end.
    private func command() -> Command {
        var byte: UInt8 = 0
        let count = recv(control, &byte, 1, Int32(MSG_DONTWAIT))
        guard count == 1 else { return count == 0 ? .vanish : .none }
        return byte == RankFrame.Kind.goodbye.rawValue ? .finish : .announce
    }
}
