public import Buffers
public import Configs

/// Uniform over `[0, 1)`, with neighbours in the run's order spread evenly over it.
///
/// Of every `strata` samples in a row one falls into each of as many equal intervals; the interval is the bit-reversed
/// place of the sample in its row, so that any shorter piece of the row is spread evenly too. It lowers the variance of
/// a batch's loss and changes no mean.
///
/// Source: Kingma et al. 2021, appendix I.1, with a place by sample instead of a shared random shift.
public struct StratifiedTime: TimeSampler {
    /// `stratified`.
    public static let name = "stratified"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Variational Diffusion Models",
        year: 2021,
        link: "arXiv:2107.00630",
        equations: "appendix I.1"
    )

    /// The number of intervals, a power of two from 2 to 65536.
    public var strata = 64

    /// The defaults.
    public init() {}

    /// Checks that the number of intervals is a power of two.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (2...65536).contains(strata) && strata.nonzeroBitCount == 1,
            "strata",
            found: strata,
            expected: "a power of two from 2 to 65536"
        )
    }

    /// A uniform number in the interval of the sample.
    public func time(
        ofSample id: UInt64,
        _ schedule: any NoiseSchedule,
        at progress: Progress,
        using random: inout RandomStream
    ) -> Double {
        let bits = strata.trailingZeroBitCount
        let interval = (id % UInt64(strata)).bitReversed >> UInt64(64 - bits)
        return (Double(interval) + random.uniform()) / Double(strata)
    }
}

extension UInt64 {
    /// The bits in the opposite order.
    fileprivate var bitReversed: UInt64 {
        (0..<64).reduce(0) { $0 | (self >> UInt64($1) & 1) << UInt64(63 - $1) }
    }
}
