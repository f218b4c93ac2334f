import NIOCore

extension MeanRound {
    mutating func receive(
        _ frame: Frame,
        from peer: Int,
        at elapsed: Duration,
        _ actions: inout [MeanRoundAction]
    ) {
        guard peers.indices.contains(peer), peer != rank else { return ignoredFrames += 1 }
        guard frame.round == group.round, UInt32(frame.attempt) == group.attempt else { return ignoredFrames += 1 }
        guard Int(frame.sender) == peer else {
            return fail([peer], "sent a frame in the name of rank \(frame.sender)", &actions)
        }
        peers[peer].lastHeard = elapsed
        switch frame.kind {
        case .contribution: receiveContribution(frame, from: peer, at: elapsed, &actions)
        case .mean: receiveMean(frame, from: peer, at: elapsed, &actions)
        case .abort: receiveAbort(frame, from: peer, &actions)
        case .ping: break
        case .challenge, .hello, .welcome: fail([peer], "sent a greeting in the middle of the round", &actions)
        }
    }

    private mutating func receiveContribution(
        _ frame: Frame,
        from peer: Int,
        at elapsed: Duration,
        _ actions: inout [MeanRoundAction]
    ) {
        guard group.members[peer].weight > 0 else {
            return fail([peer], "sent values though its weight is 0", &actions)
        }
        guard let part = plan.index(of: frame.range, in: rank) else {
            return fail([peer], "sent values \(frame.range), which are no part of this member's share", &actions)
        }
        if let reason = wrongCodec(of: frame, compression) { return fail([peer], reason, &actions) }
        guard part < parts.reduced.firstMissing + limits.window else {
            return fail([peer], "sent part \(part) far ahead of the answers", &actions)
        }
        guard frame.payload.readableBytes <= compression.maximumSize(of: frame.range.count) else {
            return fail([peer], "sent \(frame.payload.readableBytes) bytes for \(frame.range.count) values", &actions)
        }
        guard parts.put(frame.payload, part: part, from: peer) else { return ignoredFrames += 1 }
        peers[peer].contributionsHeard += 1
        reduceReadyParts(at: elapsed, &actions)
        finishIfDone(&actions)
    }

    private mutating func receiveMean(
        _ frame: Frame,
        from peer: Int,
        at elapsed: Duration,
        _ actions: inout [MeanRoundAction]
    ) {
        guard let part = plan.index(of: frame.range, in: peer) else {
            return fail([peer], "sent the mean of values \(frame.range), which are no part of its share", &actions)
        }
        if let reason = wrongCodec(of: frame, meanCompression) { return fail([peer], reason, &actions) }
        guard group.members[rank].weight == 0 || part < peers[peer].contributed else {
            return fail([peer], "sent the mean of part \(part) before it had all values", &actions)
        }
        guard !peers[peer].means.contains(part) else { return ignoredFrames += 1 }
        if let reason = store(frame.payload, in: frame.range) {
            return fail([peer], "sent a mean that cannot be used: \(reason)", &actions)
        }
        peers[peer].means.insert(part)
        contribute(to: peer, at: elapsed, &actions)
        finishIfDone(&actions)
    }

    private func wrongCodec(of frame: Frame, _ compression: any Compression) -> String? {
        let codec = type(of: compression).wireID
        return frame.codec == codec ? nil : "used codec \(frame.codec) instead of \(codec)"
    }

    private mutating func receiveAbort(_ frame: Frame, from peer: Int, _ actions: inout [MeanRoundAction]) {
        var payload = frame.payload
        var lost: [Int] = []
        while let rank = payload.readInteger(endianness: .little, as: UInt16.self) {
            guard peers.indices.contains(Int(rank)), lost.count < peers.count else {
                return fail([peer], "gave up and named a rank \(rank) that does not exist", &actions)
            }
            lost.append(Int(rank))
        }
        // Who says that it lost this member, or nobody, or itself, is the one that this member cannot work with.
        let others = lost.filter { $0 != rank && $0 != peer }
        guard !others.isEmpty else { return fail([peer], "gave the attempt up", &actions) }
        fail(others, "was lost by '\(group.members[peer].id)', which gave the attempt up", &actions)
    }
}
