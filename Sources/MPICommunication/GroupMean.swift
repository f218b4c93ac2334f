import Buffers
import Communication
import Glibc
import Synchronization

/// A mean over all ranks: opened, delivered and waited for by its owner, and kept moving by the thread of MPI meanwhile.
///
/// While the owner waits it does the work in memory itself. What the two threads share is in `state` and in the flags of the board; a
/// chunk is taken by one of them only. Everything else belongs to the one or to the other.
final class GroupMean: OpenMean, PendingMean {
    let group: RankGroup
    let number: UInt32
    let plan: BucketPlan
    let round: UInt64
    /// What this rank brings.
    let header: ExchangeHeader
    /// What each rank needs of the mean; nil: everything.
    let parts: [Range<Int>]?

    private let buffer: FlatBuffer
    private let spare: FlatBuffer?
    private let start = ContinuousClock.now
    private var missing: [Int]
    private var ownerWalk: HostMean.Walk
    private var ownerAgreement: MeanAgreement?
    private let state = Mutex(State())
    private let ownerWorks = Atomic<Bool>(false)
    private let isOver = Atomic<Bool>(false)

    struct State {
        /// What all ranks bring, where messages had to tell.
        var headers: [ExchangeHeader]?
        var failure: CommunicationError?
        /// Whether the values of all ranks were finite, as agreed over all hosts.
        var areFinite: Bool?
        /// Bytes of messages with values of this mean.
        var bytes: (sent: UInt64, received: UInt64) = (0, 0)
    }

    /// Shows the neighbours what this rank brings.
    init(_ group: RankGroup, _ buffer: FlatBuffer, weight: Float, round: UInt64, parts: [Range<Int>]? = nil) {
        self.group = group
        self.buffer = buffer
        self.round = round
        self.parts = parts
        number = group.takeNumber()
        plan = BucketPlan(count: buffer.count, bytes: group.way.bucket)
        missing = (0..<plan.buckets).map { [plan] in plan.range(of: $0).count }
        ownerWalk = HostMean.Walk(plan)
        var place = ExchangeHeader.elsewhere
        var spare: FlatBuffer?
        if group.way.path == .memory, let window = group.window {
            if let own = window.place(of: buffer) {
                place = own
            } else if window.ranks == 1 || buffer.count == 0 {
                place = 0
            } else {
                spare = group.takeSpare(count: buffer.count)
                place = spare.flatMap { window.place(of: $0) } ?? place
            }
        }
        self.spare = spare
        header = ExchangeHeader(count: buffer.count, place: place, weight: weight)
        group.hostBoard.slot(of: number).publish(header, of: group.own)
        group.ring()
    }

    func deliver(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var isNews = false
        for bucket in plan.bucket(holding: range.upperBound - 1)...plan.bucket(holding: range.lowerBound) {
            let whole = plan.range(of: bucket)
            missing[bucket] -= whole.clamped(to: range).count
            precondition(missing[bucket] >= 0, "values of \(range) delivered twice")
            guard missing[bucket] == 0 else { continue }
            if header.weight > 0 { copy(whole, from: buffer, to: spare) }
            group.ownBoard.slot(of: number).markReady(bucket, of: 0)
            if group.window != nil { group.hostBoard.slot(of: number).markReady(bucket, of: group.own) }
            isNews = true
        }
        if isNews { group.ring() }
    }

    func wait() throws(CommunicationError) -> MeanReport {
        precondition(missing.allSatisfy { $0 == 0 }, "a mean is waited for before everything was delivered")
        ownerWorks.store(true, ordering: .sequentiallyConsistent)
        defer { leave() }
        let agreement = try outcome()
        if agreement.totalWeight > 0 {
            let isFinite = state.withLock { $0.areFinite } ?? ownerWalk.isFinite
            guard isFinite else { throw .notFinite(round: round) }
            if let spare, agreement.usesWindow { copy(parts?[group.rank] ?? 0..<buffer.count, from: spare, to: buffer) }
        }
        var report = MeanReport(totalWeight: agreement.totalWeight, contributors: agreement.contributors)
        // Complete by now: the verdict on all values comes after the last message.
        (report.bytesSent, report.bytesReceived) = state.withLock { $0.bytes }
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Turns of a waiting owner without a sleep when nothing moves.
    private static let patience = 50

    private func outcome() throws(CommunicationError) -> MeanAgreement {
        var idle = 0
        while true {
            let bell = group.thread.bell
            let tone = bell.tone
            if let failure = state.withLock({ $0.failure }) { throw failure }
            if ownerAgreement == nil { ownerAgreement = try agreement() }
            if let agreement = ownerAgreement {
                guard let machine = agreement.machine else { return agreement }
                if machine.advance(&ownerWalk) {
                    group.ring()
                    idle = 0
                }
                if ownerWalk.open == 0, !machine.isExchanged || state.withLock({ $0.areFinite != nil }) {
                    return agreement
                }
            }
            idle += 1
            if idle > Self.patience { bell.sleep(since: tone, atMost: 100_000_000) } else { sched_yield() }
        }
    }

    private func leave() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        group.leave(number)
        group.ring()
        if let spare { group.giveBack(spare: spare) }
    }

    private func copy(_ range: Range<Int>, from: FlatBuffer, to: FlatBuffer?) {
        guard let to else { return }
        (to.region.floats + range.lowerBound).update(from: from.region.floats + range.lowerBound, count: range.count)
    }
}

extension GroupMean {
    /// How the mean is formed, once this rank has seen what all bring; owner and thread each find out for themselves.
    func agreement() throws(CommunicationError) -> MeanAgreement? {
        guard let headers = group.isOneMemory ? published() : state.withLock({ $0.headers }) else { return nil }
        return try MeanAgreement(self, headers, values: buffer.region.floats)
    }

    private func published() -> [ExchangeHeader]? {
        let slot = group.hostBoard.slot(of: number)
        var headers: [ExchangeHeader] = []
        for rank in 0..<group.size {
            guard let header = slot.published(by: rank) else { return nil }
            headers.append(header)
        }
        return headers
    }

    /// Takes over what all ranks bring, as messages told.
    func take(_ headers: [ExchangeHeader]) {
        state.withLock { $0.headers = headers }
        group.ring()
    }

    /// Ends the mean for its owner.
    func fail(_ error: CommunicationError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
        group.ring()
    }

    /// Whether the owner has its answer; what the flags of the board say is of another mean from then on.
    var hasEnded: Bool { isOver.load(ordering: .sequentiallyConsistent) }

    /// Whether the owner does the work in memory itself.
    var isOwnerAtWork: Bool { ownerWorks.load(ordering: .sequentiallyConsistent) }

    /// Counts the messages of a sum over hosts or ranks.
    func count(messagesOf sum: NetworkSum) {
        state.withLock { state in
            state.bytes.sent += sum.bytesSent
            state.bytes.received += sum.bytesReceived
        }
    }

    /// Tells the owner whether the values of all ranks were finite.
    func settle(areFinite: Bool) {
        state.withLock { $0.areFinite = areFinite }
        group.ring()
    }
}
