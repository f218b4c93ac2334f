public import Configs
import RealModule
public import Tensors

/// Draws every level from its distribution given the level before and the predicted clean image, as DDPM does.
///
/// The variance lies between that given the clean image (`variance: 0`, the paper's beta tilde) and that of the noise
/// between the levels (`variance: 1`, beta), on a logarithmic scale. The last step adds no noise. One evaluation a
/// step.
///
/// Source: Ho et al. 2020, algorithm 2; Nichol and Dhariwal 2021, equation 15 for the interpolation.
public struct Ancestral: Sampler {
    /// `ancestral`.
    public static let name = "ancestral"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "algorithm 2"
    )

    /// The number of steps.
    public var steps = 250
    /// Where the steps lie.
    public var grid = Grid()
    /// Which variance is drawn, in `[0, 1]`: 0 the lower bound, 1 the upper bound.
    public var variance = 0.0

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try validateSteps()
        try ConfigError.require(
            (0...1).contains(variance),
            "variance",
            found: variance,
            expected: "a number from 0 to 1"
        )
    }

    /// First order.
    public var order: Int { 1 }

    /// One a step.
    public func evaluations(steps: Int) -> Int { steps }

    /// Draws level after level.
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
            let posterior = NoisePosterior(from: level, to: next)
            x = x * Float(posterior.image) + denoise(x, level.t) * Float(posterior.clean)
            guard posterior.lower > 0 else { continue }
            let deviation = Double.pow(posterior.lower, (1 - variance) / 2) * .pow(posterior.upper, variance / 2)
            x = x + noise.normal(x.shape) * Float(deviation)
        }
        return x
    }
}
