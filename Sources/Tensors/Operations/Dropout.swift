public import Buffers

extension Tensor {
    /// Sets each element to 0 with probability `rate` in `[0, 1)` and divides the others by `1 - rate`.
    ///
    /// The mask depends on the stream alone: the same stream gives the same mask.
    ///
    /// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    public func dropout(_ rate: Float, using random: inout RandomStream) -> Tensor {
        precondition(rate >= 0 && rate < 1, "dropout rate \(rate)")
        guard rate > 0 else { return self }
        // Uniform numbers are multiples of 2^-24: after scaling by 2^24 they differ from the threshold by 0 or at least 1, so that
        // clamping gives exactly 0 or 1.
        let scale: Float = 0x1p24
        let threshold = (rate * scale).rounded()
        let kept = random.uniform(shape)
            .unary(.affine(scale: scale, offset: 1 - threshold))
            .unary(.clamp(low: 0, high: 1))
            .scaled(1 / (1 - rate))
        return self * Tensor(kept)
    }
}
