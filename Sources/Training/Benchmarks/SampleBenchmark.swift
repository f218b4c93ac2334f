import Buffers
public import Configs
import Diffusion
import Networks
public import Tensors

/// Measures drawing samples: deterministic steps from noise to images, without a tape.
///
/// Transformers follow a velocity field by Euler's method, U-Nets find noise and go by DDIM; both evaluate the network once a step.
public struct SampleBenchmark {
    private let workload: Workload
    private let batch: Int
    private let precision: Precision
    private let sampling: WorkloadSampling
    /// The workload's network.
    let model: any Denoiser
    private let layout: ParameterLayout
    private let parameters: FlatBuffer

    /// Builds a workload's network; `batch` nil takes the workload's, and nil comes back for networks that draw no samples.
    public init?(_ workload: Workload, batch: Int?, compute: ComputeType = .float32) throws(ConfigError) {
        guard case .denoiser(let definition) = workload.network, let sampling = workload.sampling else { return nil }
        self.workload = workload
        self.sampling = sampling
        self.batch = batch ?? workload.batch
        var precision = Precision()
        precision.compute = compute
        self.precision = precision
        let scope = ParameterScope()
        model = try definition.build(scope, image: workload.image, classes: workload.classes)
        layout = scope.layout
        parameters = scope.initialize(seed: 0)
    }

    /// Draws batches with `steps` steps each for about `seconds`, and at least three, after a short one that is not counted.
    public func run(steps: Int, seconds: Double, threads: Int) -> BenchmarkLine {
        draw(model, steps: min(3, steps))
        let (memory, peak) = (BenchmarkLine.peakMemory(), GEMMPeak.measure())
        let counters = Compute.backend.counters
        let times = Repeat.times(seconds: seconds, warmup: 0) { draw(model, steps: steps) }
        var line = BenchmarkLine(
            name: "sample",
            config: [
                "model": workload.name, "batch": "\(batch)", "steps": "\(steps)", "threads": "\(threads)",
                "dtype": precision.compute.name, "backend": Compute.backend.name,
                "sampler": type(of: sampling.sampler).name,
            ],
            times: times
        )
        line.imagesPerS = Double(batch) / line.median
        line.params = layout.count
        line.peakRssMb = memory
        let operations = Compute.backend.counters.since(counters).gemmOperations
        line.rate(operations: operations, repetitions: times.count, peak: max(peak, GEMMPeak.measure()))
        return line
    }

    /// Draws one batch with a network of the workload's parameters.
    @discardableResult
    func draw(_ model: any Denoiser, steps: Int) -> TensorData {
        let plan = SamplingPlan(sampler: sampling.sampler, steps: steps, seed: 0, batch: batch, precision: precision)
        return Generator(model, sampling.process, plan).generate(
            parameters,
            count: batch,
            image: workload.image,
            labels: workload.labels(batch)
        )
    }
}

/// How samples are drawn from a workload's network.
struct WorkloadSampling {
    let sampler: any Sampler
    let process: DiffusionProcess
}

extension Workload {
    /// How samples are drawn; nil for networks that draw none.
    var sampling: WorkloadSampling? {
        guard case .denoiser(let definition) = network else { return nil }
        return definition is DiT
            ? WorkloadSampling(
                sampler: Euler(),
                process: DiffusionProcess(schedule: RectifiedFlow(), prediction: FlowPrediction())
            )
            : WorkloadSampling(
                sampler: DDIM(),
                process: DiffusionProcess(schedule: LinearSchedule(), prediction: NoisePrediction())
            )
    }
}
