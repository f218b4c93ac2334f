/// A mutable run of float32 numbers for parameters, gradients, optimiser state or averages; owned by one thread.
public final class FlatBuffer {
    /// The number of elements.
    public let count: Int
    /// Where the elements lie; whoever writes through it must be on the owner's thread.
    public let region: Region

    /// Zeros.
    public init(count: Int) {
        self.count = count
        let storage = Storage(byteCount: count * MemoryLayout<Float>.stride)
        region = Region(storage, offset: 0, count: count, dtype: .float32)
        fill(0)
    }

    private init(sharing region: Region) {
        count = region.count
        self.region = region
    }

    /// A buffer in the same memory as a range of this one: what is written to either stands in both.
    public func window(_ range: Range<Int>) -> FlatBuffer {
        FlatBuffer(sharing: region.part(range))
    }

    /// All numbers of a storage, with the values that it holds.
    public init(_ storage: Storage) {
        count = storage.byteCount / MemoryLayout<Float>.stride
        region = Region(storage, offset: 0, count: count, dtype: .float32)
    }

    /// A copy of another buffer.
    public convenience init(copying other: FlatBuffer) {
        self.init(count: other.count)
        copy(from: other)
    }

    /// A copy of numbers.
    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { region.floats.update(from: start, count: count) }
        }
    }

    /// A copy for another thread, of shape `[count]`.
    public func snapshot() -> TensorData {
        TensorData(
            bytes: UnsafeRawBufferPointer(start: region.address, count: count * MemoryLayout<Float>.stride),
            dtype: .float32,
            shape: [count]
        )
    }

    /// A part of the buffer seen as a tensor, without a copy.
    ///
    /// The view changes with the buffer: it is for the owner's thread and for as long as the buffer is not written.
    public func view(_ range: Range<Int>, shape: Shape) -> TensorData {
        TensorData(region.part(range), shape: shape)
    }

    /// The elements, to read.
    public func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        try body(UnsafeBufferPointer(start: region.floats, count: count))
    }

    /// The elements, to write.
    public func withMutableFloats<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try body(UnsafeMutableBufferPointer(start: region.floats, count: count))
    }

    /// A copy of the elements.
    public var floats: [Float] { withFloats { Array($0) } }
}
