public import Buffers
public import Configs

/// Which noise levels are trained.
public protocol TimeSampler: Method {
    /// The noise level of one training sample, in `[0, 1]`.
    ///
    /// `random` is the sample's own stream, `RandomStream(seed, .time, sampleID)`; with the id itself it is all that
    /// the level may depend on besides progress, so that no level depends on how a batch is split.
    func time(
        ofSample id: UInt64,
        _ schedule: any NoiseSchedule,
        at progress: Progress,
        using random: inout RandomStream
    ) -> Double
}
