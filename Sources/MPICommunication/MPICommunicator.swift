public import Buffers
import COpenMPI
public import Communication

/// Means, broadcasts and barriers over the ranks of an MPI job.
///
/// Ranks of one host form means in memory that all of them map, hosts exchange sums by messages. Sums are formed over the ranks of a host
/// in their order, then over the hosts in theirs: for the same ranks and hosts the same values give the same bits, on all ranks, whatever
/// path they take and however they are cut. After a call has thrown the values are undefined and the job must end; what MPI cannot report
/// (a rank that died) ends it at once. Started again, it resumes.
public final class MPICommunicator: Communicator {
    /// This process's rank.
    public var rank: Int { group.rank }
    /// The number of processes.
    public var size: Int { group.size }
    /// One line for people: the ranks, the hosts, and what values pass through.
    public var description: String { group.description }

    let group: RankGroup

    /// The most values of one MPI call: counts of MPI are 32-bit.
    static let chunk = 1 << 24

    /// The ranks of a started environment.
    init(_ group: RankGroup) {
        self.group = group
    }

    /// Starts a mean that runs in the background; sums are in float32 and divided once by the sum of the weights.
    ///
    /// `wait()` throws `countMismatch` on all ranks if the ranks brought buffers of different counts, and `notFinite` on all ranks if one
    /// of them brought values that are not finite with a weight above 0.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        let mean = try open(buffer, weight: weight, round: round)
        mean.deliver(0..<buffer.count)
        return mean
    }

    /// The same, bucket by bucket as the values become final on all ranks.
    public func openMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any OpenMean {
        try open(buffer, weight: weight, round: round)
    }

    /// The mean of this rank's part alone.
    public func scatterMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64,
        parts: [Range<Int>]
    ) throws(CommunicationError) -> MeanReport {
        precondition(parts.count == size, "\(parts.count) parts for \(size) ranks")
        let mean = try open(buffer, weight: weight, round: round, parts: parts)
        mean.deliver(0..<buffer.count)
        return try mean.wait()
    }

    /// Copies every rank's part from its memory or, where memory is not shared, by one call of MPI.
    public func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError) {
        precondition(parts.count == size, "\(parts.count) parts for \(size) ranks")
        if group.isOneMemory, MemoryGather(group, buffer, parts).run() { return }
        guard let last = parts.map(\.upperBound).max(), last <= Int(Int32.max) else {
            throw .unsupported(
                operation: "exchange of parts beyond 2^31 values",
                instead: "use more and smaller buffers"
            )
        }
        // MPI reads these until the operation is done.
        let layout = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * size)
        defer { layout.deallocate() }
        for (rank, part) in parts.enumerated() {
            layout[rank] = Int32(part.count)
            layout[size + rank] = Int32(part.lowerBound)
        }
        let starts = layout + size
        try call("MPI_Iallgatherv") { request in
            mpi_start_gather(buffer.region.floats, layout, starts, &request)
        }
    }

    /// The sums in the order of ranks.
    public func sum(_ values: [Double]) throws(CommunicationError) -> [Double] {
        let size = size
        let memory = UnsafeMutablePointer<Double>.allocate(capacity: max(1, values.count * (size + 1)))
        defer { memory.deallocate() }
        let own = memory + values.count * size
        own.update(from: values, count: values.count)
        try call("MPI_Iallgather") { request in
            let count = Int32(values.count)
            return MPI_Iallgather(own, count, mpi_double(), memory, count, mpi_double(), mpi_world(), &request)
        }
        return values.indices.map { index in
            (0..<size).reduce(0) { $0 + memory[$1 * values.count + index] }
        }
    }

    /// Zeros in memory that the ranks of this host share, or ordinary memory if there is none left or if means go by messages.
    public func makeBuffer(count: Int) -> FlatBuffer {
        group.way.path == .memory ? group.makeBuffer(count: count) : FlatBuffer(count: count)
    }

    /// Copies the root's values into every rank's buffer.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try checkRoot(root)
        for start in stride(from: 0, to: buffer.count, by: Self.chunk) {
            let count = Int32(min(Self.chunk, buffer.count - start))
            try call("MPI_Ibcast") { request in
                MPI_Ibcast(buffer.region.floats + start, count, mpi_float(), Int32(root), mpi_world(), &request)
            }
        }
    }

    /// The root's bytes on every rank; at most 2^40 of them.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try checkRoot(root)
        let length = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
        length.pointee = Int64(bytes.count)
        defer { length.deallocate() }
        try call("MPI_Ibcast") { request in
            MPI_Ibcast(length, 1, mpi_int64(), Int32(root), mpi_world(), &request)
        }
        let count = Int(length.pointee)
        guard (0...1 << 40).contains(count) else { throw .countMismatch(expected: 1 << 40, found: count) }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count), alignment: 64)
        defer { memory.deallocate() }
        if rank == root { memory.copyBytes(from: bytes) }
        for start in stride(from: 0, to: count, by: Self.chunk) {
            let length = Int32(min(Self.chunk, count - start))
            try call("MPI_Ibcast") { request in
                MPI_Ibcast(
                    memory.baseAddress?.advanced(by: start),
                    length,
                    mpi_byte(),
                    Int32(root),
                    mpi_world(),
                    &request
                )
            }
        }
        return rank == root ? bytes : Array(memory.prefix(count))
    }

    /// Returns once every rank is here.
    public func barrier() throws(CommunicationError) {
        try call("MPI_Ibarrier") { request in MPI_Ibarrier(mpi_world(), &request) }
    }
}

extension MPICommunicator {
    private func open(
        _ buffer: FlatBuffer,
        weight: Float,
        round: UInt64,
        parts: [Range<Int>]? = nil
    ) throws(CommunicationError) -> GroupMean {
        guard weight >= 0, Double(weight) <= RoundGroup.largestTotalWeight else { throw .invalidWeight(weight) }
        let mean = GroupMean(group, buffer, weight: weight, round: round, parts: parts)
        group.thread.enlist(BackgroundMean(mean))
        return mean
    }

    /// Starts an operation of MPI on its thread and waits for it.
    private func call(
        _ operation: String,
        _ start: @escaping (inout MPI_Request?) -> Int32
    ) throws(CommunicationError) {
        let group = group
        try group.thread.perform { () throws(CommunicationError) in
            var request: MPI_Request? = mpi_no_request()
            try group.check(start(&request), operation)
            try group.check(group.thread.complete(request), operation)
        }
    }

    private func checkRoot(_ root: Int) throws(CommunicationError) {
        guard (0..<size).contains(root) else { throw .rankOutOfRange(rank: root, size: size) }
    }
}
