import COpenMPI
public import Communication
import Glibc

/// The ranks that `mpirun` started together; the only place that starts and ends MPI.
///
/// A process that was not started by `mpirun` is rank 0 of 1, and MPI is never started in it.
public final class MPIEnvironment {
    /// This process's rank, in `0..<size`.
    public let rank: Int
    /// The number of processes of the job.
    public let size: Int
    /// The name of the machine.
    public let host: String

    /// One line for people: the library's level of thread support.
    public let description: String

    private let thread: MPIThread?
    private var isFinished = false

    /// Starts MPI if `mpirun` (or another launcher of MPI jobs) started this process; called once in a process.
    ///
    /// MPI runs on a thread of its own, which makes all calls.
    public init() throws(CommunicationError) {
        guard Self.isLaunched else {
            rank = 0
            size = 1
            host = Self.systemHostName()
            description = "one process without MPI"
            thread = nil
            return
        }
        let thread = MPIThread()
        let place: Place
        do throws(CommunicationError) {
            place = try thread.perform { () throws(CommunicationError) in try MPIEnvironment.start() }
        } catch {
            thread.stop()
            throw error
        }
        (rank, size, host) = (place.rank, place.size, place.host)
        description = "MPI with thread support '\(place.level)', called from one thread"
        self.thread = thread
    }

    private struct Place {
        let rank: Int
        let size: Int
        let host: String
        let level: String
    }

    private static func start() throws(CommunicationError) -> Place {
        let systemHost = systemHostName()
        var level: Int32 = 0
        let status = MPI_Init_thread(nil, nil, Int32(mpi_thread_funneled), &level)
        try check(status, "MPI_Init_thread", rank: 0, host: systemHost)
        try check(mpi_return_errors(), "MPI_Comm_set_errhandler", rank: 0, host: systemHost)
        var (ownRank, ranks): (Int32, Int32) = (0, 0)
        try check(MPI_Comm_rank(mpi_world(), &ownRank), "MPI_Comm_rank", rank: 0, host: systemHost)
        try check(MPI_Comm_size(mpi_world(), &ranks), "MPI_Comm_size", rank: Int(ownRank), host: systemHost)
        return Place(
            rank: Int(ownRank),
            size: Int(ranks),
            host: processorName() ?? systemHost,
            level: name(ofLevel: level)
        )
    }

    /// The name of a level of thread support.
    static func name(ofLevel level: Int32) -> String {
        switch level {
        case Int32(mpi_thread_single): "single"
        case Int32(mpi_thread_funneled): "funneled"
        case Int32(mpi_thread_serialized): "serialized"
        default: "multiple"
        }
    }

    /// Whether a launcher of MPI jobs started this process.
    public static var isLaunched: Bool {
        ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"].contains { (name: String) in getenv(name) != nil }
    }

    /// The ranks as a group that forms means; called on all ranks at once, with the same options.
    public func communicator(
        _ options: ExchangeOptions = ExchangeOptions()
    ) throws(CommunicationError) -> any Communicator {
        try communicator(options, hostKey: nil)
    }

    /// The same with ranks of equal keys as neighbours, on whatever host they are.
    func communicator(_ options: ExchangeOptions, hostKey: Int?) throws(CommunicationError) -> any Communicator {
        guard let thread else { return SingleCommunicator() }
        let place = (rank, size, host)
        return MPICommunicator(
            try thread.perform { () throws(CommunicationError) in
                try RankGroup.join(thread, place, options, hostKey: hostKey)
            }
        )
    }

    /// Has something done on the thread that makes all calls of MPI; for a process that `mpirun` started.
    func perform<Answer>(_ body: @escaping () throws(CommunicationError) -> Answer) throws(CommunicationError) -> Answer
    {
        guard let thread else { preconditionFailure("MPI was not started in this process") }
        return try thread.perform(body)
    }

    /// Ends MPI after all ranks have come here; called once, when everything went well.
    public func finish() throws(CommunicationError) {
        guard let thread, !isFinished else { return }
        isFinished = true
        let (rank, host) = (rank, host)
        try thread.perform { () throws(CommunicationError) in
            try check(MPI_Finalize(), "MPI_Finalize", rank: rank, host: host)
        }
        thread.stop()
    }

    /// Ends all ranks of the job with one sentence on standard error that names this one; does not return.
    ///
    /// Without MPI only this process ends. `code` is the exit code. If the thread of MPI does not answer within a second, this process kills
    /// itself, and the launcher ends the others.
    public func abort(because reason: String, code: Int32 = 1) -> Never {
        let sentence = Array((Self.abortText(rank: rank, size: size, host: host, reason: reason) + "\n").utf8)
        _ = write(STDERR_FILENO, sentence, sentence.count)
        if let thread, !isFinished {
            if thread.perform(within: .seconds(1), { MPI_Abort(mpi_world(), code) }) { sleep(10) }
            kill(getpid(), SIGKILL)
        }
        exit(code)
    }

    /// The sentence of `abort`.
    static func abortText(rank: Int, size: Int, host: String, reason: String) -> String {
        size == 1 ? reason : "rank \(rank) of \(size) on host \(host) failed: \(reason)"
    }

    private static func processorName() -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: mpi_largest_host_name + 1) { name in
            var length: Int32 = 0
            guard MPI_Get_processor_name(name.baseAddress, &length) == Int32(mpi_success) else { return nil }
            return text(name, length: Int(length))
        }
    }

    private static func systemHostName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            guard let start = name.baseAddress, gethostname(start, name.count) == 0 else { return "unknown" }
            return text(name, length: name.firstIndex(of: 0) ?? name.count)
        }
    }
}

/// Turns a status of MPI into an error.
func check(_ status: Int32, _ operation: String, rank: Int, host: String) throws(CommunicationError) {
    guard status != Int32(mpi_success) else { return }
    let reason = withUnsafeTemporaryAllocation(of: CChar.self, capacity: mpi_largest_error_text + 1) {
        buffer in
        var length: Int32 = 0
        guard MPI_Error_string(status, buffer.baseAddress, &length) == Int32(mpi_success) else {
            return "error \(status)"
        }
        return text(buffer, length: Int(length))
    }
    throw .mpi(operation: operation, rank: rank, host: host, reason: reason)
}

private func text(_ bytes: UnsafeMutableBufferPointer<CChar>, length: Int) -> String {
    String(decoding: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
