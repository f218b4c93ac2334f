import Buffers
import Checkpoints
import Communication
import TensorFiles

// Rank 0 saves what is the same on all workers, and each rank its own share under a name of its own.
extension LocalSynchronizer {
    private static let buffersFile = "synchronizer"
    private static let phaseFile = "synchronizer.phase"
    private static let agreedName = "agreed"

    private static func shareFile(_ rank: Int) -> String { "synchronizer.rank-\(rank)" }

    /// What rank 0 saves of the phase.
    private struct Saved: Codable {
        let phase: LocalPhase
        let ranks: Int
    }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        if communicator.rank == 0 {
            let tensors = buffers.sorted { $0.key < $1.key }.map { NamedTensor($0.key, $0.value.snapshot()) }
            try writer.add(Self.buffersFile, tensors)
            try writer.add(Self.phaseFile, value: Saved(phase: phase, ranks: communicator.size))
        }
        try writer.add(Self.shareFile(communicator.rank), value: share)
    }

    // A rank that was not there when the state was saved goes on from the parameters, and so with the share, of one that was.
    func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        let saved = try reader.value(Saved.self, Self.phaseFile)
        guard saved.phase.isValid, saved.ranks > 0 else {
            throw .badValue(path: "\(reader.path)/\(Self.phaseFile).json", words: "no run can stand there")
        }
        let file = Self.shareFile(communicator.rank % saved.ranks)
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
        (phase, self.share) = (saved.phase, share)
    }

    private var buffers: [String: FlatBuffer] { rule.buffers.merging([Self.agreedName: agreed]) { $1 } }
}
