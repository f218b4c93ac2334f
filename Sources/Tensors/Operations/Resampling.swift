import Buffers

extension Tensor {
    /// Images of twice the size; each pixel becomes 2 x 2 equal ones.
    public func upsampledNearest2() -> Tensor { resampled(.nearestUp2) }

    /// Images of twice the size by bilinear interpolation, pixel centres at half integers.
    public func upsampledBilinear2() -> Tensor { resampled(.bilinearUp2) }

    /// Images of half the size; each pixel is the mean of 2 x 2.
    ///
    /// Height and width must be even.
    public func averagePooled2() -> Tensor { resampled(.averageDown2) }

    private func resampled(_ kind: Resampling) -> Tensor {
        precondition(shape.rank >= 3, "resampling of \(shape)")
        if kind == .averageDown2 { requireEvenSize() }
        let lead = shape.dimensions.dropLast(3)
        let sizes = ImageShape(batch: lead.reduce(1, *), height: shape[-3], width: shape[-2], channels: shape[-1])
        let y = TensorData.uninitialized(
            Shape(lead + [kind.length(of: sizes.height), kind.length(of: sizes.width), sizes.channels]),
            data.dtype
        )
        Compute.backend.resample(kind, sizes, data.region, into: y.region)
        let (input, dtype) = (shape, data.dtype)
        return Tensor.record(y, from: [self]) { dy, sink in
            guard sink.wants(0) else { return }
            let dx = TensorData.uninitialized(input, dtype)
            Compute.backend.resampleGradient(kind, sizes, dy.region, into: dx.region)
            sink.add(0, dx)
        }
    }

    /// `[B, H, W, 4 C]` to `[B, 2 H, 2 W, C]`: channel `4 c + 2 i + j` becomes pixel `(2 h + i, 2 w + j)` of channel `c`.
    public func pixelShuffled2() -> Tensor {
        precondition(shape.rank == 4 && shape[3] % 4 == 0, "pixel shuffle of \(shape)")
        let (b, h, w, c) = (shape[0], shape[1], shape[2], shape[3] / 4)
        return reshaped([b, h, w, c, 2, 2]).permuted([0, 1, 4, 2, 5, 3]).reshaped([b, 2 * h, 2 * w, c])
    }

    /// The inverse of `pixelShuffled2`: `[B, 2 H, 2 W, C]` to `[B, H, W, 4 C]`.
    public func pixelUnshuffled2() -> Tensor {
        precondition(shape.rank == 4, "pixel unshuffle of \(shape)")
        requireEvenSize()
        let (b, h, w, c) = (shape[0], shape[1] / 2, shape[2] / 2, shape[3])
        return reshaped([b, h, 2, w, 2, c]).permuted([0, 1, 3, 5, 2, 4]).reshaped([b, h, w, 4 * c])
    }

    /// Traps unless height and width are even.
    func requireEvenSize() {
        precondition(shape[-3] % 2 == 0 && shape[-2] % 2 == 0, "even height and width expected, found \(shape)")
    }
}
