import Buffers
import Checkpoints

// What is the same on all workers is saved once, and each rank's share beside it.
extension LocalSynchronizer {
    private static let buffersFile = "synchronizer"
    private static let phaseFile = "synchronizer.phase"
    private static let shareFile = "synchronizer.share"
    private static let ownFile = "synchronizer.own"
    private static let agreedName = "agreed"

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add(Self.buffersFile, buffers.tensors)
        try writer.add(Self.phaseFile, value: phase)
        if !rule.ownBuffers.isEmpty { try writer.addOwn(Self.ownFile, rule.ownBuffers.tensors) }
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
        try reader.read(buffers, from: Self.buffersFile)
        try reader.read(rule.ownBuffers, from: reader.own(Self.ownFile))
        (self.phase, self.share) = (phase, share)
    }

    private var buffers: [String: FlatBuffer] { rule.buffers.merging([Self.agreedName: agreed]) { $1 } }
}
