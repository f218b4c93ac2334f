import Configs

/// A point of the way from noise to data, as coefficients of `x = alpha x_0 + sigma noise`.
struct NoiseLevel: Hashable {
    let t: Double
    let alpha: Double
    let sigma: Double

    /// The clean image; where every sampler ends.
    static let clean = NoiseLevel(t: 0, alpha: 1, sigma: 0)

    init(t: Double, alpha: Double, sigma: Double) {
        self.t = t
        self.alpha = alpha
        self.sigma = sigma
    }

    init(_ t: Double, _ schedule: any NoiseSchedule) {
        self.init(t: t, alpha: schedule.alpha(t), sigma: schedule.sigma(t))
    }

    /// The noise of the image scaled back to full signal.
    var ratio: Double { sigma / alpha }

    /// The levels of a grid, with the clean image after the last.
    static func path(_ times: [Double], _ schedule: any NoiseSchedule) -> [NoiseLevel] {
        times.map { NoiseLevel($0, schedule) } + [.clean]
    }

    /// What remains of the noise's factor when the image goes to `next` with the same noise.
    func noiseLeft(at next: NoiseLevel) -> Double {
        sigma > 0 ? next.sigma / sigma : 0
    }
}

/// The normal distribution of an image at `next` given the image at `level` and the clean image:
/// mean `image * x + clean * x_0`, variance between `lower` and `upper`.
///
/// Source: Ho et al. 2020, equations 6 and 7, for any `alpha` and `sigma` as in Kingma et al. 2021, appendix A.2.
struct NoisePosterior {
    let image: Double
    let clean: Double
    /// The variance given the clean image.
    let lower: Double
    /// The variance of the noise between the levels.
    let upper: Double

    init(from level: NoiseLevel, to next: NoiseLevel) {
        let factor = next.alpha > 0 ? level.alpha / next.alpha : 1
        let square = level.sigma * level.sigma
        let nextSquare = next.sigma * next.sigma
        // Rounding must not make the variance of a very short step negative.
        upper = max(0, square - factor * factor * nextSquare)
        let share = square > 0 ? 1 / square : 0
        image = factor * nextSquare * share
        clean = next.alpha * upper * share
        lower = upper * nextSquare * share
    }
}
