import COneDNN

/// A primitive of oneDNN for one shape, with what is needed to call it.
///
/// Handles are kept as numbers: the library allows their use from any thread.
struct ConvolutionPrimitive: Sendable {
    /// Images of one call.
    let batch: Int
    /// Floats of the weights in the layout that the primitive wants.
    let weightCount: Int
    /// Floats of scratch memory.
    let scratchCount: Int

    private let engine: UInt
    private let computation: PrimitiveHandle
    private let packing: PrimitiveHandle
    private let weightsQuery: dnnl_query_t

    /// Makes the primitive; with `whole` it takes the same layout of weights.
    init(
        _ shape: ConvolutionShape,
        _ pass: ConvolutionPass,
        engine: OpaquePointer?,
        layoutOf whole: ConvolutionPrimitive?
    ) {
        let sides = ConvolutionSides(shape)
        let description = sides.describe(pass, engine, weights: whole?.layout)
        batch = shape.input.batch
        self.engine = UInt(bitPattern: engine)
        computation = PrimitiveHandle(description)
        weightsQuery = pass.makesWeights ? dnnl_query_diff_weights_md : dnnl_query_weights_md
        let layout = dnnl_primitive_desc_query_md(description, weightsQuery, 0)
        let scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
        weightCount = (dnnl_memory_desc_get_size(layout) + 3) / 4
        scratchCount = (dnnl_memory_desc_get_size(scratch) + 3) / 4
        packing = PrimitiveHandle(sides.describePacking(layout, engine, out: pass.makesWeights))
    }

    /// Runs with memory for each argument; arguments without memory are left out.
    func run(_ arguments: [(name: Int32, memory: UnsafeMutablePointer<Float>?)]) {
        computation.run(arguments, engine: OpaquePointer(bitPattern: engine))
    }

    /// Weights `[O, I / groups, KH, KW]` in the layout of the primitive.
    func packWeights(_ plain: UnsafeMutablePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
        packing.run([(DNNL_ARG_SRC, plain), (DNNL_ARG_DST, packed)], engine: OpaquePointer(bitPattern: engine))
    }

    /// The reverse, for a primitive that makes a gradient of weights.
    func unpackWeights(_ packed: UnsafeMutablePointer<Float>, into plain: UnsafeMutablePointer<Float>) {
        packing.run([(DNNL_ARG_SRC, packed), (DNNL_ARG_DST, plain)], engine: OpaquePointer(bitPattern: engine))
    }

    /// Frees the handles.
    func destroy() {
        computation.destroy()
        packing.destroy()
    }

    fileprivate var layout: UnsafePointer<dnnl_memory_desc_t>? {
        dnnl_primitive_desc_query_md(computation.descriptionPointer, weightsQuery, 0)
    }
}

/// A primitive and its description.
private struct PrimitiveHandle: Sendable {
    private let description: UInt
    private let primitive: UInt

    init(_ description: dnnl_primitive_desc_t?) {
        var primitive: dnnl_primitive_t?
        check(dnnl_primitive_create(&primitive, description), "create a primitive")
        self.description = UInt(bitPattern: description)
        self.primitive = UInt(bitPattern: primitive)
    }

    var descriptionPointer: dnnl_primitive_desc_t? { OpaquePointer(bitPattern: description) }

    func run(_ arguments: [(name: Int32, memory: UnsafeMutablePointer<Float>?)], engine: dnnl_engine_t?) {
        keepLibrariesOnOneThread()
        var stream: dnnl_stream_t?
        check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "create a stream")
        var passed: [dnnl_exec_arg_t] = []
        passed.reserveCapacity(arguments.count)
        for (name, memory) in arguments {
            guard let memory else { continue }
            let layout = dnnl_primitive_desc_query_md(descriptionPointer, dnnl_query_exec_arg_md, name)
            guard layout.map({ $0.pointee.ndims > 0 }) ?? false else { continue }
            var object: dnnl_memory_t?
            check(dnnl_memory_create(&object, layout, engine, memory), "name memory")
            passed.append(dnnl_exec_arg_t(arg: name, memory: object))
        }
        let handle = OpaquePointer(bitPattern: primitive)
        check(dnnl_primitive_execute(handle, stream, Int32(passed.count), passed), "run a primitive")
        for argument in passed { dnnl_memory_destroy(argument.memory) }
        dnnl_stream_destroy(stream)
    }

    func destroy() {
        dnnl_primitive_destroy(OpaquePointer(bitPattern: primitive))
        dnnl_primitive_desc_destroy(descriptionPointer)
    }
}

/// The operands of a convolution as oneDNN names them.
private struct ConvolutionSides {
    /// The weights as callers hold them.
    let weights: dnnl_memory_desc_t
    private let input: dnnl_memory_desc_t
    private let output: dnnl_memory_desc_t
    private let bias: dnnl_memory_desc_t
    private let anyWeights: dnnl_memory_desc_t
    private let strides: [Int64]
    private let before: [Int64]
    private let after: [Int64]

    init(_ shape: ConvolutionShape) {
        let groups = shape.groups
        let kernel = [shape.kernelHeight, shape.kernelWidth]
        let plain = [shape.outputChannels / groups, shape.input.channels / groups] + kernel
        let sizes = groups == 1 ? plain : [groups] + plain
        let (input, output) = (shape.input, shape.output)
        self.input = layout([input.batch, input.channels, input.height, input.width], dnnl_nhwc)
        self.output = layout([output.batch, output.channels, output.height, output.width], dnnl_nhwc)
        weights = layout(sizes, groups == 1 ? dnnl_oihw : dnnl_goihw)
        anyWeights = layout(sizes, dnnl_format_tag_any)
        bias = layout([shape.outputChannels], dnnl_x)
        strides = [Int64(shape.stride), Int64(shape.stride)]
        before = [Int64(shape.padding.top), Int64(shape.padding.left)]
        after = [Int64(shape.padding.bottom), Int64(shape.padding.right)]
    }

    /// The description of a pass, with a given layout of weights or the best one.
    func describe(
        _ pass: ConvolutionPass,
        _ engine: dnnl_engine_t?,
        weights: UnsafePointer<dnnl_memory_desc_t>?
    ) -> dnnl_primitive_desc_t? {
        let layout = weights?.pointee ?? anyWeights
        guard pass != .forward, pass != .forwardWithBias else {
            return forward(layout, hasBias: pass == .forwardWithBias, engine)
        }
        let hint = forward(anyWeights, hasBias: false, engine)
        defer { dnnl_primitive_desc_destroy(hint) }
        var description = dnnl_convolution_desc_t()
        var (input, output, bias, chosen) = (self.input, self.output, self.bias, layout)
        let status: dnnl_status_t
        if pass == .inputGradient {
            status = dnnl_convolution_backward_data_desc_init(
                &description,
                dnnl_convolution_direct,
                &input,
                &chosen,
                &output,
                strides,
                before,
                after
            )
        } else if pass == .weightGradientWithBias {
            status = dnnl_convolution_backward_weights_desc_init(
                &description,
                dnnl_convolution_direct,
                &input,
                &chosen,
                &bias,
                &output,
                strides,
                before,
                after
            )
        } else {
            status = dnnl_convolution_backward_weights_desc_init(
                &description,
                dnnl_convolution_direct,
                &input,
                &chosen,
                nil,
                &output,
                strides,
                before,
                after
            )
        }
        check(status, "describe the gradient of a convolution")
        return create(&description, engine, hint: hint)
    }

    /// The description of the way between the callers' layout of weights and that of a primitive.
    func describePacking(
        _ layout: UnsafePointer<dnnl_memory_desc_t>?,
        _ engine: dnnl_engine_t?,
        out: Bool
    ) -> dnnl_primitive_desc_t? {
        var plain = weights
        var result: dnnl_primitive_desc_t?
        let status =
            out
            ? dnnl_reorder_primitive_desc_create(&result, layout, engine, &plain, engine, nil)
            : dnnl_reorder_primitive_desc_create(&result, &plain, engine, layout, engine, nil)
        check(status, "describe a change of layout")
        return result
    }

    private func forward(
        _ layout: dnnl_memory_desc_t,
        hasBias: Bool,
        _ engine: dnnl_engine_t?
    ) -> dnnl_primitive_desc_t? {
        var description = dnnl_convolution_desc_t()
        var (input, output, bias, chosen) = (self.input, self.output, self.bias, layout)
        let status =
            hasBias
            ? dnnl_convolution_forward_desc_init(
                &description,
                dnnl_forward_training,
                dnnl_convolution_direct,
                &input,
                &chosen,
                &bias,
                &output,
                strides,
                before,
                after
            )
            : dnnl_convolution_forward_desc_init(
                &description,
                dnnl_forward_training,
                dnnl_convolution_direct,
                &input,
                &chosen,
                nil,
                &output,
                strides,
                before,
                after
            )
        check(status, "describe a convolution")
        return create(&description, engine, hint: nil)
    }

    // Scratch memory comes from the caller, so that threads can share a primitive.
    private func create(
        _ description: UnsafePointer<dnnl_convolution_desc_t>,
        _ engine: dnnl_engine_t?,
        hint: dnnl_primitive_desc_t?
    ) -> dnnl_primitive_desc_t? {
        var attributes: dnnl_primitive_attr_t?
        check(dnnl_primitive_attr_create(&attributes), "create attributes")
        defer { dnnl_primitive_attr_destroy(attributes) }
        check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "set attributes")
        var result: dnnl_primitive_desc_t?
        check(dnnl_primitive_desc_create(&result, description, attributes, engine, hint), "find a convolution")
        return result
    }
}

extension ConvolutionPass {
    /// Whether weights are the result.
    fileprivate var makesWeights: Bool { self == .weightGradient || self == .weightGradientWithBias }
}

private func layout(_ sizes: [Int], _ tag: dnnl_format_tag_t) -> dnnl_memory_desc_t {
    var result = dnnl_memory_desc_t()
    check(
        dnnl_memory_desc_init_by_tag(&result, Int32(sizes.count), sizes.map { Int64($0) }, dnnl_f32, tag),
        "describe \(sizes)"
    )
    return result
}

// Shapes are checked before they come here: a refusal is a mistake of ours.
private func check(_ status: dnnl_status_t, _ action: @autoclosure () -> String) {
    precondition(status == dnnl_success, "oneDNN cannot \(action()): status \(status.rawValue)")
}
