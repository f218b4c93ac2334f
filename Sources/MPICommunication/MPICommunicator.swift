public import Buffers
import COpenMPI
public import Communication

/// Means, broadcasts and barriers over the ranks of an MPI job.
///
/// For a fixed number of ranks the same values give the same bits, on all ranks. After an MPI call has failed the values are undefined and
/// the job must end; what MPI cannot report (a rank that died) ends it at once. Started again, it resumes.
public final class MPICommunicator: Communicator {
    /// This process's rank.
    public var rank: Int { environment.rank }
    /// The number of processes.
    public var size: Int { environment.size }

    private let environment: MPIEnvironment

    /// The most values of one MPI call: counts of MPI are 32-bit, and pieces of this size stay in the algorithms for large messages.
    static let chunk = 1 << 24

    /// The ranks of a started environment.
    init(_ environment: MPIEnvironment) {
        self.environment = environment
    }

    /// Sums the weighted values in float32 and divides once by the sum of the weights.
    ///
    /// Throws `countMismatch` on all ranks if the ranks brought buffers of different counts, and `notFinite` on all ranks if one of them
    /// brought values that are not finite with a weight above 0.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try checkMeanWeight(weight)
        let clock = ContinuousClock()
        let start = clock.now
        var report = try agree(buffer, weight: weight, round: round)
        if report.totalWeight > 0 {
            // A withdrawn rank's values may be anything; zeros keep them out of the sum.
            if weight == 0 { buffer.fill(0) } else { buffer.scale(by: weight) }
            try sum(buffer)
            buffer.divide(by: Float(report.totalWeight))
            // Each rank sends and receives every value twice but its own share's: 2 (n - 1) / n of the bytes each way.
            let bytes = UInt64(2 * (size - 1) * buffer.count * MemoryLayout<Float>.stride / size)
            report.bytesSent = bytes
            report.bytesReceived = bytes
        }
        report.seconds = (clock.now - start) / .seconds(1)
        return FinishedMean(report)
    }

    /// Copies the root's values into every rank's buffer.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try checkRoot(root)
        let count = buffer.count
        try call("MPI_Bcast") {
            buffer.withMutableFloats { values in
                eachChunk(count) {
                    MPI_Bcast(values.baseAddress?.advanced(by: $0), Int32($1), mpi_float(), Int32(root), mpi_world())
                }
            }
        }
    }

    /// The root's bytes on every rank; at most 2^40 of them.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try checkRoot(root)
        var count = Int64(bytes.count)
        try call("MPI_Bcast") { MPI_Bcast(&count, 1, mpi_int64(), Int32(root), mpi_world()) }
        var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
        try call("MPI_Bcast") {
            result.withUnsafeMutableBytes { values in
                eachChunk(values.count) {
                    MPI_Bcast(values.baseAddress?.advanced(by: $0), Int32($1), mpi_byte(), Int32(root), mpi_world())
                }
            }
        }
        return result
    }

    /// Returns once every rank is here.
    public func barrier() throws(CommunicationError) {
        try call("MPI_Barrier") { MPI_Barrier(mpi_world()) }
    }
}

extension MPICommunicator {
    /// Adds up weights and contributors, and compares counts, before any value is sent.
    private func agree(_ buffer: FlatBuffer, weight: Float, round: UInt64) throws(CommunicationError) -> MeanReport {
        let isUsable = weight == 0 || buffer.isFinite
        var sums: [Double] = [Double(weight), weight > 0 ? 1 : 0, isUsable ? 0 : 1]
        try call("MPI_Allreduce") { mpi_sum_doubles(&sums, Int32(sums.count)) }
        var bounds: [Double] = [Double(buffer.count), -Double(buffer.count)]
        try call("MPI_Allreduce") { mpi_max_doubles(&bounds, Int32(bounds.count)) }
        guard bounds[0] == -bounds[1] else {
            throw .countMismatch(expected: Int(bounds[0]), found: Int(-bounds[1]))
        }
        guard sums[2] == 0 else { throw .notFinite(round: round) }
        return MeanReport(totalWeight: sums[0], contributors: Int(sums[1]))
    }

    private func sum(_ buffer: FlatBuffer) throws(CommunicationError) {
        let count = buffer.count
        try call("MPI_Allreduce") {
            buffer.withMutableFloats { values in
                eachChunk(count) { mpi_sum_floats(values.baseAddress?.advanced(by: $0), Int32($1)) }
            }
        }
    }

    private func eachChunk(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Int32) -> Int32 {
        for start in stride(from: 0, to: count, by: Self.chunk) {
            let status = body(start, min(Self.chunk, count - start))
            guard status == Int32(mpi_success) else { return status }
        }
        return Int32(mpi_success)
    }

    private func call(_ operation: String, _ body: () -> Int32) throws(CommunicationError) {
        try check(body(), operation, rank: rank, host: environment.host)
    }

    private func checkMeanWeight(_ weight: Float) throws(CommunicationError) {
        guard weight >= 0, Double(weight) <= RoundGroup.largestTotalWeight else { throw .invalidWeight(weight) }
    }

    private func checkRoot(_ root: Int) throws(CommunicationError) {
        guard (0..<size).contains(root) else { throw .rankOutOfRange(rank: root, size: size) }
    }
}

extension FlatBuffer {
    // A division, not a multiplication by the reciprocal, which would be rounded once more.
    fileprivate func divide(by divisor: Float) {
        withMutableFloats { values in
            for index in values.indices { values[index] /= divisor }
        }
    }
}
