public import Configs
public import Tensors

/// Draws with a consistency model: it jumps to the end of the path, adds fresh noise, and jumps again.
///
/// `x = f(x_t, t)`; for each further level of ratio `s`, `x = f(x + sqrt(s^2 - sigma_min^2) noise, s)`, where `x` and
/// `s` are of images scaled back to full signal. One evaluation a step; with one step nothing but the start is random.
/// The network must answer ends of paths and not means of images: prediction `consistency`.
///
/// Source: Song et al. 2023, algorithm 1.
public struct MultistepConsistency: Sampler {
    /// `multistep-consistency`.
    public static let name = "multistep-consistency"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Consistency Models",
        year: 2023,
        link: "arXiv:2303.01469",
        equations: "algorithm 1"
    )

    /// The number of steps.
    public var steps = 2
    /// Where the steps lie; at the prediction's least noise a step would do nothing, so that the grid ends above it.
    public var grid = Self.defaultGrid
    /// The noise ratio that is left in what the network answers: that of the prediction; above 0.
    public var sigmaMin = 0.002

    private static var defaultGrid: Grid {
        var grid = Grid(.rho)
        grid.minimumRatio = 0.8
        return grid
    }

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try validateSteps()
        try ConfigError.require(
            sigmaMin > 0 && sigmaMin.isFinite,
            "sigmaMin",
            found: sigmaMin,
            expected: "a number above 0"
        )
    }

    /// First order by name alone: the noise is always fresh.
    public var order: Int { 1 }

    /// One a step.
    public func evaluations(steps: Int) -> Int { steps }

    /// Jumps from every level.
    public func sample(
        from start: Tensor,
        along times: [Double],
        _ schedule: any NoiseSchedule,
        using noise: inout SampleNoise,
        _ denoise: (_ x: Tensor, _ t: Double) -> Tensor
    ) -> Tensor {
        precondition(!times.isEmpty, "no levels to sample along")
        var end = denoise(start, times[0])
        for t in times.dropFirst() {
            let level = NoiseLevel(t, schedule)
            let left = level.alpha * sigmaMin
            let fresh = max(0, level.sigma * level.sigma - left * left).squareRoot()
            end = denoise(end * Float(level.alpha) + noise.normal(end.shape) * Float(fresh), t)
        }
        return end
    }
}
