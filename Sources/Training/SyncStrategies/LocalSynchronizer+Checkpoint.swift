import Buffers
import Checkpoints
import TensorFiles

// What is the same on all workers is saved once, and each rank's share beside it.
extension LocalSynchronizer {
    private static let buffersFile = "synchronizer"
    private static let phaseFile = "synchronizer.phase"
    private static let shareFile = "synchronizer.share"
    private static let agreedName = "agreed"

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add(
            Self.buffersFile,
            buffers.sorted { $0.key < $1.key }.map { NamedTensor($0.key, $0.value.snapshot()) }
        )
        try writer.add(Self.phaseFile, value: phase)
        try writer.addOwn(Self.shareFile, value: share)
    }

    // A rank that was not there when the state was saved goes on from the parameters, and so with the share, of one that was.
    func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        let phase = try reader.value(LocalPhase.self, Self.phaseFile)
        guard phase.isValid else {
            throw .badValue(path: "\(reader.path)/\(Self.phaseFile).json", words: "no run can stand there")
        }
        let file = reader.own(Self.shareFile)
        let share = try reader.value(LocalShare.self, file)
        guard share.isValid else {
            throw .badValue(path: "\(reader.path)/\(file).json", words: "no share of a run is of that size")
        }
        let tensors = try reader.tensors(Self.buffersFile)
        for (name, buffer) in buffers {
            guard let tensor = tensors.first(where: { $0.name == name }) else {
                throw .noFile(path: reader.path, name: "\(Self.buffersFile): \(name)")
            }
            guard tensor.data.shape == [buffer.count], tensor.data.dtype == .float32 else {
                throw .incompatible(
                    path: reader.path,
                    what: "\(name) as float32",
                    expected: "[\(buffer.count)]",
                    found: "\(tensor.data.dtype.rawValue) \(tensor.data.shape)"
                )
            }
            buffer.copy(from: tensor.data)
        }
        (self.phase, self.share) = (phase, share)
    }

    private var buffers: [String: FlatBuffer] { rule.buffers.merging([Self.agreedName: agreed]) { $1 } }
}
