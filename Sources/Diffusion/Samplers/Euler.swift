public import Configs
public import Tensors

/// Solves the probability-flow equation with one evaluation a step.
///
/// In `y = x / alpha` over `s = sigma / alpha` the equation is `dy/ds = (y - clean) / s`; a step of Euler's method in
/// `s` is the same as one in `t` on the rectified flow, and the same as DDIM without fresh noise. First order.
///
/// Source: Karras et al. 2022, equation 4 and algorithm 1 without its second-order correction.
public struct Euler: Sampler {
    /// `euler`.
    public static let name = "euler"
    /// The paper that describes it in this form.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "equation 4"
    )

    /// The number of steps.
    public var steps = 50
    /// Where the steps lie.
    public var grid = Grid()

    /// The defaults.
    public init() {}

    /// Checks the number of steps.
    public func validate() throws(ConfigError) {
        try validateSteps()
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
        return zip(path, path.dropFirst()).reduce(start) { x, step in
            step.0.keepNoise(x, clean: denoise(x, step.0.t), to: step.1)
        }
    }
}
