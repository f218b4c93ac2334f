public import Buffers
public import Networks
public import Tensors

/// How samples are drawn from a trained network.
public struct SamplingPlan: Sendable {
    /// How noise becomes an image.
    public var sampler: any Sampler
    /// Steps instead of the sampler's own number, or nil.
    public var steps: Int?
    /// How conditional and unconditional predictions combine.
    public var guidance: any Guidance
    /// The seed of the noise.
    public var seed: UInt64
    /// The most samples of one forward pass; bounds memory and changes no sample.
    public var batch: Int
    /// If given, clean predictions are cut to `-bound...bound` at every step.
    public var bound: Double?
    /// The element types of the network's passes.
    public var precision: Precision

    /// Makes a plan.
    public init(
        sampler: any Sampler,
        steps: Int? = nil,
        guidance: any Guidance = NoGuidance(),
        seed: UInt64,
        batch: Int = 64,
        bound: Double? = nil,
        precision: Precision = Precision()
    ) {
        precondition(batch >= 1, "batches of \(batch) samples")
        self.sampler = sampler
        self.steps = steps
        self.guidance = guidance
        self.seed = seed
        self.batch = batch
        self.bound = bound
        self.precision = precision
    }
}

/// Draws samples from a network; sample `i` depends only on the plan, its label and `i`.
public struct Generator: Sendable {
    private let model: any Denoiser
    private let process: DiffusionProcess
    private let plan: SamplingPlan

    /// A generator for a network that was trained for a process.
    public init(_ model: any Denoiser, _ process: DiffusionProcess, _ plan: SamplingPlan) {
        self.model = model
        self.process = process
        self.plan = plan
    }

    /// The samples `0..<count` as `[count, H, W, C]`.
    ///
    /// `image` is `[H, W, C]`; `labels` holds one label a sample, `Condition.dropped` for none, or is nil for a network
    /// without labels. `report` is told how many samples are done after every batch.
    public func generate(
        _ parameters: FlatBuffer,
        count: Int,
        image: Shape,
        labels: [Int]? = nil,
        report: (Int) -> Void = { _ in }
    ) -> TensorData {
        generate(parameters, samples: 0..<UInt64(count), image: image, labels: labels, report: report)
    }

    /// The samples of a range of indices as `[N, H, W, C]`, so that several workers can share the work.
    public func generate(
        _ parameters: FlatBuffer,
        samples: Range<UInt64>,
        image: Shape,
        labels: [Int]? = nil,
        report: (Int) -> Void = { _ in }
    ) -> TensorData {
        precondition(labels.map { $0.count == samples.count } ?? true, "labels do not fit \(samples.count) samples")
        let times = plan.sampler.grid.times(steps: plan.steps ?? plan.sampler.steps, process.schedule)
        var values: [Float] = []
        values.reserveCapacity(samples.count * image.count)
        let weights = ComputeWeights(parameters, plan.precision)
        for start in stride(from: 0, to: samples.count, by: plan.batch) {
            let rows = start..<min(samples.count, start + plan.batch)
            let indices = samples.lowerBound + UInt64(rows.lowerBound)..<samples.lowerBound + UInt64(rows.upperBound)
            let condition = Condition(labels: labels).rows(rows)
            values += draw(indices, weights, image, condition, along: times).floats
            report(rows.upperBound)
        }
        return TensorData(values, shape: Shape([samples.count] + image.dimensions))
    }

    private func draw(
        _ samples: Range<UInt64>,
        _ weights: ComputeWeights,
        _ image: Shape,
        _ condition: Condition,
        along times: [Double]
    ) -> Tensor {
        var noise = SampleNoise(seed: plan.seed, samples: samples)
        let context = ForwardContext(
            weights: weights,
            tape: nil,
            isTraining: false,
            random: RandomStream(seed: plan.seed, purpose: .dropout, index: samples.lowerBound)
        )
        let drawn = noise.draw(process.noise, Shape([samples.count] + image.dimensions))
        let start = drawn * Float(process.schedule.sigma(times[0]))
        return plan.sampler.sample(from: start, along: times, process.schedule, using: &noise) { x, t in
            let clean = plan.guidance.clean(x, at: t, condition: condition) { rows, condition in
                process.clean(model, rows, at: t, condition: condition, context)
            }
            guard let bound = plan.bound else { return clean }
            return clean.clamped(Float(-bound), Float(bound))
        }
    }
}
