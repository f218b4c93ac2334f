public import Configs
public import Tensors

/// Predicts the clean image and goes to the next level with the same noise, or with a share of fresh noise.
///
/// `eta: 0` is deterministic, `eta: 1` draws as `ancestral` with its lower variance. One evaluation a step, first
/// order.
///
/// Source: Song, Meng and Ermon 2021, equations 12 and 16.
public struct DDIM: Sampler {
    /// `ddim`.
    public static let name = "ddim"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Implicit Models",
        year: 2021,
        link: "arXiv:2010.02502",
        equations: "equations 12 and 16"
    )

    /// The number of steps.
    public var steps = 50
    /// Where the steps lie.
    public var grid = Grid()
    /// The share of fresh noise, in `[0, 1]`.
    public var eta = 0.0

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try validateSteps()
        try ConfigError.require((0...1).contains(eta), "eta", found: eta, expected: "a number from 0 to 1")
    }

    /// First order.
    public var order: Int { 1 }

    /// One a step.
    public func evaluations(steps: Int) -> Int { steps }

    /// Goes from level to level.
    public func sample(
        from start: Tensor,
        along times: [Double],
        _ schedule: any NoiseSchedule,
        using noise: inout SampleNoise,
        _ denoise: (_ x: Tensor, _ t: Double) -> Tensor
    ) -> Tensor {
        let path = NoiseLevel.path(times, schedule)
        var x = start
        for (level, next) in zip(path, path.dropFirst()) {
            let clean = denoise(x, level.t)
            let fresh = eta * NoisePosterior(from: level, to: next).lower.squareRoot()
            let kept = NoiseLevel(
                t: next.t,
                alpha: next.alpha,
                sigma: max(0, next.sigma * next.sigma - fresh * fresh).squareRoot()
            )
            x = level.keepNoise(x, clean: clean, to: kept)
            if fresh > 0 { x = x + noise.normal(x.shape) * Float(fresh) }
        }
        return x
    }
}
