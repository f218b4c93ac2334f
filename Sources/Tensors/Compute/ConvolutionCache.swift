import COneDNN
import Synchronization

/// What a primitive of oneDNN computes.
enum ConvolutionPass: Hashable {
    case forward, forwardWithBias, inputGradient, weightGradient, weightGradientWithBias
}

/// Primitives of oneDNN by shape; they are made once and used by all threads.
final class ConvolutionCache: Sendable {
    private struct Key: Hashable {
        var shape: ConvolutionShape
        var pass: ConvolutionPass
        /// The batch of the primitive that chose the layout of the weights.
        var layoutBatch: Int
    }

    private let engine: UInt
    private let primitives = Mutex<[Key: ConvolutionPrimitive]>([:])

    init() {
        var engine: dnnl_engine_t?
        let status = dnnl_engine_create(&engine, dnnl_cpu, 0)
        precondition(status == dnnl_success, "oneDNN gives no processor engine: \(status.rawValue)")
        self.engine = UInt(bitPattern: engine)
    }

    deinit {
        primitives.withLock { primitives in
            for primitive in primitives.values { primitive.destroy() }
        }
        dnnl_engine_destroy(OpaquePointer(bitPattern: engine))
    }

    /// Cuts the batch of a convolution into at most `parts` parts and finds their primitives.
    func plan(_ shape: ConvolutionShape, _ pass: ConvolutionPass, parts: Int) -> ConvolutionPlan {
        let operations =
            2 * shape.outputCount * shape.input.channels / shape.groups * shape.kernelHeight
            * shape.kernelWidth
        let worthwhile = max(1, (1 << 21) / max(1, operations))
        let size = min(shape.input.batch, max(worthwhile, (shape.input.batch + parts - 1) / parts))
        let rest = shape.input.batch % size
        let whole = primitive(shape, pass, batch: size, layoutOf: nil)
        let last = rest == 0 ? whole : primitive(shape, pass, batch: rest, layoutOf: whole)
        return ConvolutionPlan(batch: shape.input.batch, size: size, whole: whole, last: last)
    }

    private func primitive(
        _ shape: ConvolutionShape,
        _ pass: ConvolutionPass,
        batch: Int,
        layoutOf whole: ConvolutionPrimitive?
    ) -> ConvolutionPrimitive {
        var shape = shape
        shape.input.batch = batch
        let key = Key(shape: shape, pass: pass, layoutBatch: whole?.batch ?? batch)
        return primitives.withLock { primitives in
            if let known = primitives[key] { return known }
            keepLibrariesOnOneThread()
            let made = ConvolutionPrimitive(shape, pass, engine: OpaquePointer(bitPattern: engine), layoutOf: whole)
            primitives[key] = made
            return made
        }
    }
}

/// A batch cut into parts of equal size and a smaller last one.
struct ConvolutionPlan {
    let batch: Int
    let size: Int
    let whole: ConvolutionPrimitive
    let last: ConvolutionPrimitive

    var parts: Int { (batch + size - 1) / size }

    /// Floats of scratch memory that one part needs.
    var scratchCount: Int { max(whole.scratchCount, last.scratchCount) }

    /// The images of a part and what computes them.
    func part(_ index: Int) -> (images: Range<Int>, primitive: ConvolutionPrimitive) {
        let images = index * size..<min(batch, (index + 1) * size)
        return (images, images.count == size ? whole : last)
    }
}
