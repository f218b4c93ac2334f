public import Buffers
public import Tensors

/// The parameters of a network as its products read them: in the element type of the precision.
///
/// In bfloat16 it is a copy that is made once and serves every pass until the parameters change; then a new one is needed.
public final class ComputeWeights {
    /// The parameters themselves.
    public let parameters: FlatBuffer
    /// The element types of a pass.
    public let precision: Precision
    private let copy: TensorData?

    /// Converts the parameters, if they must be.
    public init(_ parameters: FlatBuffer, _ precision: Precision) {
        self.parameters = parameters
        self.precision = precision
        let type = precision.compute.dtype
        copy =
            type == .float32
            ? nil
            : Tensor(parameters.view(0..<parameters.count, shape: [parameters.count]))
                .converted(to: type).data
    }

    /// The value of the weight of a product.
    subscript(_ parameter: Parameter) -> TensorData {
        guard let copy else { return parameters.view(parameter.range, shape: parameter.shape) }
        return TensorData(copy.region.part(parameter.range), shape: parameter.shape)
    }
}
