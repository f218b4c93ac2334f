public import Buffers
import Configs
import Datasets
public import Diffusion
import Networks

/// Draws samples with a set of weights and judges them.
public struct Evaluator: Sendable {
    /// The metrics that exist, by name.
    public static let metricNames = DigitMetrics.names

    private let recipe: Recipe

    /// An evaluator for a run.
    public init(_ recipe: Recipe) {
        self.recipe = recipe
    }

    /// Draws images.
    ///
    /// - Parameters:
    ///   - weights: Parameters or an average of them.
    ///   - request: How many, of which classes, with which sampler.
    ///   - progress: Called with the number of images that are done.
    /// - Returns: `[N, H, W, C]`, about `[-1, 1]`.
    public func draw(
        _ weights: FlatBuffer,
        _ request: SampleRequest,
        progress: (Int) -> Void = { _ in }
    ) -> TensorData {
        let plan = SamplingPlan(
            sampler: request.sampler ?? recipe.config.evaluation.sampler,
            steps: request.steps,
            guidance: request.guidance ?? recipe.config.evaluation.guidance,
            seed: request.seed,
            precision: recipe.config.precision
        )
        return Generator(recipe.model, recipe.config.objective.process, plan).generate(
            weights,
            count: request.labels.count,
            image: recipe.image,
            labels: recipe.manifest.classes > 0 ? request.labels : nil,
            report: progress
        )
    }

    /// A sheet of class-ordered samples as PNG.
    public func sheet(of weights: FlatBuffer) throws(TrainingError) -> [UInt8] {
        let count = recipe.config.evaluation.sheet
        let request = SampleRequest(
            labels: classOrdered(count),
            seed: recipe.config.evaluation.seed
        )
        let images = draw(weights, request)
        return try SampleGrid.png(
            images,
            columns: SampleGrid.columns(for: count),
            scale: SampleGrid.scale(forWidth: images.shape[2])
        )
    }

    /// Draws `count` images of all classes in turn and judges them; `count` 0 judges nothing.
    public func judge(
        _ weights: FlatBuffer,
        count: Int,
        metrics: [String]? = nil,
        request: SampleRequest? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws(TrainingError) -> EvaluationReport {
        guard count > 0, DigitMetrics.apply(to: recipe) else {
            return EvaluationReport(samples: 0, count: 0, metrics: [:])
        }
        var request = request ?? SampleRequest(labels: [], seed: recipe.config.evaluation.seed)
        let labels = inTurn(count)
        request.labels = labels
        let images = draw(weights, request, progress: progress)
        var report = try DigitMetrics(recipe).judge(images, labels: labels)
        if let metrics {
            report.metrics = report.metrics.filter { metrics.contains($0.key) || $0.key == "real_vs_real" }
        }
        return report
    }

    /// The labels in turn, from 0 on.
    public func inTurn(_ count: Int) -> [Int] {
        let classes = recipe.manifest.classes
        return (0..<count).map { classes == 0 ? Condition.dropped : $0 % classes }
    }

    /// Labels in rising order, as equally many of each as possible.
    public func classOrdered(_ count: Int) -> [Int] {
        let classes = recipe.manifest.classes
        return (0..<count).map { classes == 0 ? Condition.dropped : $0 * classes / count }
    }
}

/// How many images to draw, of which classes, and how.
public struct SampleRequest: Sendable {
    /// The class of each image, or `Condition.dropped`.
    public var labels: [Int]
    /// The seed of the noise.
    public var seed: UInt64
    /// Another sampler than the run file's.
    public var sampler: (any Sampler)?
    /// Another number of steps.
    public var steps: Int?
    /// Another guidance.
    public var guidance: (any Guidance)?

    /// Asks for one image per label.
    public init(labels: [Int], seed: UInt64) {
        self.labels = labels
        self.seed = seed
    }
}
