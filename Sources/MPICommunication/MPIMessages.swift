import COpenMPI
import Communication

/// Messages between the ranks of an MPI job, apart from those of other users of MPI.
///
/// Made and used on the thread that makes all MPI calls.
final class MPIMessages: MessagePassing {
    private let rank: Int
    private let host: String
    private var group = mpi_communicator()
    private var requests: [mpi_request] = []
    private var lengths: [Int] = []
    private var spent: [Int] = []

    /// Messages between all ranks; every rank makes them at the same time.
    ///
    /// `rank` and `host` name this one in errors.
    init(rank: Int, host: String) throws(CommunicationError) {
        self.rank = rank
        self.host = host
        try call("MPI_Comm_dup", mpi_duplicate_world(&group))
    }

    func send(
        _ bytes: UnsafeRawBufferPointer,
        to rank: Int,
        tag: Int32
    ) throws(CommunicationError) -> MessageRequest {
        let number = freeNumber(length: bytes.count)
        let status = mpi_send_bytes(bytes.baseAddress, Int32(bytes.count), Int32(rank), tag, &group, &requests[number])
        try call("MPI_Isend", status)
        return MessageRequest(number: number)
    }

    func receive(
        into bytes: UnsafeMutableRawBufferPointer,
        from rank: Int,
        tag: Int32
    ) throws(CommunicationError) -> MessageRequest {
        let number = freeNumber(length: -1)
        let status = mpi_receive_bytes(
            bytes.baseAddress,
            Int32(bytes.count),
            Int32(rank),
            tag,
            &group,
            &requests[number]
        )
        try call("MPI_Irecv", status)
        return MessageRequest(number: number)
    }

    func test(_ request: MessageRequest) throws(CommunicationError) -> Int? {
        var (isDone, count): (Int32, Int32) = (0, 0)
        try call("MPI_Test", mpi_test_message(&requests[request.number], &isDone, &count))
        guard isDone != 0 else { return nil }
        spent.append(request.number)
        // MPI counts only what was received.
        return lengths[request.number] < 0 ? Int(count) : lengths[request.number]
    }

    private func freeNumber(length: Int) -> Int {
        if let number = spent.popLast() {
            lengths[number] = length
            return number
        }
        requests.append(mpi_request())
        lengths.append(length)
        return requests.count - 1
    }

    private func call(_ operation: String, _ status: Int32) throws(CommunicationError) {
        try check(status, operation, rank: rank, host: host)
    }
}
