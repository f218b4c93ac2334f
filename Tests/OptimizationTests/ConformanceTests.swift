import Buffers
import Configs
import Optimization
import TestSupport
import Testing

/// `1/2 sum c (p - t)^2` with curvatures from 0.1 to 10.
private struct Quadratic {
    let curvatures: [Float]
    let targets: [Float]

    init(count: Int) {
        var generator = SeededGenerator(seed: 7)
        curvatures = generator.floats(count, 0.1, 10)
        targets = generator.floats(count)
    }

    func gradients(at parameters: FlatBuffer, from offset: Int = 0) -> FlatBuffer {
        FlatBuffer(
            parameters.floats.enumerated().map { index, value in
                curvatures[offset + index] * (value - targets[offset + index])
            }
        )
    }

    func loss(at parameters: FlatBuffer) -> Double {
        parameters.floats.indices.reduce(0) { sum, index in
            let distance = Double(parameters.floats[index] - targets[index])
            return sum + 0.5 * Double(curvatures[index]) * distance * distance
        }
    }
}

private let layout = ParameterLayout([
    ParameterSpec(name: "weight", shape: [4, 5], offset: 0, decay: true),
    ParameterSpec(name: "bias", shape: [17], offset: 20, decay: false),
])

private func optimizer(_ name: String) throws -> any Optimizer {
    let type = try #require(Optimizers.method(named: name))
    return try #require(type.init() as? any Optimizer)
}

@Suite("Every optimiser")
struct OptimizerConformanceTests {
    @Test("converges on a quadratic when its rate falls to zero", arguments: Optimizers.methodNames)
    func converges(name: String) throws {
        let optimizer = try optimizer(name)
        let problem = Quadratic(count: layout.count)
        let parameters = FlatBuffer(count: layout.count)
        var state = optimizer.makeState(layout)
        let before = problem.loss(at: parameters)
        let steps = 400
        for step in 0..<steps {
            let gradients = problem.gradients(at: parameters)
            let rate = 0.05 * (1 - Double(step) / Double(steps))
            optimizer.update(parameters, gradients, &state, layout, rate: rate, step: step)
        }
        #expect(problem.loss(at: parameters) < 1e-4 * before)
    }

    @Test("goes on from a saved state to the same bits", arguments: Optimizers.methodNames)
    func resumes(name: String) throws {
        let optimizer = try optimizer(name)
        let problem = Quadratic(count: layout.count)
        let parameters = FlatBuffer(count: layout.count)
        var state = optimizer.makeState(layout)
        for step in 0..<5 {
            optimizer.update(
                parameters,
                problem.gradients(at: parameters),
                &state,
                layout,
                rate: 0.01,
                step: step
            )
        }
        let restored = FlatBuffer(parameters.floats)
        var restoredState = OptimizerState(
            buffers: state.buffers.mapValues { FlatBuffer($0.floats) },
            scalars: state.scalars
        )
        for step in 5..<10 {
            optimizer.update(
                parameters,
                problem.gradients(at: parameters),
                &state,
                layout,
                rate: 0.01,
                step: step
            )
            optimizer.update(
                restored,
                problem.gradients(at: restored),
                &restoredState,
                layout,
                rate: 0.01,
                step: step
            )
        }
        #expect(restored.floats == parameters.floats)
        #expect(restoredState.scalars == state.scalars)
        #expect(restoredState.buffers.mapValues(\.floats) == state.buffers.mapValues(\.floats))
    }

    @Test("does the same to a buffer and to its parts", arguments: Optimizers.methodNames)
    func splits(name: String) throws {
        let optimizer = try optimizer(name)
        let problem = Quadratic(count: layout.count)
        let whole = FlatBuffer(count: layout.count)
        var state = optimizer.makeState(layout)
        let layouts = layout.parameters.map { part in
            ParameterLayout([ParameterSpec(name: part.name, shape: part.shape, offset: 0, decay: part.decay)])
        }
        let parts = layouts.map { FlatBuffer(count: $0.count) }
        var states = layouts.map { optimizer.makeState($0) }
        for step in 0..<20 {
            optimizer.update(whole, problem.gradients(at: whole), &state, layout, rate: 0.02, step: step)
            for (index, part) in parts.enumerated() {
                let gradients = problem.gradients(at: part, from: layout.parameters[index].offset)
                optimizer.update(part, gradients, &states[index], layouts[index], rate: 0.02, step: step)
            }
        }
        #expect(parts.flatMap(\.floats) == whole.floats)
    }

    @Test(
        "clips, updates and moves averages at once to the bits of one after another",
        arguments: Optimizers.methodNames
    )
    func fused(name: String) throws {
        let optimizer = try optimizer(name)
        let long = ParameterLayout([
            ParameterSpec(name: "weight", shape: [9000], offset: 0, decay: true),
            ParameterSpec(name: "bias", shape: [1003], offset: 9000, decay: false),
        ])
        let problem = Quadratic(count: long.count)
        let (fused, separate) = (FlatBuffer(count: long.count), FlatBuffer(count: long.count))
        var (fusedState, separateState) = (optimizer.makeState(long), optimizer.makeState(long))
        let weights: [Float] = [0.1, 1, 0.003]
        let fusedAverages = weights.map { AverageStep(FlatBuffer(count: long.count), weight: $0) }
        let averages = weights.map { AverageStep(FlatBuffer(count: long.count), weight: $0) }
        let factors: [Float] = [1, 0.3, 0.77, 1]
        for (step, factor) in factors.enumerated() {
            let gradients = problem.gradients(at: separate)
            optimizer.update(
                fused,
                FlatBuffer(copying: gradients),
                times: factor,
                &fusedState,
                long,
                rate: 0.01,
                step: step,
                averages: fusedAverages
            )
            gradients.scale(by: factor)
            optimizer.update(separate, gradients, &separateState, long, rate: 0.01, step: step)
            for average in averages { average.take(toward: separate) }
        }
        #expect(fused.floats == separate.floats)
        #expect(fusedState.scalars == separateState.scalars)
        #expect(fusedState.buffers.mapValues(\.floats) == separateState.buffers.mapValues(\.floats))
        #expect(fusedAverages.map(\.average.floats) == averages.map(\.average.floats))
        #expect(fusedAverages[1].average.floats == fused.floats)
        #expect(fusedAverages[0].average.floats != fused.floats)
    }

    @Test("makes buffers as long as the parameters", arguments: Optimizers.methodNames)
    func stateFits(name: String) throws {
        let state = try optimizer(name).makeState(layout)
        #expect(state.buffers.values.allSatisfy { $0.count == layout.count })
        #expect(state.copied().buffers.mapValues(\.floats) == state.buffers.mapValues(\.floats))
    }
}

@Suite("Every rate schedule")
struct RateScheduleConformanceTests {
    @Test("is finite and in [0, 1] from start to beyond the end", arguments: RateSchedules.methodNames)
    func inRange(name: String) throws {
        let type = try #require(RateSchedules.method(named: name))
        let schedule = try #require(type.init() as? any LearningRateSchedule)
        for planned: UInt64 in [0, 1, 1000, 16_384, 1 << 20, 1 << 40] {
            for part in 0...110 {
                let samples = UInt64(Double(planned) * Double(part) / 100)
                let progress = Progress(step: part, samples: samples, plannedSamples: planned)
                let multiplier = schedule.multiplier(at: progress)
                #expect(multiplier >= 0 && multiplier <= 1, "\(samples) of \(planned)")
            }
        }
    }
}

@Suite("Every average")
struct AverageConformanceTests {
    @Test("has a decay in [0, 1] at every progress", arguments: Averages.methodNames)
    func inRange(name: String) throws {
        let average = try average(name)
        for samples: UInt64 in [0, 1, 64, 100, 65_536, 1 << 40] {
            for batch in [1, 64, 4096] {
                let decay = average.decay(at: Progress(samples: samples, plannedSamples: 1 << 30), batch: batch)
                #expect(decay >= 0 && decay <= 1, "\(samples) samples, batch \(batch)")
            }
        }
    }

    @Test("stays at parameters that do not move", arguments: Averages.methodNames)
    func fixedPoint(name: String) throws {
        let parameters = FlatBuffer([0.5, -2, 1e-20, 3e8])
        let tracker = AverageTracker([try average(name)], parameters: parameters)
        var progress = Progress(plannedSamples: 1 << 20)
        for _ in 0..<200 {
            progress.advance(by: 512)
            tracker.update(parameters: parameters, at: progress, batch: 512)
        }
        #expect(tracker.buffers[0].floats == [0.5, -2, 1e-20, 3e8])
        #expect(parameters.floats == [0.5, -2, 1e-20, 3e8])
    }

    @Test("comes to parameters that stopped moving", arguments: Averages.methodNames)
    func follows(name: String) throws {
        let parameters = FlatBuffer([0])
        let tracker = AverageTracker([try average(name)], parameters: parameters)
        var progress = Progress(plannedSamples: 1 << 22)
        for _ in 0..<8192 {
            parameters.fill(1)
            progress.advance(by: 512)
            tracker.update(parameters: parameters, at: progress, batch: 512)
        }
        expectClose(tracker.buffers[0].floats, [1], Tolerance(absolute: 1e-3))
    }

    private func average(_ name: String) throws -> any WeightAverage {
        let type = try #require(Averages.method(named: name))
        return try #require(type.init() as? any WeightAverage)
    }
}
