public import Configs
public import Tensors

/// Turns noise into a sample along a grid of noise levels.
public protocol Sampler: Method {
    /// The number of steps, at least 1.
    var steps: Int { get }

    /// Where the steps lie.
    var grid: Grid { get }

    /// The order of convergence: without fresh noise the error falls as `steps^-order`.
    var order: Int { get }

    /// How often `steps` steps call the network's prediction.
    func evaluations(steps: Int) -> Int

    /// Goes from `start`, an image at the level `times[0]`, along the falling levels `times` and then to the clean
    /// image.
    ///
    /// `start` is `[B, H, W, C]` and so is the result. `noise` gives fresh noise, each sample's from its own stream.
    /// `denoise(x, t)` answers the clean image seen in `x` at level `t`; it is the only costly part.
    func sample(
        from start: Tensor,
        along times: [Double],
        _ schedule: any NoiseSchedule,
        using noise: inout SampleNoise,
        _ denoise: (_ x: Tensor, _ t: Double) -> Tensor
    ) -> Tensor
}

extension Sampler {
    /// Checks the number of steps and the grid.
    func validateSteps() throws(ConfigError) {
        try ConfigError.require(
            (1...100_000).contains(steps),
            "steps",
            found: steps,
            expected: "a whole number from 1 to 100000"
        )
    }
}

extension NoiseLevel {
    /// Keeps the noise seen in `x` and exchanges its share: `x' = alpha' x_0 + sigma' (x - alpha x_0) / sigma`.
    ///
    /// This is the exact solution of the probability-flow equation for a constant clean image.
    func keepNoise(_ x: Tensor, clean: Tensor, to next: NoiseLevel) -> Tensor {
        let left = noiseLeft(at: next)
        return x * Float(left) + clean * Float(next.alpha - left * alpha)
    }
}
