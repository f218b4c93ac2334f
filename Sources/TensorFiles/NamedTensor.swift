public import Buffers

/// A tensor with the name it has in a file.
public struct NamedTensor: Sendable {
    /// The name, unique in its file.
    public let name: String
    /// The values.
    public let data: TensorData

    /// Names a tensor.
    public init(_ name: String, _ data: TensorData) {
        self.name = name
        self.data = data
    }
}
