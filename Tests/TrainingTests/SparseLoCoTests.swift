import Buffers
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

@Suite("sparse-loco")
struct SparseLoCoTests {
    private static func strategy(_ every: Interval, kept: Int = 64, decay: Double = 0.95) -> SparseLoCo {
        var strategy = SparseLoCo()
        (strategy.every, strategy.kept, strategy.decay) = (every, kept, decay)
        return strategy
    }

    private static func layout(_ count: Int) -> ParameterLayout {
        ParameterLayout([ParameterSpec(name: "w", shape: [count], offset: 0, decay: true)])
    }

    /// Takes a step of one sample that ends at `parameters`.
    private static func step(
        _ synchronizer: any Synchronizer,
        _ progress: inout Progress,
        to parameters: FlatBuffer
    ) throws -> Bool {
        _ = try synchronizer.reduceGradients(FlatBuffer(count: parameters.count), weight: 1, at: progress)
        progress.advance(by: 1)
        return try synchronizer.reduceParameters(parameters, at: progress)
    }

    @Test("sends the largest number, and later what it left out")
    func numbers() throws {
        // Of two values one is kept.
        let synchronizer = Self.strategy(.steps(1), decay: 0.5)
            .makeSynchronizer(Self.layout(2), SingleCommunicator())
        var progress = Progress(plannedSamples: 100)
        let parameters = FlatBuffer([1, -2])
        synchronizer.begin(from: parameters)
        parameters.withMutableFloats { ($0[0], $0[1]) = (0.5, -3) }
        #expect(try Self.step(synchronizer, &progress, to: parameters))
        // a = (0.5, 1): the second goes, e = (0.5, 0).
        #expect(parameters.floats == [1, -3])
        synchronizer.begin(from: parameters)
        parameters.withMutableFloats { ($0[0], $0[1]) = (0.875, -3.25) }
        #expect(try Self.step(synchronizer, &progress, to: parameters))
        // a = (0.25 + 0.125, 0.25): the first goes.
        #expect(parameters.floats == [0.625, -3])
    }

    @Test("finds the minimum of a quadratic that no worker knows alone")
    func quadratic() async throws {
        let count = 5000
        let normal = (0..<3 as Range<UInt64>).map { index in
            var random = RandomStream(seed: index, purpose: .noise, index: 3)
            return random.normal([count]).floats
        }
        // What workers take in turns does not cancel, so they may not be too far apart.
        let targets = (1...2).map { rank in zip(normal[0], normal[rank]).map { $0 + 0.1 * $1 } }
        let middle = zip(targets[0], targets[1]).map { ($0 + $1) / 2 }
        let results = try await GroupRun.each(2) { member -> [Float] in
            let synchronizer = Self.strategy(.steps(2)).makeSynchronizer(Self.layout(count), member)
            var progress = Progress(plannedSamples: 1 << 40)
            let (parameters, target) = (FlatBuffer(count: count), FlatBuffer(targets[member.rank]))
            for _ in 0..<2 * 400 {
                synchronizer.begin(from: parameters)
                parameters.lerp(toward: target, weight: 0.01)
                _ = try Self.step(synchronizer, &progress, to: parameters)
            }
            return parameters.floats
        }
        #expect(results[0] == results[1])
        let squares = zip(results[0], middle).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let start = middle.reduce(0) { $0 + $1 * $1 }
        #expect(squares < 0.01 * start, "\(squares / start) of the squared distance is left")
    }

    @Test("learns the digits about as well as diloco with as many agreements")
    func digits() async throws {
        func losses(_ strategy: any SyncStrategy) async throws -> (first: Double, last: Double) {
            var config = try TinyRun.config(length: 32 * 320, batch: 32, micro: 16)
            config.averages = []
            config.synchronization = strategy
            let run = config
            let losses = try await GroupRun.each(2) { member in
                let trainer = try Trainer(Recipe(run), communicator: member)
                return try GroupRun.take(320, with: trainer, member).map(\.loss)
            }
            let (first, last) = (losses.map { $0.prefix(8) }.joined(), losses.map { $0.suffix(32) }.joined())
            return (first.reduce(0, +) / 16, last.reduce(0, +) / 64)
        }
        var dense = DiLoCo()
        dense.every = .steps(8)
        let (sparse, whole) = (try await losses(Self.strategy(.steps(8))), try await losses(dense))
        #expect(sparse.last < 1.06 * whole.last, "\(sparse.last) against \(whole.last)")
        #expect(sparse.last < 0.65 * sparse.first, "\(sparse.first) at first, \(sparse.last) in the end")
    }

    @Test("sends what its codec carries, which the run file need not name, and refuses another")
    func codec() throws {
        let run = try RunConfig(parsing: "synchronization: {type: sparse-loco, kept: 50}", file: "run.yaml")
        #expect((run.exchange.compression as? TopKCompression)?.kept == 50 && run.exchange.feedback)
        #expect(run.communication.compression is Float32Compression && !run.communication.feedback)
        let usual = try RunConfig(parsing: "communication: {compression: one-bit}", file: "run.yaml")
        #expect(usual.exchange.compression is OneBitCompression && !usual.exchange.feedback)
        for section in ["compression: top-k", "compression: bfloat16", "compression: one-bit, feedback: true"] {
            let text = "synchronization: sparse-loco\ncommunication: {\(section)}"
            #expect(throws: ConfigError.self) { try RunConfig(parsing: text, file: "run.yaml") }
        }
    }

    @Test("the ranges of its numbers are checked")
    func ranges() throws {
        try SparseLoCo().validate()
        let changes: [@Sendable (inout SparseLoCo) -> Void] = [
            { $0.every = .steps(0) }, { $0.kept = 0 }, { $0.kept = 129 }, { $0.decay = -0.1 }, { $0.decay = 1.1 },
            { $0.rate = 0 }, { $0.rate = .infinity },
        ]
        for change in changes {
            var strategy = SparseLoCo()
            change(&strategy)
            let changed = strategy
            #expect(throws: ConfigError.self) { try changed.validate() }
        }
    }
}
