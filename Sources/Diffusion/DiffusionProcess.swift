public import Buffers
public import Networks
public import Tensors

/// What turns a network's output into a clean image: a noise schedule and a prediction.
public struct DiffusionProcess: Sendable {
    /// How much noise there is at each level.
    public var schedule: any NoiseSchedule
    /// What the network's output stands for.
    public var prediction: any Prediction
    /// How the noise was drawn, and is drawn to start sampling.
    public var noise: any NoiseLaw

    /// Combines a schedule, a prediction and a law of noise.
    public init(schedule: any NoiseSchedule, prediction: any Prediction, noise: any NoiseLaw = WhiteNoise()) {
        self.schedule = schedule
        self.prediction = prediction
        self.noise = noise
    }

    /// The clean image that a network sees in noised images, all at the same level.
    ///
    /// `x` is `[B, H, W, C]`, `t` in `[0, 1]`. The result has the shape of `x`.
    public func clean(
        _ model: any Denoiser,
        _ x: Tensor,
        at t: Double,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let around = prediction.preconditioning(at: t, schedule)
        let answer = model(
            x * Float(around.inputScale),
            noiseLabel: .full([x.shape[0]], Float(around.noiseLabel)),
            condition: condition,
            context
        )
        return x * Float(around.skip) + answer * Float(around.output)
    }
}
