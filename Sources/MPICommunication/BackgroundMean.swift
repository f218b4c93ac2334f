import COpenMPI
import Communication

/// The part of a mean that the thread of MPI does: agreeing and exchanging with ranks that share no memory with this one, and the work
/// in memory while the owner computes.
final class BackgroundMean: BackgroundWork {
    private let mean: GroupMean
    private var group: RankGroup { mean.group }
    private var walk: HostMean.Walk
    private var headers: SmallOperation<ExchangeHeader>?
    private var verdict: SmallOperation<Int32>?
    private var sums: [(bucket: Int, sum: NetworkSum)] = []
    private var nextBucket = 0
    private var agreement: MeanAgreement?

    /// Buckets between hosts at once.
    private static let exchangesAtOnce = 4

    init(_ mean: GroupMean) {
        self.mean = mean
        walk = HostMean.Walk(mean.plan)
    }

    func advance() -> BackgroundProgress {
        do throws(CommunicationError) {
            return try step()
        } catch {
            mean.fail(error)
            return .finished
        }
    }

    private func step() throws(CommunicationError) -> BackgroundProgress {
        guard !mean.hasEnded else { return .finished }
        guard let agreement = try agreed() else { return group.isOneMemory ? .waiting : .polling }
        guard let machine = agreement.machine else { return finish() }
        // Where messages are needed anyway the owner may sleep long; without them it does the work in memory itself.
        guard machine.isExchanged else {
            if mean.isOwnerAtWork { return .finished }
            let moved = machine.advance(&walk)
            if moved { group.ring() }
            return walk.open == 0 ? .finished : moved ? .moved : .waiting
        }
        var moved = machine.advance(&walk)
        if try exchange(machine, usesWindow: agreement.usesWindow) { moved = true }
        if moved { group.ring() }
        if walk.open == 0, try settle() { return finish() }
        return moved ? .moved : sums.isEmpty && verdict == nil ? .waiting : .polling
    }

    private func finish() -> BackgroundProgress {
        group.ring()
        return .finished
    }

    /// How the mean is formed, once that is known.
    private func agreed() throws(CommunicationError) -> MeanAgreement? {
        if agreement == nil, !group.isOneMemory {
            if headers == nil { headers = try start() }
            guard let request = headers, try request.isDone(group) else { return nil }
            mean.take(request.received)
        }
        if agreement == nil { agreement = try mean.agreement() }
        return agreement
    }

    private func start() throws(CommunicationError) -> SmallOperation<ExchangeHeader> {
        let request = SmallOperation(sent: mean.header, count: group.size)
        let bytes = Int32(MemoryLayout<ExchangeHeader>.stride)
        let world = group.world(of: mean.number)
        let status = MPI_Iallgather(
            request.outgoing,
            bytes,
            mpi_byte(),
            request.incoming,
            bytes,
            mpi_byte(),
            world,
            &request.request
        )
        try group.check(status, "MPI_Iallgather")
        return request
    }

    /// Starts what is summed on this host, in the order of buckets, and finishes what has come.
    private func exchange(_ machine: HostMean, usesWindow: Bool) throws(CommunicationError) -> Bool {
        guard !usesWindow || group.own == 0 else { return false }
        var moved = false
        while nextBucket < mean.plan.buckets, sums.count < Self.exchangesAtOnce, walk.isSummed[nextBucket] {
            let range = mean.plan.range(of: nextBucket)
            let values = UnsafeMutableBufferPointer(start: machine.values[0] + range.lowerBound, count: range.count)
            // Values that are not finite end the mean on all ranks; until they know, codecs get something they can encode.
            if !walk.isFinite { values.update(repeating: 0) }
            let sum = group.takeSum(overLeaders: usesWindow)
            sum.start(
                values: values,
                tag: group.tag(of: nextBucket, number: mean.number),
                position: range.lowerBound,
                total: mean.plan.count,
                round: mean.round
            )
            sums.append((nextBucket, sum))
            nextBucket += 1
            moved = true
        }
        var running: [(bucket: Int, sum: NetworkSum)] = []
        for item in sums {
            let before = item.sum.finishedMessages
            if try item.sum.advance() {
                mean.count(messagesOf: item.sum)
                machine.slot.markExchanged(item.bucket)
                group.giveBack(item.sum, overLeaders: usesWindow)
                moved = true
            } else {
                running.append(item)
                moved = moved || item.sum.finishedMessages != before
            }
        }
        sums = running
        return moved
    }

    /// Tells all ranks whether the values of all were finite; answers whether that is known.
    private func settle() throws(CommunicationError) -> Bool {
        if verdict == nil {
            let request = SmallOperation<Int32>(sent: walk.isFinite ? 0 : 1, count: 1)
            let world = group.world(of: mean.number)
            let status = mpi_start_highest_int(request.outgoing, request.incoming, world, &request.request)
            try group.check(status, "MPI_Iallreduce")
            verdict = request
        }
        guard let verdict, try verdict.isDone(group) else { return false }
        mean.settle(areFinite: verdict.received == [0])
        return true
    }
}

/// A small operation of MPI under way, with memory that stays where it is.
private final class SmallOperation<Value: BitwiseCopyable> {
    let outgoing: UnsafeMutablePointer<Value>
    let incoming: UnsafeMutablePointer<Value>
    var request: MPI_Request? = mpi_no_request()
    private let count: Int

    init(sent value: Value, count: Int) {
        outgoing = .allocate(capacity: 1)
        outgoing.initialize(to: value)
        incoming = .allocate(capacity: count)
        incoming.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit {
        outgoing.deallocate()
        incoming.deallocate()
    }

    var received: [Value] { Array(UnsafeBufferPointer(start: incoming, count: count)) }

    func isDone(_ group: RankGroup) throws(CommunicationError) -> Bool {
        var done: Int32 = 0
        try group.check(mpi_test(&request, &done), "MPI_Test")
        return done != 0
    }
}
