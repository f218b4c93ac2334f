public import Configs

/// The base rate from start to end.
public struct Constant: LearningRateSchedule {
    /// The word in run files.
    public static let name = "constant"
    /// Where the schedule is described.
    public static let reference = Reference(
        title: "A Stochastic Approximation Method",
        year: 1951,
        link: "doi:10.1214/aoms/1177729586"
    )

    /// The schedule; it has no parameters.
    public init() {}

    /// Nothing can be wrong.
    public func validate() throws(ConfigError) {}

    /// Always 1.
    public func multiplier(at progress: Progress) -> Double { 1 }
}
