import Buffers
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

@Suite("diloco")
struct DiLoCoTests {
    private static func config(_ every: Interval, rate: Double, momentum: Double) throws -> RunConfig {
        var config = try TinyRun.config(length: 120)
        var strategy = DiLoCo()
        (strategy.every, strategy.rate, strategy.momentum) = (every, rate, momentum)
        config.synchronization = strategy
        return config
    }

    private static let layout = ParameterLayout([ParameterSpec(name: "w", shape: [2], offset: 0, decay: true)])

    /// Takes a step of one sample that ends at `parameters`.
    private func step(
        _ synchronizer: any Synchronizer,
        _ progress: inout Progress,
        to parameters: FlatBuffer
    ) throws -> Bool {
        let before = progress
        _ = try synchronizer.reduceGradients(FlatBuffer(count: 2), weight: 1, at: before)
        progress.advance(by: 1)
        return try synchronizer.reduceParameters(parameters, at: progress)
    }

    @Test("the outer step is Nesterov's momentum")
    func outerNumbers() throws {
        var strategy = DiLoCo()
        strategy.every = .steps(1)
        let synchronizer = strategy.makeSynchronizer(Self.layout, SingleCommunicator())
        var progress = Progress(plannedSamples: 100)
        let parameters = FlatBuffer([1, -2])
        // By hand, with rate 0.7 and momentum 0.9. Inner steps take 0.1 and 1, then 0.2 and -0.5.
        synchronizer.begin(from: parameters)
        parameters.withMutableFloats { ($0[0], $0[1]) = (0.9, -3) }
        #expect(try step(synchronizer, &progress, to: parameters))
        // d = (0.1, 1), m = d, p = p - 0.7 (1 + 0.9) d.
        expectClose(parameters.floats, [1 - 0.133, -2 - 1.33], Tolerance(absolute: 1e-6))
        synchronizer.begin(from: parameters)
        parameters.withMutableFloats { ($0[0], $0[1]) = ($0[0] - 0.2, $0[1] + 0.5) }
        #expect(try step(synchronizer, &progress, to: parameters))
        // m = (0.09 + 0.2, 0.9 - 0.5), p = p - 0.7 (d + 0.9 m) = p - 0.7 (0.461, -0.14).
        expectClose(parameters.floats, [0.867 - 0.3227, -3.33 + 0.098], Tolerance(absolute: 1e-6))
    }

    @Test("its numbers are those of PyTorch's SGD with nesterov=True")
    func outerIsSGD() throws {
        var strategy = DiLoCo()
        (strategy.every, strategy.rate, strategy.momentum) = (.steps(2), 0.3, 0.8)
        let synchronizer = strategy.makeSynchronizer(Self.layout, SingleCommunicator())
        var progress = Progress(plannedSamples: 100)
        let parameters = FlatBuffer([0.25, 4])
        var expected = [0.25, 4.0]
        // As in torch/optim/sgd.py: the buffer starts as the first gradient, dampening 0, then grad + momentum * buffer.
        var momentum: [Double]?
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5 {
            var gradient = [0.0, 0.0]
            for inner in 0..<2 {
                synchronizer.begin(from: parameters)
                for index in 0..<2 {
                    let move = random.floats(1, -1, 1)[0]
                    parameters.withMutableFloats { $0[index] -= move }
                    gradient[index] += Double(move)
                }
                #expect(try step(synchronizer, &progress, to: parameters) == (inner == 1))
            }
            let buffer = momentum.map { zip($0, gradient).map { 0.8 * $0 + $1 } } ?? gradient
            momentum = buffer
            for index in 0..<2 { expected[index] -= 0.3 * (gradient[index] + 0.8 * buffer[index]) }
            expectClose(parameters.floats, expected.map { Float($0) }, Tolerance(absolute: 1e-5))
        }
    }

    @Test("without momentum and at rate 1 it is the average of parameters")
    func plainOuterStep() async throws {
        let outer = try Self.config(.steps(3), rate: 1, momentum: 0)
        var average = outer
        var strategy = LocalSteps()
        strategy.every = .steps(3)
        average.synchronization = strategy
        let reference = average
        let results = try await GroupRun.each(2) { member in try Self.train(outer, member, steps: 6) }
        let expected = try await GroupRun.each(2) { member in try Self.train(reference, member, steps: 6) }
        #expect(results[0] == results[1])
        // One rounding a step of AdamW's first ones, which are little more than signs of gradients, is what may grow.
        expectClose(results[0], expected[0], Tolerance(absolute: 1e-5, relative: 1e-4))
    }

    @Test("an average that is copied into the parameters is where the next local steps start from")
    func copiedAverages() async throws {
        // Agreements after every second step of 12 samples; every 36 samples an agreement also copies the average.
        let config = try Self.config(.steps(2), rate: 0.7, momentum: 0.9)
        let results = try await GroupRun.each(2) { member in
            let trainer = try Trainer(Recipe(config), communicator: member)
            try GroupRun.take(4, with: trainer, member)
            let copied = trainer.state.parameters.floats
            trainer.begin()
            let synchronizer = try #require(trainer.synchronizer as? LocalSynchronizer)
            return (copied, trainer.state.evaluated.floats, synchronizer.agreed.floats)
        }
        for result in results {
            #expect(result.0 == results[0].0)
            #expect(result.0 == result.1)
            #expect(result.2 == result.0)
        }
    }

    @Test("the ranges of its numbers are checked")
    func ranges() throws {
        try DiLoCo().validate()
        let changes: [@Sendable (inout DiLoCo) -> Void] = [
            { $0.every = .steps(0) }, { $0.rate = 0 }, { $0.rate = .infinity }, { $0.momentum = 1 },
            { $0.momentum = -0.1 },
        ]
        for change in changes {
            var strategy = DiLoCo()
            change(&strategy)
            let changed = strategy
            #expect(throws: ConfigError.self) { try changed.validate() }
        }
    }

    private static func train(_ config: RunConfig, _ member: LocalCommunicator, steps: Int) throws -> [Float] {
        let trainer = try Trainer(Recipe(config), communicator: member)
        try GroupRun.take(steps, with: trainer, member)
        return trainer.state.parameters.floats
    }
}
