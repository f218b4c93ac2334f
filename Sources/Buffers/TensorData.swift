/// Immutable numbers with a shape; may be handed to another thread.
public struct TensorData: Sendable {
    /// The dimensions.
    public let shape: Shape
    /// Where the elements lie, row-major and without gaps.
    public let region: Region

    /// The element type.
    public var dtype: DType { region.dtype }

    /// Gives a region a shape of as many elements.
    public init(_ region: Region, shape: Shape) {
        precondition(region.count == shape.count, "\(region.count) elements for shape \(shape)")
        self.region = region
        self.shape = shape
    }

    /// Copies numbers as float32.
    public init(_ values: [Float], shape: Shape) {
        self.init(copying: values, dtype: .float32, shape: shape)
    }

    /// Copies numbers as int64.
    public init(_ values: [Int64], shape: Shape) {
        self.init(copying: values, dtype: .int64, shape: shape)
    }

    /// Copies bytes as uint8.
    public init(_ values: [UInt8], shape: Shape) {
        self.init(copying: values, dtype: .uint8, shape: shape)
    }

    /// Copies raw bytes in the memory order of `dtype`.
    ///
    /// `bytes` must hold `shape.count` elements.
    public init(bytes: UnsafeRawBufferPointer, dtype: DType, shape: Shape) {
        precondition(bytes.count == shape.count * dtype.byteWidth, "\(bytes.count) bytes for \(dtype) \(shape)")
        let storage = Storage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.address, count: bytes.count).copyMemory(from: bytes)
        self.init(Region(storage, offset: 0, count: shape.count, dtype: dtype), shape: shape)
    }

    private init<Element>(copying values: [Element], dtype: DType, shape: Shape) {
        precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
        self = values.withUnsafeBytes { TensorData(bytes: $0, dtype: dtype, shape: shape) }
    }

    /// Zeros of a shape.
    public static func zeros(_ shape: Shape, dtype: DType = .float32) -> TensorData {
        let storage = Storage(byteCount: shape.count * dtype.byteWidth)
        storage.address.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
        return TensorData(Region(storage, offset: 0, count: shape.count, dtype: dtype), shape: shape)
    }

    /// The same elements in another shape of as many.
    public func reshaped(_ shape: Shape) -> TensorData {
        TensorData(region, shape: shape)
    }

    /// Rows of the first axis, without a copy.
    public func rows(_ range: Range<Int>) -> TensorData {
        let row = shape.dimensions.dropFirst().reduce(1, *)
        let part = region.part(range.lowerBound * row..<range.upperBound * row)
        return TensorData(part, shape: shape.replacing(axis: 0, with: range.count))
    }

    /// A range of the elements in one dimension, without a copy.
    public func elements(_ range: Range<Int>) -> TensorData {
        TensorData(region.part(range), shape: [range.count])
    }

    /// The elements as floats, converted from any numeric type.
    public var floats: [Float] {
        switch dtype {
        case .float32: elements(Float.self)
        case .float64: elements(Double.self).map { Float($0) }
        case .bfloat16: elements(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
        case .float16: elements(UInt16.self).map { Float(halfBits: $0) }
        default: integers.map { Float($0) }
        }
    }

    /// The elements as integers; floating-point elements are truncated and must fit.
    public var integers: [Int64] {
        switch dtype {
        case .int64: elements(Int64.self)
        case .int32: elements(Int32.self).map { Int64($0) }
        case .int8: elements(Int8.self).map { Int64($0) }
        case .uint8, .bool: elements(UInt8.self).map { Int64($0) }
        case .float64, .float32, .bfloat16, .float16: floats.map { Int64($0) }
        }
    }

    /// Reads the bytes in place.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: region.address, count: region.count * dtype.byteWidth))
    }

    private func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
        withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
    }
}

extension Float {
    /// The value of an IEEE half-precision number.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits & 0x3ff)
        switch (exponent, fraction) {
        case (0, _): self = Float(fraction) * 0x1p-24 * (sign == 0 ? 1 : -1)
        case (0x1f, _): self = Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
