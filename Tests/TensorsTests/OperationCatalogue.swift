import Buffers
import Tensors
import TestSupport

/// Lengths from which the shapes of a case follow: images `[b, h, w, c]`, tokens `[b, h * w, c]`.
struct Lengths: Sendable {
    var b: Int
    var h: Int
    var w: Int
    var c: Int

    /// Odd lengths, so that no vector is full.
    static let small = Lengths(b: 2, h: 3, w: 5, c: 3)
    /// One element wherever that is possible.
    static let one = Lengths(b: 1, h: 1, w: 1, c: 1)
    /// No samples.
    static let empty = Lengths(b: 0, h: 3, w: 5, c: 3)
    /// More than a vector and less than a multiple of one.
    static let large = Lengths(b: 3, h: 7, w: 9, c: 19)

    var image: Shape { [b, h, w, c] }
    var evenImage: Shape { [b, 2 * h, 2 * w, c] }
    var tokens: Shape { [b, h * w, c] }
    var channels: Shape { [c] }
}

/// One differentiable function with random inputs, to be checked in every way.
struct OperationCase: Sendable, CustomStringConvertible {
    let name: String
    /// The inputs' shapes.
    let shapes: @Sendable (Lengths) -> [Shape]
    /// The interval of the numbers.
    var low: Float = -1.5
    var high: Float = 1.5
    /// Whether numbers keep away from zero, where the function has a kink.
    var apart = false
    let function: @Sendable ([Tensor]) -> Tensor

    var description: String { name }

    init(
        _ name: String,
        _ shapes: @escaping @Sendable (Lengths) -> [Shape],
        _ function: @escaping @Sendable ([Tensor]) -> Tensor
    ) {
        self.name = name
        self.shapes = shapes
        self.function = function
    }

    /// The same case with numbers of an interval.
    func within(_ low: Float, _ high: Float) -> OperationCase {
        var result = self
        (result.low, result.high) = (low, high)
        return result
    }

    /// The same case with numbers away from zero.
    func kinked() -> OperationCase {
        var result = self
        result.apart = true
        return result
    }

    /// Random inputs.
    func inputs(_ lengths: Lengths) -> [TensorData] {
        shapes(lengths).enumerated().map { index, shape in
            randomData(shape, seed: UInt64(index) + 11, low, high, apart: apart)
        }
    }

    static let all =
        elementwise + arithmetic + reductions + shaping + products + convolutions + norms + residuals + images
}

extension OperationCase {
    private static func map(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) -> OperationCase {
        OperationCase(name, { [$0.tokens] }, { function($0[0]) })
    }

    static let elementwise = [
        map("negate") { -$0 }, map("exp") { $0.exp() }, map("log") { $0.log() }.within(0.4, 2),
        map("sqrt") { $0.sqrt() }.within(0.4, 2), map("rsqrt") { $0.rsqrt() }.within(0.5, 2),
        map("reciprocal") { $0.reciprocal() }.within(0.5, 2), map("sin") { $0.sin() }, map("cos") { $0.cos() },
        map("tanh") { $0.tanh() }, map("sigmoid") { $0.sigmoid() }, map("softplus") { $0.softplus() },
        map("abs") { $0.abs() }.kinked(), map("squared") { $0.squared() },
        map("power") { $0.power(1.7) }.within(0.5, 2), map("clamped") { $0.clamped(0, 5) }.kinked(),
        map("relu") { $0.relu() }.kinked(), map("leakyReLU") { $0.leakyReLU(slope: 0.3) }.kinked(),
        map("silu") { $0.silu() }, map("gelu erf") { $0.gelu() }, map("gelu tanh") { $0.gelu(.tanh) },
        OperationCase("geglu", { [[$0.b, $0.h, 2 * $0.c]] }, { $0[0].geglu() }),
        map("softmax") { $0.softmax() }, map("logSoftmax") { $0.logSoftmax() },
        map("numbers") { 2 - (3 * $0 + 1) / 4 + 0.5 - 1 / ($0 + 4) },
    ]

    private static func pair(
        _ name: String,
        _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> [OperationCase] {
        let apply: @Sendable ([Tensor]) -> Tensor = { function($0[0], $0[1]) }
        return [
            OperationCase(name, { [$0.tokens, $0.tokens] }, apply),
            OperationCase("\(name) by channel", { [$0.tokens, [$0.b, 1, $0.c]] }, apply),
            OperationCase("\(name) of ranks", { [$0.channels, $0.image] }, apply),
            OperationCase("\(name) crosswise", { [[$0.h, 1, $0.c], [$0.b, 1, $0.w, 1]] }, apply),
        ]
    }

    static let arithmetic =
        pair("add") { $0 + $1 } + pair("subtract") { $0 - $1 } + pair("multiply") { $0 * $1 }
        + pair("divide") { $0 / ($1 + 4) } + pair("maximum") { Tensor.maximum($0, $1 * 0.01) }.map { $0.kinked() }
        + pair("minimum") { Tensor.minimum($0 * 0.01, $1) }.map { $0.kinked() }

    static let reductions = [
        map("sum") { $0.sum() }, map("sum of rows") { $0.sum([-1]) }, map("sum of tokens") { $0.sum([1]) },
        OperationCase("sum of ends", { [$0.image] }, { $0[0].sum([0, -1], keepingAxes: true) }),
        map("mean") { $0.mean() }, map("mean of rows") { $0.mean([2], keepingAxes: true) },
        OperationCase("mean of positions", { [$0.image] }, { $0[0].mean([1, 2]) }),
        map("variance") { $0.variance([1]) },
        map("maximum of tokens") { ($0 + Tensor.staircase($0.shape)).maximum(axis: 1) },
        map("mean squared error") { Tensor.meanSquaredError($0, $0.sin()) },
        map("absolute error") { Tensor.absoluteError($0 * 2, $0 * 0.1) }.kinked(),
        OperationCase("cross-entropy", { [[$0.b + 1, $0.c + 2]] }) { inputs in
            let labels = (0..<inputs[0].shape[0]).map { $0 % inputs[0].shape[1] }
            return Tensor.crossEntropy(inputs[0], labels: labels, smoothing: 0.1)
        },
    ]
}

extension Tensor {
    /// Steps that keep the rows of a random tensor apart, so that the largest is never in doubt.
    static func staircase(_ shape: Shape) -> Tensor {
        Tensor((0..<shape.count).map { 4 * Float($0 / shape[-1] % 29) }, shape)
    }
}
