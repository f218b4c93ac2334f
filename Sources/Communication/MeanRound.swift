import NIOCore

/// One attempt of a weighted mean over a group, as a pure state machine: no socket, no clock, no thread.
///
/// Each member reduces its share of the values: it waits for every contributor's values of a part, combines them in the order of ranks,
/// so that the bits do not depend on the order of arrival, and sends the mean to everybody. With a lossy codec the reducer keeps what the
/// others decode, so all members end with the same bits. Whatever a member does wrong (silence, a broken link, values that are not
/// finite, ranges or codecs that nobody agreed on) fails the attempt and names it: a round is all or nothing.
public struct MeanRound: Sendable {
    /// The values; the mean, once the round has finished.
    public private(set) var values: [Float]
    /// Frames that came twice or for another attempt, and were left out.
    public internal(set) var ignoredFrames = 0

    let group: RoundGroup
    let rank: Int
    let plan: PartitionPlan
    let compression: any Compression
    let aggregator: any Aggregator
    let limits: MeanRoundLimits
    let meanCompression: any Compression
    let contributors: [Int]
    var phase = Phase.idle
    var peers: [PeerProgress]
    var parts: OwnParts
    private var staging: [Float] = []

    enum Phase: Sendable { case idle, running, finished, failed }

    /// A round of values in a group, seen by the member of a rank.
    public init(
        group: RoundGroup,
        rank: Int,
        values: [Float],
        compression: any Compression,
        aggregator: any Aggregator,
        limits: MeanRoundLimits = MeanRoundLimits()
    ) throws(CommunicationError) {
        try group.validate()
        try checkRank(rank, size: group.members.count)
        guard values.count <= Int(UInt32.max) else {
            throw .invalidGroup(round: group.round, reason: "it averages \(values.count) values, above \(UInt32.max)")
        }
        self.group = group
        self.rank = rank
        self.values = values
        self.compression = compression
        self.aggregator = aggregator
        self.limits = limits
        meanCompression = compression.forMean
        let plan = PartitionPlan(count: values.count, members: group.members, compression: compression)
        self.plan = plan
        contributors = group.members.indices.filter { group.members[$0].weight > 0 }
        peers = group.members.indices.map { PeerProgress(means: plan.partCount(of: $0)) }
        parts = OwnParts(count: plan.partCount(of: rank))
    }

    /// Advances the round; `elapsed` is the time since it started and never goes back.
    public mutating func handle(_ input: MeanRoundInput, at elapsed: Duration) -> [MeanRoundAction] {
        var actions: [MeanRoundAction] = []
        switch (phase, input) {
        case (.idle, .start): start(at: elapsed, &actions)
        case (.running, .frame(let frame, let peer)): receive(frame, from: peer, at: elapsed, &actions)
        case (.running, .linkLost(let peer, let reason)):
            fail([peer], reason, &actions)
        case (.running, .tick): checkDeadlines(at: elapsed, &actions)
        default: break
        }
        return actions
    }

    private mutating func start(at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        phase = .running
        // Without a contributor there is no mean: everybody keeps its values, and nothing is sent.
        guard !contributors.isEmpty, peers.count > 1, !values.isEmpty else { return finish(&actions) }
        for peer in peers.indices {
            peers[peer].lastHeard = elapsed
            peers[peer].lastSent = elapsed
            contribute(to: peer, at: elapsed, &actions)
        }
        reduceReadyParts(at: elapsed, &actions)
        finishIfDone(&actions)
    }

    /// Sends the next parts of the peer's share, as many as it may have unanswered.
    mutating func contribute(to peer: Int, at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        guard peer != rank, group.members[rank].weight > 0 else { return }
        let end = min(plan.partCount(of: peer), peers[peer].means.firstMissing + limits.window)
        while peers[peer].contributed < end {
            let range = plan.part(peers[peer].contributed, of: peer)
            peers[peer].contributed += 1
            send(frame(.contribution, of: range, with: compression), to: peer, at: elapsed, &actions)
        }
    }

    /// Reduces the parts whose contributions are all here.
    mutating func reduceReadyParts(at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        let needed = contributors.count { $0 != rank }
        while phase == .running, let part = parts.nextReady(needed: needed) {
            reduce(part, at: elapsed, &actions)
        }
    }

    private mutating func reduce(_ part: Int, at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        let range = plan.part(part, of: rank)
        let contributions = parts.take(part)
        staging.removeAll(keepingCapacity: true)
        staging.reserveCapacity(contributors.count * range.count)
        for contributor in contributors {
            if contributor == rank {
                staging.append(contentsOf: values[range])
            } else if let payload = contributions[contributor] {
                if let reason = stage(payload, count: range.count) {
                    return fail([contributor], "sent values that cannot be used: \(reason)", &actions)
                }
            }
        }
        combineStaged(into: range)
        let mean = frame(.mean, of: range, with: meanCompression)
        // A lossy codec rounds; the reducer keeps what the others will see.
        if let reason = store(mean.payload, in: range) {
            return fail([rank], "cannot read its own mean: \(reason)", &actions)
        }
        for peer in peers.indices where peer != rank { send(mean, to: peer, at: elapsed, &actions) }
    }

    private mutating func combineStaged(into range: Range<Int>) {
        let (aggregator, staging) = (self.aggregator, self.staging)
        let weights = contributors.map { Float(group.members[$0].weight) }
        values.withUnsafeMutableBufferPointer { buffer in
            var result = UnsafeMutableBufferPointer(rebasing: buffer[range]).mutableSpan
            aggregator.combine(staging.span, weights: weights.span, into: &result)
        }
    }

    /// Appends a contribution to the values to combine; a reason if it is not usable.
    private mutating func stage(_ payload: ByteBuffer, count: Int) -> String? {
        let start = staging.count
        staging.append(contentsOf: repeatElement(0, count: count))
        return decode(payload, with: compression, into: &staging, at: start..<(start + count))
    }

    /// Decodes a mean into the values; a reason if it is not usable, and then the values of the range are lost.
    mutating func store(_ payload: ByteBuffer, in range: Range<Int>) -> String? {
        decode(payload, with: meanCompression, into: &values, at: range)
    }

    private func frame(_ kind: Frame.Kind, of range: Range<Int>, with codec: any Compression) -> Frame {
        var frame = emptyFrame(kind)
        frame.codec = type(of: codec).wireID
        frame.start = UInt32(range.lowerBound)
        frame.count = UInt32(range.count)
        frame.payload = encode(range, with: codec)
        return frame
    }
}
