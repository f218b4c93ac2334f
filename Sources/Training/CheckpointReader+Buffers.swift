import Buffers
import Checkpoints
import TensorFiles

extension [String: FlatBuffer] {
    /// The buffers as tensors of a file, by name.
    var tensors: [NamedTensor] { sorted { $0.key < $1.key }.map { NamedTensor($0.key, $0.value.snapshot()) } }
}

extension CheckpointReader {
    /// Fills buffers with the tensors of their names in a file, which is not looked for where there are none.
    func read(_ buffers: [String: FlatBuffer], from file: String) throws(CheckpointError) {
        if buffers.isEmpty { return }
        let tensors = try tensors(file)
        for (name, buffer) in buffers {
            guard let tensor = tensors.first(where: { $0.name == name }) else {
                throw .noFile(path: path, name: "\(file): \(name)")
            }
            guard tensor.data.shape == [buffer.count], tensor.data.dtype == .float32 else {
                throw .incompatible(
                    path: path,
                    what: "\(name) as float32",
                    expected: "[\(buffer.count)]",
                    found: "\(tensor.data.dtype.rawValue) \(tensor.data.shape)"
                )
            }
            buffer.copy(from: tensor.data)
        }
    }
}
