import Buffers
import COpenMPI
import Communication
import Glibc
import Synchronization

/// The ranks of a job with all they need to exchange values: memory that hosts share, flags, communicators of MPI.
final class RankGroup {
    let thread: MPIThread
    let rank: Int
    let size: Int
    let host: String
    let topology: HostTopology
    let options: ExchangeOptions
    /// The memory that the ranks of this host share; nil: every rank is on its own.
    let window: SharedWindow?
    /// Why there is no shared memory, or how it is used.
    let description: String

    /// Flags of the ranks that share memory.
    let hostBoard: ExchangeBoard
    /// Flags of this rank alone, for means that go through messages only.
    let ownBoard: ExchangeBoard

    /// How means are formed from now on; for the owner's thread.
    var way: ExchangeWay

    private let ownMemory: UnsafeMutableRawPointer
    private let worlds: [MPI_Comm?]
    private let messages: MPIMessages
    private var restingSums: [Bool: [NetworkSum]] = [:]
    private var lastNumber: UInt32 = 0
    private var leftNumbers: Set<UInt32> = []
    private var spares: [FlatBuffer] = []

    /// Bytes of a bucket, if nobody asked for another size or measured which is better.
    static let standardBucketBytes = 4 << 20

    /// The group as `RankGroup.join` found it.
    init(
        _ thread: MPIThread,
        _ place: (rank: Int, size: Int, host: String),
        _ topology: HostTopology,
        _ options: ExchangeOptions,
        window: SharedWindow?,
        worlds: [MPI_Comm?],
        messages: MPIMessages,
        description: String
    ) {
        self.thread = thread
        (rank, size, host) = place
        self.topology = topology
        self.options = options
        self.window = window
        self.worlds = worlds
        self.messages = messages
        self.description = description
        way = ExchangeWay(
            path: window == nil ? .network : .memory,
            bucket: options.bucketBytes ?? Self.standardBucketBytes
        )
        let bytes = ExchangeBoard.byteCount(ranks: 1)
        ownMemory = .allocate(byteCount: bytes, alignment: Bell.byteCount)
        ownMemory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        ownBoard = ExchangeBoard(ranks: 1, at: ownMemory)
        hostBoard = window?.board ?? ownBoard
    }

    deinit {
        ownMemory.deallocate()
    }

    /// This rank's index among those that share memory with it.
    var own: Int { window?.own ?? 0 }

    /// The ranks of the job that share memory with this one.
    var neighbours: [Int] { window == nil ? [rank] : topology.neighbours(of: rank) }

    /// Whether all ranks share one memory.
    var isOneMemory: Bool { window != nil && topology.hosts.count == 1 }

    /// The paths that the options leave open, the usual one first.
    var openPaths: [ExchangePath] {
        guard window != nil else { return [.network] }
        return options.path == .memory ? [.memory] : [.memory, .network]
    }

    /// Memory that the ranks of this host share, or ordinary memory if there is none left.
    func makeBuffer(count: Int) -> FlatBuffer { window?.makeBuffer(count: count) ?? FlatBuffer(count: count) }

    /// Wakes this rank's thread and all neighbours.
    func ring() {
        if window != nil { hostBoard.ring(except: own) }
        thread.bell.ring()
    }

    /// A number for the next operation over all ranks, once its slot is free on all neighbours.
    func takeNumber() -> UInt32 {
        let number = lastNumber + 1
        precondition(
            number <= ExchangeBoard.slots || leftNumbers.contains(number - UInt32(ExchangeBoard.slots)),
            "more than \(ExchangeBoard.slots) means under way"
        )
        leftNumbers.remove(number &- UInt32(ExchangeBoard.slots))
        lastNumber = number
        let slot = hostBoard.slot(of: number)
        for neighbour in 0..<hostBoard.ranks {
            while !slot.wasLeft(by: neighbour) { usleep(50) }
        }
        return number
    }

    /// Gives the slot of an operation free.
    func leave(_ number: UInt32) {
        hostBoard.slot(of: number).leave(own)
        leftNumbers.insert(number)
    }

    /// All ranks, for the operations of MPI that belong to a mean; they start in the same order on all ranks.
    func world(of number: UInt32) -> MPI_Comm? { worlds[Int(number) % ExchangeBoard.slots] }

    /// A sum by messages over the leaders of the hosts, or over all ranks; called on the thread of MPI.
    func takeSum(overLeaders: Bool) -> NetworkSum {
        if let sum = restingSums[overLeaders]?.popLast() { return sum }
        let members = overLeaders ? topology.leaders : Array(0..<size)
        guard let own = members.firstIndex(of: rank) else { preconditionFailure("rank \(rank) is not in \(members)") }
        // What the codec made of the values of several ranks is more than it would keep of their sum.
        let areSums = overLeaders && topology.hosts.contains { $0.count > 1 }
        return NetworkSum(
            members: members,
            own: own,
            groups: overLeaders ? nil : topology.hosts,
            compression: options.isProjected && areSums ? options.compression.forMean : options.compression,
            transport: messages
        )
    }

    /// Keeps a finished sum, with its memory, for the next bucket.
    func giveBack(_ sum: NetworkSum, overLeaders: Bool) {
        restingSums[overLeaders, default: []].append(sum)
    }

    /// Frees the memory of finished sums; called on the thread of MPI.
    func dropSums() { restingSums = [:] }

    /// The tag of a bucket's messages, apart from those of all buckets of means that are under way at once.
    func tag(of bucket: Int, number: UInt32) -> Int32 {
        Int32(Int(number) % ExchangeBoard.slots * BucketPlan.limit + bucket)
    }

    /// Memory of the window for values that lie elsewhere; nil if there is none left.
    func takeSpare(count: Int) -> FlatBuffer? {
        if let index = spares.firstIndex(where: { $0.count >= count }) { return spares.remove(at: index) }
        spares.removeAll()
        return window?.makeBuffer(count: count)
    }

    /// Keeps memory of the window for the next one.
    func giveBack(spare: FlatBuffer) {
        if spares.count < 2 { spares.append(spare) }
    }

    /// Turns a status of MPI into an error.
    func check(_ status: Int32, _ operation: String) throws(CommunicationError) {
        try MPICommunication.check(status, operation, rank: rank, host: host)
    }
}
