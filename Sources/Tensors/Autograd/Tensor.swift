public import Buffers

/// Numbers with a shape and, if gradients are wanted, a place on a tape.
///
/// The numbers are float32, or bfloat16 where precision allows it: an operation on both gives bfloat16, a reduction float32.
/// A tensor stays on the thread that made it; `data` may leave. Images are `[B, H, W, C]` and tokens `[B, N, C]`: channels last. Negative
/// axes count from the end. Shapes that do not fit are errors of the program and trap.
public struct Tensor {
    /// The numbers.
    public let data: TensorData
    let tape: Tape?
    let node: Int
    /// How the numbers can be made again on the way back; nil if they are to be kept.
    let remade: RemadeData?

    /// A constant.
    public init(_ data: TensorData) {
        self.init(data, tape: nil, node: -1)
    }

    init(_ data: TensorData, tape: Tape?, node: Int, remade: RemadeData? = nil) {
        precondition([.float32, .bfloat16].contains(data.dtype), "a tensor of \(data.dtype.rawValue) cannot compute")
        self.data = data
        self.tape = tape
        self.node = node
        self.remade = remade
    }

    /// A constant of shape `[]`.
    public init(_ value: Float) {
        self = .full([], value)
    }

    /// A constant with numbers in row-major order.
    public init(_ values: [Float], _ shape: Shape) {
        precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
        let data = TensorData.uninitialized(shape)
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { data.region.floats.update(from: start, count: values.count) }
        }
        self.init(data)
    }

    /// A constant of zeros.
    public static func zeros(_ shape: Shape) -> Tensor { full(shape, 0) }

    /// A constant of ones.
    public static func ones(_ shape: Shape) -> Tensor { full(shape, 1) }

    /// A constant with the same number everywhere.
    public static func full(_ shape: Shape, _ value: Float) -> Tensor {
        Tensor(TensorData.filled(shape, value))
    }

    /// The dimensions.
    public var shape: Shape { data.shape }

    /// The element type, float32 or bfloat16.
    public var dtype: DType { data.dtype }

    /// The numbers in another element type, rounded to the nearest, ties to even; the gradient takes the way back.
    public func converted(to dtype: DType) -> Tensor {
        guard dtype != self.dtype else { return self }
        return Tensor.record(data.converted(to: dtype), from: [self]) { dy, sink in sink.add(0, dy) }
    }

    /// A copy of the numbers in row-major order.
    public var floats: [Float] { data.floats }

    /// The only number of a tensor with one element.
    public var item: Float {
        precondition(shape.count == 1, "one element expected, found shape \(shape)")
        return floats[0]
    }

    /// The same numbers as a constant: no gradient passes.
    public var stopGradient: Tensor { Tensor(data) }

    /// What an operation keeps of this tensor if it needs the numbers on the way back.
    var saved: SavedData { remade.map { .remade($0, shape) } ?? .kept(data) }

    /// Whether operations on this tensor are recorded.
    public var isRecorded: Bool { tape != nil }

    /// The result of an operation on `inputs`, recorded on their tape if they have one.
    ///
    /// `backward` receives the gradient of the result and gives those of the inputs to the sink, by their position in `inputs`. It must
    /// capture data, never tensors, so that a tape does not own itself. `remade` makes the result again, so that its users need not keep it.
    static func record(
        _ result: TensorData,
        from inputs: [Tensor],
        remade: RemadeData? = nil,
        _ backward: @escaping Tape.Backward
    ) -> Tensor {
        guard let tape = inputs.lazy.compactMap(\.tape).first else { return Tensor(result) }
        let places = inputs.map { input in
            precondition(input.tape == nil || input.tape === tape, "an operation on tensors of two tapes")
            return input.node
        }
        guard let remade else { return tape.append(result, inputs: places, backward) }
        let place = tape.append(result, inputs: places) { dy, sink in
            remade.release()
            backward(dy, sink)
        }
        return Tensor(result, tape: tape, node: place.node, remade: remade)
    }
}
