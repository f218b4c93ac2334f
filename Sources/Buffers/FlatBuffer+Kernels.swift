import CKernels

extension FlatBuffer {
    /// Sets every element.
    public func fill(_ value: Float) {
        ck_fill(region.floats, count, value)
    }

    /// Takes over the elements of a buffer of the same count.
    public func copy(from other: FlatBuffer) {
        precondition(other.count == count, "\(other.count) elements into \(count)")
        region.floats.update(from: other.region.floats, count: count)
    }

    /// Takes over the elements of float32 data of the same count.
    public func copy(from data: TensorData) {
        precondition(data.region.count == count, "\(data.region.count) elements into \(count)")
        region.floats.update(from: data.region.floats, count: count)
    }

    /// Takes over a range of the elements of a buffer of the same count, each multiplied by a factor.
    ///
    /// The bits are those of a copy of all elements that is then scaled.
    public func copy(_ range: Range<Int>, of other: FlatBuffer, times factor: Float) {
        precondition(other.count == count, "\(other.count) elements into \(count)")
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range \(range) of \(count)")
        let start = region.floats + range.lowerBound
        start.update(from: other.region.floats + range.lowerBound, count: range.count)
        ck_scale(start, range.count, factor)
    }

    /// Adds `scale * other`.
    public func add(_ other: FlatBuffer, scale: Float = 1) {
        precondition(other.count == count, "\(other.count) elements added to \(count)")
        ck_axpy(region.floats, other.region.floats, count, scale)
    }

    /// Multiplies every element.
    public func scale(by factor: Float) {
        ck_scale(region.floats, count, factor)
    }

    /// Moves every element towards `target` by the fraction `weight` in `[0, 1]`; 1 copies the bits of the target.
    public func lerp(toward target: FlatBuffer, weight: Float) {
        precondition(target.count == count, "\(target.count) elements against \(count)")
        guard weight != 1 else { return copy(from: target) }
        ck_lerp(region.floats, target.region.floats, count, weight)
    }

    /// The sum of squares, in double precision and in a fixed order.
    public var squaredNorm: Double { ck_squared_norm(region.floats, count) }

    /// Whether every element is finite.
    public var isFinite: Bool { ck_is_finite(region.floats, count) }
}

extension FlatBuffer {
    /// Takes over float32 data into the elements from `offset` on.
    public func copy(from data: TensorData, at offset: Int) {
        precondition(
            offset >= 0 && offset + data.region.count <= count,
            "\(data.region.count) at \(offset) of \(count)"
        )
        (region.floats + offset).update(from: data.region.floats, count: data.region.count)
    }
}
