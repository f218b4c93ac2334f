import NIOCore

/// How far the exchange with one member is.
struct PeerProgress: Sendable {
    /// Parts of its share that were sent to it.
    var contributed = 0
    /// Parts of this member's share that came from it.
    var contributionsHeard = 0
    /// Parts of its share whose mean came back.
    var means: PartSet
    /// When it was last heard.
    var lastHeard: Duration = .zero
    /// When something was last sent to it.
    var lastSent: Duration = .zero

    init(means count: Int) {
        means = PartSet(count: count)
    }
}

/// The parts of a share that are done.
struct PartSet: Sendable {
    /// The first part that is not done; the count if all are.
    private(set) var firstMissing = 0
    private var done: [Bool]

    init(count: Int) {
        done = Array(repeating: false, count: count)
    }

    var isComplete: Bool { firstMissing == done.count }

    func contains(_ part: Int) -> Bool { done[part] }

    mutating func insert(_ part: Int) {
        done[part] = true
        while firstMissing < done.count, done[firstMissing] { firstMissing += 1 }
    }
}

/// The parts of this member's own share and what has come for them.
struct OwnParts: Sendable {
    /// Parts whose mean stands.
    private(set) var reduced: PartSet
    private var waiting: [Int: [Int: ByteBuffer]] = [:]
    private let count: Int

    init(count: Int) {
        self.count = count
        reduced = PartSet(count: count)
    }

    /// Keeps a contribution; false if it was here before.
    mutating func put(_ payload: ByteBuffer, part: Int, from peer: Int) -> Bool {
        guard !reduced.contains(part), waiting[part]?[peer] == nil else { return false }
        waiting[part, default: [:]][peer] = payload
        return true
    }

    /// The first part in order that waits for nobody any more; parts are reduced in order because they are sent in order.
    func nextReady(needed: Int) -> Int? {
        let part = reduced.firstMissing
        guard part < count, (waiting[part]?.count ?? 0) == needed else { return nil }
        return part
    }

    /// The contributions of a part by rank; the part counts as reduced from here on.
    mutating func take(_ part: Int) -> [Int: ByteBuffer] {
        reduced.insert(part)
        return waiting.removeValue(forKey: part) ?? [:]
    }
}
