import COpenMPI
import Communication
import Glibc

extension RankGroup {
    /// Finds out who shares a host, and sets up memory and communicators; called on the thread of MPI, on all ranks at once.
    ///
    /// `hostKey` replaces the host in tests: ranks of equal keys count as neighbours.
    static func join(
        _ thread: MPIThread,
        _ place: (rank: Int, size: Int, host: String),
        _ options: ExchangeOptions,
        hostKey: Int? = nil
    ) throws(CommunicationError) -> RankGroup {
        let joining = Joining(place: place)
        let topology = HostTopology(keys: try joining.keys(hostKey))
        var worlds: [MPI_Comm?] = []
        for _ in 0..<ExchangeBoard.slots { worlds.append(try joining.copy(mpi_world())) }
        let messages = try MPIMessages(rank: place.rank, host: place.host)
        let (window, reason) = try joining.window(topology, options)
        let group = RankGroup(
            thread,
            place,
            topology,
            options,
            window: window,
            worlds: worlds,
            messages: messages,
            description: describe(topology, options, isShared: window != nil, reason)
        )
        thread.listen(to: group.hostBoard.bell(of: group.own), of: group)
        return group
    }

    private static func describe(
        _ topology: HostTopology,
        _ options: ExchangeOptions,
        isShared: Bool,
        _ reason: String
    ) -> String {
        let hosts = topology.hosts.count == 1 ? "one host" : "\(topology.hosts.count) hosts"
        let inside = options.path == .automatic ? "shared memory or messages" : "shared memory"
        let path =
            isShared
            ? inside + (topology.hosts.count == 1 ? "" : " within a host and messages between hosts")
            : "messages"
        return "\(topology.size) ranks on \(hosts) exchange values through \(path)"
            + (reason.isEmpty ? "" : " (\(reason))")
    }
}

/// The calls of a group that is being set up.
private struct Joining {
    let place: (rank: Int, size: Int, host: String)

    func check(_ status: Int32, _ operation: String) throws(CommunicationError) {
        try MPICommunication.check(status, operation, rank: place.rank, host: place.host)
    }

    func copy(_ communicator: MPI_Comm?) throws(CommunicationError) -> MPI_Comm? {
        var result: MPI_Comm? = mpi_no_communicator()
        try check(MPI_Comm_dup(communicator, &result), "MPI_Comm_dup")
        return result
    }

    /// The lowest rank of every rank's host.
    func keys(_ hostKey: Int?) throws(CommunicationError) -> [Int] {
        var own = Int64(hostKey ?? 0)
        if hostKey == nil {
            var neighbours: MPI_Comm? = mpi_no_communicator()
            try check(mpi_split_by_host(&neighbours), "MPI_Comm_split_type")
            own = Int64(place.rank)
            try check(MPI_Bcast(&own, 1, mpi_int64(), 0, neighbours), "MPI_Bcast")
            try check(MPI_Comm_free(&neighbours), "MPI_Comm_free")
        }
        var keys = [Int64](repeating: 0, count: place.size)
        try check(MPI_Allgather(&own, 1, mpi_int64(), &keys, 1, mpi_int64(), mpi_world()), "MPI_Allgather")
        return keys.map { Int($0) }
    }

    /// The memory of this rank's host, and a reason if there is none: then no host has any.
    func window(
        _ topology: HostTopology,
        _ options: ExchangeOptions
    ) throws(CommunicationError) -> (SharedWindow?, reason: String) {
        guard options.path != .network else { return (nil, "as the run file says") }
        guard topology.hasNeighbours else { return (nil, "no two of them share a host") }
        let neighbours = topology.neighbours(of: place.rank)
        var communicator: MPI_Comm? = mpi_no_communicator()
        try check(mpi_split_by_color(Int32(topology.host(of: place.rank)), &communicator), "MPI_Comm_split")
        let own = neighbours.firstIndex(of: place.rank) ?? 0
        var token = (UInt64(getpid()), UInt64.random(in: 0...UInt64.max))
        var descriptor: Int32?
        if own == 0 { descriptor = SharedWindow.create(name: name(token), ranks: neighbours.count) }
        try check(MPI_Bcast(&token, 16, mpi_byte(), 0, communicator), "MPI_Bcast")
        if own != 0 { descriptor = SharedWindow.open(name: name(token)) }
        let window = descriptor.flatMap { SharedWindow(descriptor: $0, ranks: neighbours.count, own: own) }
        var mapped: Int32 = window == nil ? 0 : 1
        var everywhere: Int32 = 0
        let status = mpi_lowest_int(&mapped, &everywhere)
        if own == 0, descriptor != nil { SharedWindow.forget(name: name(token)) }
        try check(status, "MPI_Allreduce")
        try check(MPI_Comm_free(&communicator), "MPI_Comm_free")
        guard everywhere == 1 || options.path != .memory else {
            throw .unsupported(operation: "memory between the ranks of a host", instead: "give /dev/shm more room")
        }
        return everywhere == 1 ? (window, "") : (nil, "a host refused shared memory; give /dev/shm more room")
    }

    private func name(_ token: (UInt64, UInt64)) -> String { "/difftrain-\(token.0)-\(String(token.1, radix: 16))" }
}
