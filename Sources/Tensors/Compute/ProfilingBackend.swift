public import Buffers
import Synchronization

/// What time is spent on.
public enum WorkKind: Int, Sendable, CaseIterable {
    /// Matrix products and convolutions, with what finishes them.
    case products
    /// Attention and softmax.
    case attention
    /// Group and layer norms, with their activations.
    case norm
    /// Everything that is done number by number: maps, sums, copies, changes of resolution.
    case elementwise
    /// Updates of parameters and averages.
    case optimizer
    /// Making batches and noise.
    case data
    /// Everything else: the tape, taking memory, waiting.
    case other
}

/// Seconds by what they were spent on.
public struct WorkTimes: Sendable, Hashable {
    private var seconds = [Double](repeating: 0, count: WorkKind.allCases.count)

    /// No time.
    public init() {}

    /// The seconds spent on one kind of work.
    public internal(set) subscript(_ kind: WorkKind) -> Double {
        get { seconds[kind.rawValue] }
        set { seconds[kind.rawValue] = newValue }
    }

    /// The seconds of all kinds.
    public var total: Double { seconds.reduce(0, +) }

    /// The time between an earlier reading and this one.
    public func since(_ earlier: WorkTimes) -> WorkTimes {
        var result = self
        for kind in WorkKind.allCases { result[kind] -= earlier[kind] }
        return result
    }
}

/// Hands every kernel to another backend and adds up the time by the kind of work.
///
/// The results are those of the other backend. Times are those of the calling thread: it waits for the others. It is made for one thread that
/// computes; with several the times mean nothing.
public final class ProfilingBackend: Backend {
    let inner: any Backend
    private let spent = Mutex(WorkTimes())

    /// Measures a backend.
    public init(_ backend: any Backend) {
        inner = backend
    }

    /// The name of the measured backend.
    public var name: String { inner.name }

    /// The work of the measured backend.
    public var counters: WorkCounters { inner.counters }

    /// The time spent so far.
    public var times: WorkTimes { spent.withLock { $0 } }

    /// Memory of the measured backend.
    public func allocate(_ count: Int, _ dtype: DType) -> Storage {
        inner.allocate(count, dtype)
    }

    /// Runs `body`; its time counts as `kind`, without the time of whatever was timed within.
    func timed<Result>(_ kind: WorkKind, _ body: () throws -> Result) rethrows -> Result {
        let clock = ContinuousClock()
        let (before, start) = (spent.withLock { $0.total }, clock.now)
        defer {
            let elapsed = (clock.now - start) / .seconds(1)
            spent.withLock { $0[kind] += elapsed - ($0.total - before) }
        }
        return try body()
    }
}

extension Compute {
    /// Runs `body`; if the current backend is a `ProfilingBackend`, what its kernels do not take of the time counts as `kind`.
    ///
    /// Sections may lie within each other; each keeps the time that those within do not take.
    public static func section<Result>(_ kind: WorkKind, _ body: () throws -> Result) rethrows -> Result {
        guard let profile = backend as? ProfilingBackend else { return try body() }
        return try profile.timed(kind, body)
    }
}
