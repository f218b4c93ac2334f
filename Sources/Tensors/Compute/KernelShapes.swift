public import Buffers

/// Two operands that are read as if they had one shape.
public struct BroadcastShape: Sendable, Hashable {
    /// The shape of the result.
    public let shape: Shape
    /// Strides of the first operand, 0 along repeated axes.
    public let stridesA: [Int]
    /// Strides of the second operand.
    public let stridesB: [Int]

    /// The broadcast of two shapes that fit.
    public init(_ a: Shape, _ b: Shape) {
        guard let shape = a.broadcast(with: b) else { preconditionFailure("\(a) and \(b) do not broadcast") }
        self.shape = shape
        stridesA = a.broadcastStrides(to: shape)
        stridesB = b.broadcastStrides(to: shape)
    }
}

/// A reduction of the middle axis of `[outer, reduced, inner]`.
public struct ReductionShape: Sendable, Hashable {
    /// Independent slices.
    public var outer: Int
    /// Elements that become one.
    public var reduced: Int
    /// Neighbouring results.
    public var inner: Int

    /// Makes a reduction.
    public init(outer: Int, reduced: Int, inner: Int) {
        self.outer = outer
        self.reduced = reduced
        self.inner = inner
    }
}

/// Samples of rows that a vector of each sample gates.
public struct GatedSumShape: Sendable, Hashable {
    /// Independent samples, each with a gate of its own.
    public var samples: Int
    /// Rows of a sample.
    public var rows: Int
    /// Numbers of a row and of a gate.
    public var columns: Int

    /// Makes a gated sum.
    public init(samples: Int, rows: Int, columns: Int) {
        self.samples = samples
        self.rows = rows
        self.columns = columns
    }
}

/// A copy of `shape.count` elements from strided to strided places.
public struct StridedCopy: Sendable, Hashable {
    /// The loop bounds.
    public var shape: Shape
    /// The first element of the source.
    public var sourceOffset: Int
    /// Elements between neighbours of the source along each axis; may be 0 or negative.
    public var sourceStrides: [Int]
    /// The first element of the target.
    public var targetOffset: Int
    /// Elements between neighbours of the target along each axis.
    public var targetStrides: [Int]

    /// Makes a copy.
    public init(shape: Shape, sourceOffset: Int, sourceStrides: [Int], targetOffset: Int, targetStrides: [Int]) {
        self.shape = shape
        self.sourceOffset = sourceOffset
        self.sourceStrides = sourceStrides
        self.targetOffset = targetOffset
        self.targetStrides = targetStrides
    }
}

/// `C[m, n] = alpha * op(A)[m, k] op(B)[k, n] + beta * C` for `batch` matrices that lie at fixed distances.
public struct GEMM: Sendable, Hashable {
    /// The number of matrices.
    public var batch = 1
    /// Rows of C.
    public var m: Int
    /// Columns of C.
    public var n: Int
    /// The length of the sums.
    public var k: Int
    /// A is stored `[k, m]`.
    public var transposeA = false
    /// B is stored `[n, k]`.
    public var transposeB = false
    /// The factor of the product.
    public var alpha: Float = 1
    /// The factor of what C holds before; with 0 it is not read.
    public var beta: Float = 0
    /// Elements from one A to the next; 0 uses the same one for all.
    public var strideA = 0
    /// Elements from one B to the next; 0 uses the same one for all.
    public var strideB = 0
    /// Elements from one C to the next; not 0 if there are several.
    public var strideC = 0

    /// One product of dense matrices.
    public init(m: Int, n: Int, k: Int) {
        self.m = m
        self.n = n
        self.k = k
    }
}

/// The numbers of one step of AdamW.
public struct AdamWStep: Sendable, Hashable {
    /// The learning rate of this step.
    public var rate: Float
    /// Decay of the first moment.
    public var beta1: Float
    /// Decay of the second moment.
    public var beta2: Float
    /// Added to the root of the second moment.
    public var epsilon: Float
    /// Decoupled weight decay.
    public var weightDecay: Float
    /// `1 - beta1^step`.
    public var correction1: Float
    /// `1 - beta2^step`.
    public var correction2: Float
    /// Multiplies the gradients first.
    public var gradientScale: Float

    /// Makes a step.
    public init(
        rate: Float,
        beta1: Float,
        beta2: Float,
        epsilon: Float,
        weightDecay: Float,
        correction1: Float,
        correction2: Float,
        gradientScale: Float = 1
    ) {
        self.rate = rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.correction1 = correction1
        self.correction2 = correction2
        self.gradientScale = gradientScale
    }
}

/// An average that moves towards parameters: `values += weight * (parameters - values)`; weight 1 copies the parameters' bits.
public struct AverageShift: Sendable {
    /// The averaged parameters.
    public var values: Region
    /// The part of the way, in `[0, 1]`.
    public var weight: Float

    /// Makes a shift.
    public init(_ values: Region, weight: Float) {
        self.values = values
        self.weight = weight
    }
}
