import Buffers
public import Configs
import Networks
import Optimization
public import Tensors

/// Measures whole training steps: noise, forward, loss, backward, AdamW and one average.
public struct StepBenchmark {
    private let started = ContinuousClock.now
    private let workload: Workload
    private let batch: Int
    private let precision: Precision
    private let recompute: [String]
    private let loss: any WorkloadLoss
    private let layout: ParameterLayout
    private let parameters: FlatBuffer
    private let gradients: FlatBuffer
    private let averages: AverageTracker
    private let optimizer = AdamW()

    /// Builds a workload's network; `batch` nil takes the workload's.
    ///
    /// `recompute` names kinds of its blocks whose activations are computed again on the way back.
    public init(
        _ workload: Workload,
        batch: Int?,
        compute: ComputeType = .float32,
        recompute: [String] = []
    ) throws(ConfigError) {
        try ConfigError.require(recompute, areAmong: workload.network.blocks)
        self.recompute = recompute
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

    /// Takes steps for about `seconds`; with `profiled` the line tells where their time went.
    public func run(seconds: Double, threads: Int, profiled: Bool = false) -> BenchmarkLine {
        guard profiled else { return run(seconds, threads, nil) }
        let profile = ProfilingBackend(Compute.backend)
        return Compute.$backend.withValue(profile) { run(seconds, threads, profile) }
    }

    private func run(_ seconds: Double, _ threads: Int, _ profile: ProfilingBackend?) -> BenchmarkLine {
        var progress = Progress(plannedSamples: 1 << 30)
        var state = optimizer.makeState(layout)
        let images = workload.batch(of: batch)
        let take = {
            Compute.section(.other) { step(images, &state, progress) }
            progress.advance(by: UInt64(batch))
        }
        take()
        let first = (ContinuousClock.now - started) / .seconds(1)
        take()
        // Before the large products take memory too.
        let activations = Double(Compute.backend.counters.peakBytes) / 1_048_576
        let (memory, peak) = (BenchmarkLine.peakMemory(), GEMMPeak.measure())
        let (counters, spent) = (Compute.backend.counters, profile?.times)
        let times = Repeat.times(seconds: seconds, warmup: 0, take)
        var line = BenchmarkLine(name: "train_step", config: config(threads: threads), times: times)
        line.imagesPerS = Double(batch) / line.median
        line.params = layout.count
        line.peakRssMb = memory
        line.firstStepS = first
        if let profile, let spent { line.profile = StepProfile(profile.times.since(spent), steps: times.count) }
        let operations = Compute.backend.counters.since(counters).gemmOperations
        line.rate(operations: operations, repetitions: times.count, peak: max(peak, GEMMPeak.measure()))
        if !recompute.isEmpty { line.config["recompute"] = recompute.joined(separator: ",") }
        line.activationsMb = activations
        return line
    }

    private func config(threads: Int) -> [String: String] {
        [
            "model": workload.name, "batch": "\(batch)", "threads": "\(threads)", "dtype": precision.compute.name,
            "backend": Compute.backend.name,
        ]
    }

    private func step(_ images: Batch, _ state: inout OptimizerState, _ progress: Progress) {
        Compute.section(.optimizer) { gradients.fill(0) }
        let tape = Tape()
        let forward = ForwardContext(
            weights: ComputeWeights(parameters, precision),
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: 0, purpose: .dropout, index: 0)
        )
        forward.recomputedBlocks = Set(recompute)
        tape.backward(loss.total(images, forward, at: progress), into: gradients, of: parameters)
        Compute.section(.optimizer) {
            optimizer.update(
                parameters,
                gradients,
                times: 1 / Float(batch),
                &state,
                layout,
                rate: 1e-4,
                step: progress.step,
                averages: averages.steps(at: progress, batch: batch)
            )
        }
    }
}
