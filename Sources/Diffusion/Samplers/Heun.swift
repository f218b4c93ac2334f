public import Configs
public import Tensors

/// Solves the probability-flow equation with Heun's method, with noise stirred in before each step if wanted.
///
/// The equation is `dy/ds = (y - clean) / s` for `y = x / alpha` over `s = sigma / alpha`, as in the paper. On
/// schedules on which nothing is left of the data at full noise, where that `s` is infinite, `alpha + sigma` takes the
/// place of `alpha`; on the rectified flow `s` is then `t`. Second order; two evaluations a step but one at the last,
/// where the paper's correction would divide by 0.
///
/// Source: Karras et al. 2022, algorithms 1 and 2.
public struct Heun: Sampler {
    /// `heun`.
    public static let name = "heun"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "algorithms 1 and 2"
    )

    /// The number of steps.
    public var steps = 18
    /// Where the steps lie.
    public var grid = Grid(.rho)
    /// How much noise is stirred in over all steps, at least 0 (`S_churn`); 0 is deterministic.
    public var churn = 0.0
    /// The least noise ratio at which noise is stirred in (`S_min`).
    public var churnMinimum = 0.0
    /// The largest noise ratio at which noise is stirred in (`S_max`).
    public var churnMaximum = 1000.0
    /// The standard deviation of the noise stirred in (`S_noise`).
    public var churnNoise = 1.0

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try validateSteps()
        try ConfigError.require(churn >= 0 && churn.isFinite, "churn", found: churn, expected: "a number of at least 0")
        try ConfigError.require(
            churnMinimum >= 0 && churnMinimum.isFinite,
            "churnMinimum",
            found: churnMinimum,
            expected: "a number of at least 0"
        )
        try ConfigError.require(
            churnMaximum >= churnMinimum && churnMaximum.isFinite,
            "churnMaximum",
            found: churnMaximum,
            expected: "a number of at least churn_minimum"
        )
        try ConfigError.require(
            churnNoise > 0 && churnNoise <= 10,
            "churnNoise",
            found: churnNoise,
            expected: "a number above 0, at most 10"
        )
    }

    /// Second order.
    public var order: Int { 2 }

    /// Two a step but one at the last.
    public func evaluations(steps: Int) -> Int { 2 * steps - 1 }

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
        for (planned, next) in zip(path, path.dropFirst()) {
            let level = stirred(planned, of: times.count, schedule)
            x = stir(x, from: planned, to: level, using: &noise)
            let clean = denoise(x, level.t)
            let guess = level.keepNoise(x, clean: clean, to: next)
            guard next.sigma > 0 else {
                x = guess
                continue
            }
            let step = Step(from: level, to: next, keepsSignal: schedule.keepsSignal)
            x = step.corrected(x, clean: clean, guess, cleanOfGuess: denoise(guess, next.t))
        }
        return x
    }

    /// The noisier level from which a step is taken.
    private func stirred(_ level: NoiseLevel, of count: Int, _ schedule: any NoiseSchedule) -> NoiseLevel {
        guard churn > 0, level.alpha > 0, level.ratio >= churnMinimum, level.ratio <= churnMaximum else { return level }
        let growth = min(churn / Double(count), 2.0.squareRoot() - 1)
        return NoiseLevel(schedule.time(noiseRatio: level.ratio * (1 + growth)), schedule)
    }

    private func stir(
        _ x: Tensor,
        from level: NoiseLevel,
        to noisier: NoiseLevel,
        using noise: inout SampleNoise
    ) -> Tensor {
        guard noisier.t > level.t else { return x }
        let fresh = (noisier.ratio * noisier.ratio - level.ratio * level.ratio).squareRoot()
        return x * Float(noisier.alpha / level.alpha)
            + noise.normal(x.shape) * Float(noisier.alpha * churnNoise * fresh)
    }
}

extension Heun {
    /// The trapezoidal step in the coordinates `y = x / scale`, `s = sigma / scale`.
    private struct Step {
        let scale: Double
        let nextScale: Double
        let s: Double
        let nextS: Double

        init(from level: NoiseLevel, to next: NoiseLevel, keepsSignal: Bool) {
            scale = keepsSignal ? level.alpha : level.alpha + level.sigma
            nextScale = keepsSignal ? next.alpha : next.alpha + next.sigma
            s = level.sigma / scale
            nextS = next.sigma / nextScale
        }

        func corrected(_ x: Tensor, clean: Tensor, _ guess: Tensor, cleanOfGuess: Tensor) -> Tensor {
            let y = x * Float(1 / scale)
            let slope = (y - clean) * Float(1 / s)
            let nextSlope = (guess * Float(1 / nextScale) - cleanOfGuess) * Float(1 / nextS)
            return (y + (slope + nextSlope) * Float((nextS - s) / 2)) * Float(nextScale)
        }
    }
}
