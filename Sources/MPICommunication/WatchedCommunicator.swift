public import Buffers
public import Communication

/// A group whose watch knows when this rank waits for the others.
public final class WatchedCommunicator: Communicator {
    private let group: any Communicator
    private let watch: RankWatch

    /// The same group, watched.
    public init(_ group: any Communicator, by watch: RankWatch) {
        self.group = group
        self.watch = watch
    }

    /// This process's rank.
    public var rank: Int { group.rank }
    /// The number of processes.
    public var size: Int { group.size }

    /// Starts a mean.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return WatchedPendingMean(try group.startMean(of: buffer, weight: weight, round: round), watch)
    }

    /// Starts a mean whose values become final range after range.
    public func openMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any OpenMean {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return WatchedOpenMean(try group.openMean(of: buffer, weight: weight, round: round), watch)
    }

    /// Forms a mean of which this rank needs its own part only.
    public func scatterMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64,
        parts: [Range<Int>]
    ) throws(CommunicationError) -> MeanReport {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try group.scatterMean(of: buffer, weight: weight, round: round, parts: parts)
    }

    /// Copies every rank's part into everybody's buffer.
    public func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError) {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        try group.gather(buffer, parts: parts)
    }

    /// Adds up a few numbers.
    public func sum(_ values: [Double]) throws(CommunicationError) -> [Double] {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try group.sum(values)
    }

    /// Zeros in memory from which the group exchanges fastest.
    public func makeBuffer(count: Int) -> FlatBuffer {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return group.makeBuffer(count: count)
    }

    /// Tries ways to form means.
    public func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try group.chooseExchange(count: count)
    }

    /// Copies the root's values into every rank's buffer.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        try group.broadcast(buffer, from: root)
    }

    /// The root's bytes on every rank.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try group.broadcast(bytes, from: root)
    }

    /// Returns once every rank is here.
    public func barrier() throws(CommunicationError) {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        try group.barrier()
    }
}

/// A mean under way, waited for under the eyes of the watch.
private final class WatchedPendingMean: PendingMean {
    private let mean: any PendingMean
    private let watch: RankWatch

    init(_ mean: any PendingMean, _ watch: RankWatch) {
        self.mean = mean
        self.watch = watch
    }

    func wait() throws(CommunicationError) -> MeanReport {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try mean.wait()
    }
}

/// A mean delivered range after range, waited for under the eyes of the watch.
private final class WatchedOpenMean: OpenMean {
    private let mean: any OpenMean
    private let watch: RankWatch

    init(_ mean: any OpenMean, _ watch: RankWatch) {
        self.mean = mean
        self.watch = watch
    }

    func deliver(_ range: Range<Int>) {
        mean.deliver(range)
    }

    func wait() throws(CommunicationError) -> MeanReport {
        watch.enterExchange()
        defer { watch.leaveExchange() }
        return try mean.wait()
    }
}
