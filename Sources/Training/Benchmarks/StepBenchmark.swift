import Buffers
public import Configs
import Networks
import Optimization
public import Tensors

/// Measures whole training steps: noise, forward, loss, backward, AdamW and one average.
public struct StepBenchmark {
    private let workload: Workload
    private let batch: Int
    private let precision: Precision
    private let loss: any WorkloadLoss
    private let layout: ParameterLayout
    private let parameters: FlatBuffer
    private let gradients: FlatBuffer
    private let averages: AverageTracker
    private let optimizer = AdamW()

    /// Builds a workload's network; `batch` nil takes the workload's.
    public init(_ workload: Workload, batch: Int?, compute: ComputeType = .float32) throws(ConfigError) {
        self.workload = workload
        var precision = Precision()
        precision.compute = compute
        self.precision = precision
        self.batch = batch ?? workload.batch
        let scope = ParameterScope()
        loss = try workload.network.loss(scope, image: workload.image, classes: workload.classes)
        layout = scope.layout
        parameters = scope.initialize(seed: 0)
        gradients = FlatBuffer(count: layout.count)
        averages = AverageTracker([Exponential()], parameters: parameters)
    }

    /// Takes steps for about `seconds`.
    public func run(seconds: Double, threads: Int) -> BenchmarkLine {
        var progress = Progress(plannedSamples: 1 << 30)
        var state = optimizer.makeState(layout)
        let images = makeBatch()
        let times = Repeat.times(seconds: seconds, warmup: 2) {
            step(images, &state, progress)
            progress.advance(by: UInt64(batch))
        }
        var line = BenchmarkLine(
            name: "train_step",
            config: [
                "model": workload.name, "batch": "\(batch)", "threads": "\(threads)",
                "dtype": precision.compute == .float32 ? "fp32" : "bf16",
                "backend": Compute.backend.name,
            ],
            times: times
        )
        line.imagesPerS = Double(batch) / line.median
        line.params = layout.count
        return line
    }

    private func makeBatch() -> Batch {
        var random = RandomStream(seed: 0, purpose: .augmentation, index: 0)
        let labels = workload.classes == 0 ? nil : (0..<batch).map { $0 % workload.classes }
        return Batch(
            images: random.normal(Shape([batch] + workload.image.dimensions)),
            condition: Condition(labels: labels),
            sampleIDs: (0..<UInt64(batch)).map { $0 }
        )
    }

    private func step(_ images: Batch, _ state: inout OptimizerState, _ progress: Progress) {
        gradients.fill(0)
        let tape = Tape()
        let forward = ForwardContext(
            weights: ComputeWeights(parameters, precision),
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: 0, purpose: .dropout, index: 0)
        )
        tape.backward(loss.total(images, forward, at: progress), into: gradients, of: parameters)
        gradients.scale(by: 1 / Float(batch))
        optimizer.update(parameters, gradients, &state, layout, rate: 1e-4, step: progress.step)
        averages.update(parameters: parameters, at: progress, batch: batch)
    }
}
