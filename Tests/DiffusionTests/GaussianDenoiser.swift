import Buffers
import Diffusion
import Networks
import Tensors

/// Data that is normal with one mean and one deviation for every pixel; the best clean prediction is known.
struct GaussianData: Sendable {
    var mean = 0.0
    var deviation = 0.5

    /// The clean image expected in `x` at a level: `m + a s^2 / (a^2 s^2 + sigma^2) (x - a m)`.
    func clean(_ x: Tensor, alpha: Double, sigma: Double) -> Tensor {
        let share = alpha * deviation * deviation / variance(alpha: alpha, sigma: sigma)
        return x * Float(share) + Float(mean - share * alpha * mean)
    }

    /// The variance of `x` at a level.
    func variance(alpha: Double, sigma: Double) -> Double {
        alpha * alpha * deviation * deviation + sigma * sigma
    }

    /// Where the probability-flow equation takes `x` from a level, exactly.
    func end(_ x: Double, alpha: Double, sigma: Double) -> Double {
        mean + deviation * (x - alpha * mean) / variance(alpha: alpha, sigma: sigma).squareRoot()
    }

    /// The same for every number of an image.
    func end(_ x: Tensor, alpha: Double, sigma: Double) -> Tensor {
        let share = deviation / variance(alpha: alpha, sigma: sigma).squareRoot()
        return x * Float(share) + Float(mean - share * alpha * mean)
    }
}

/// A network without parameters whose predictions are the best ones for normal data; the mean of class `k` is `mean +
/// k`.
///
/// It reads `t` from a label that counts thousandths and so works for every prediction but EDM.
struct GaussianDenoiser: Denoiser {
    var data: GaussianData
    var process: DiffusionProcess

    let inputChannels = 1
    let outputChannels = 1

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let rows = (0..<x.shape[0]).map { row in
            let t = Double(noiseLabel.floats[row]) / 1000
            let around = process.prediction.preconditioning(at: t, process.schedule)
            let noised = x.slice(axis: 0, row..<row + 1) * Float(1 / around.inputScale)
            var own = data
            if let label = condition.labels?[row], label != Condition.dropped { own.mean += Double(label) }
            let clean = own.clean(noised, alpha: process.schedule.alpha(t), sigma: process.schedule.sigma(t))
            return (clean - noised * Float(around.skip)) * Float(1 / around.output)
        }
        return .concatenate(rows, axis: 0)
    }
}

/// An affine network with a few parameters, for gradients that are known exactly: `F = scale x + slope label + class +
/// shift`.
struct AffineDenoiser: Denoiser {
    let inputChannels: Int
    let outputChannels: Int
    private let scale: Parameter
    private let slope: Parameter
    private let shift: Parameter
    private let classes: Parameter

    /// `classes` counts the classes; one more row stands for a dropped label.
    init(_ scope: ParameterScope, channels: Int, classes: Int) {
        inputChannels = channels
        outputChannels = channels
        scale = scope.parameter("scale", [channels], .normal(deviation: 0.5))
        slope = scope.parameter("slope", [channels], .normal(deviation: 0.5))
        shift = scope.parameter("shift", [channels], .normal(deviation: 0.5))
        self.classes = scope.parameter("classes", [classes + 1, channels], .normal(deviation: 0.5))
    }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let (batch, channels) = (x.shape[0], x.shape[3])
        let rows = classes.shape[0]
        let labels = (condition.labels ?? Array(repeating: Condition.dropped, count: batch)).map {
            $0 == Condition.dropped ? rows - 1 : $0
        }
        let time = (noiseLabel * 0.001).reshaped([batch, 1, 1, 1]) * context[slope]
        let embedded = context[classes].embedding(labels).reshaped([batch, 1, 1, channels])
        return x * context[scale] + time + embedded + context[shift]
    }
}
