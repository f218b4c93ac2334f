public import Configs

/// What the network's output stands for, as scalar coefficients at each noise level.
public protocol Prediction: Method {
    /// How the network's input and output relate to the noised image, the clean image and the noise.
    ///
    /// `t` is in `[0, 1]`. All coefficients are finite.
    func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning
}

/// The coefficients around a network `F = network(inputScale * x_t, noiseLabel)`, all dimensionless.
///
/// For exact targets `skip * x_t + output * (targetData * x_0 + targetNoise * noise) = x_0`.
public struct Preconditioning: Sendable, Hashable {
    /// The factor of the noised image before the network.
    public var inputScale: Double
    /// What the network is told about the noise level; meant for sinusoidal features of periods from 2 pi to 2 pi 10^4.
    public var noiseLabel: Double
    /// The factor of the noised image in the clean prediction `skip * x_t + output * F`.
    public var skip: Double
    /// The factor of the network's output in the clean prediction.
    public var output: Double
    /// The factor of the clean image in the target of `F`.
    public var targetData: Double
    /// The factor of the noise in the target of `F`.
    public var targetNoise: Double

    /// Makes coefficients.
    public init(
        inputScale: Double,
        noiseLabel: Double,
        skip: Double,
        output: Double,
        targetData: Double,
        targetNoise: Double
    ) {
        self.inputScale = inputScale
        self.noiseLabel = noiseLabel
        self.skip = skip
        self.output = output
        self.targetData = targetData
        self.targetNoise = targetNoise
    }
}

extension NoiseSchedule {
    /// The noise label of predictions that count time in thousandths, as DDPM's networks expect it.
    func timeLabel(_ t: Double) -> Double { 1000 * t }

    /// A factor that keeps the input of a network from growing with the noise; 1 where `alpha^2 + sigma^2 <= 1`.
    func inputScale(_ t: Double) -> Double {
        let (alpha, sigma) = (alpha(t), sigma(t))
        return 1 / max(1, alpha * alpha + sigma * sigma).squareRoot()
    }
}
