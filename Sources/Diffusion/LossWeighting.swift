public import Configs

/// How much each noise level counts.
public protocol LossWeighting: Method {
    /// The weight of the mean squared error of the network's output `F` at noise level `t`, finite and at least 0.
    ///
    /// `preconditioning` belongs to the prediction at `t`. Since an error of `F` is an error of the clean image divided
    /// by `output`, a weight on the clean image's squared error becomes one on `F` through the factor `output^2`, for
    /// every prediction alike.
    func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double
}
