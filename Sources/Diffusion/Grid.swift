public import Configs
import RealModule

/// The noise levels at which a sampler evaluates the network, from noise to data.
///
/// `uniform`: `t_i = start + (end - start) i / N`. `rho`: the noise ratios `sigma / alpha` are `(max^(1/rho) + i/(N-1)
/// (min^(1/rho) - max^(1/rho)))^rho`, brought back to `t` by the schedule. `i = 0..<N`; after the last level a sampler
/// always steps to the clean image.
///
/// Source: `rho` is Karras et al. 2022, equation 5.
public struct Grid: Configurable, Hashable {
    /// How levels are spaced.
    public enum Spacing: String, Codable, Sendable, CaseIterable {
        /// Evenly in `t`.
        case uniform
        /// Evenly in the `rho`-th root of the noise ratio.
        case rho
    }

    /// How levels are spaced.
    public var spacing = Spacing.uniform
    /// The first level of `uniform`, in `(0, 1]`.
    public var start = 1.0
    /// Where `uniform` ends, in `[0, start)`; the last evaluation is one step before it.
    public var end = 0.0
    /// The exponent of `rho`, at least 1.
    public var rho = 7.0
    /// The largest noise ratio of `rho`; cut to what the schedule reaches.
    public var maximumRatio = 80.0
    /// The least noise ratio of `rho`; cut to what the schedule reaches.
    public var minimumRatio = 0.002

    /// Even in `t`, from noise to data.
    public init() {}

    /// Another spacing with the defaults of everything else.
    public init(_ spacing: Spacing) {
        self.spacing = spacing
    }

    /// Checks ranges and orders.
    public func validate() throws(ConfigError) {
        try ConfigError.require(start > 0 && start <= 1, "start", found: start, expected: "a number above 0, at most 1")
        try ConfigError.require(end >= 0 && end < start, "end", found: end, expected: "a number from 0 to below start")
        try ConfigError.require((1...100).contains(rho), "rho", found: rho, expected: "a number from 1 to 100")
        try ConfigError.require(
            minimumRatio > 0 && minimumRatio.isFinite,
            "minimumRatio",
            found: minimumRatio,
            expected: "a number above 0"
        )
        try ConfigError.require(
            maximumRatio > minimumRatio && maximumRatio.isFinite,
            "maximumRatio",
            found: maximumRatio,
            expected: "a number above minimum_ratio"
        )
    }

    /// The falling levels of `steps` steps; `steps` is at least 1.
    public func times(steps: Int, _ schedule: any NoiseSchedule) -> [Double] {
        precondition(steps >= 1, "\(steps) steps")
        switch spacing {
        case .uniform:
            return (0..<steps).map { start + (end - start) * Double($0) / Double(steps) }
        case .rho:
            return ratios(steps, schedule).map { schedule.time(noiseRatio: $0) }
        }
    }

    private func ratios(_ steps: Int, _ schedule: any NoiseSchedule) -> [Double] {
        let most = Double.pow(min(maximumRatio, schedule.noiseRatio(1)), 1 / rho)
        let least = Double.pow(max(minimumRatio, schedule.noiseRatio(0)), 1 / rho)
        return (0..<steps).map { step in
            .pow(most + (least - most) * Double(step) / Double(max(1, steps - 1)), rho)
        }
    }
}
