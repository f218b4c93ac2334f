public import Buffers
public import Configs

/// How noise is drawn, for training and as the start of sampling.
///
/// A law gives noise of unit scale; the schedule's `sigma` multiplies it. The mean is 0 and every direction of the
/// pixels is alike.
public protocol NoiseLaw: Method {
    /// Whether all numbers are independent and normal.
    var isGaussian: Bool { get }

    /// The variance of each number; infinite if the law has none.
    var variance: Double { get }

    /// The noise of one sample, `[H, W, C]`, from the sample's own stream.
    func draw(_ shape: Shape, using random: inout RandomStream) -> TensorData
}
