import Checkpoints
import Coordination
import Foundation
import TensorFiles
import Training

/// Takes the agreed state over from the coordinator, and hands it in.
struct StateExchange {
    private let client: CoordinatorClient
    private let folder: String

    /// `folder` is where states pass through.
    init(_ client: CoordinatorClient, folder: String) {
        self.client = client
        self.folder = folder
    }

    /// Loads a state into the trainer.
    func load(_ instruction: LoadInstruction, into trainer: any RoundTrainer) throws(WorkerError) {
        let place = folder + "/loaded"
        try? FileManager.default.removeItem(atPath: place)
        try RemoteFiles(client).fetch(instruction.files, into: place)
        try trainer.restore(instruction.files, in: place)
        try? FileManager.default.removeItem(atPath: place)
    }

    /// Saves the trainer's state and hands it in as the checkpoint of a mark.
    func save(_ trainer: any RoundTrainer, as mark: StateMark, by peer: PeerID) throws(WorkerError) {
        let place = folder + "/saved"
        try? FileManager.default.removeItem(atPath: place)
        let checkpoint: CheckpointID
        do {
            checkpoint = try trainer.save(in: CheckpointStore(directory: place))
        } catch {
            throw .training(error)
        }
        let files = try upload(place + "/" + checkpoint.description)
        let request = CheckpointRequest(peer: peer, generation: mark.generation, files: files)
        try client.announce(mark.samples, request)
        try? FileManager.default.removeItem(atPath: place)
    }

    private func upload(_ checkpoint: String) throws(WorkerError) -> [Coordination.CheckpointFile] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoint)) ?? []
        var files: [Coordination.CheckpointFile] = []
        for name in names.sorted() {
            guard let data = FileManager.default.contents(atPath: checkpoint + "/" + name) else {
                throw .file(path: checkpoint + "/" + name, reason: "it cannot be read")
            }
            let bytes = [UInt8](data)
            guard let digest = ContentDigest(rawValue: Digest(of: bytes).description) else {
                throw .unexpected(call: "a digest", found: name)
            }
            if try !client.has("/v1/blobs/\(digest)") {
                try client.put("/v1/blobs/\(digest)", bytes, type: "application/octet-stream")
            }
            files.append(Coordination.CheckpointFile(name: name, digest: digest, bytes: UInt64(bytes.count)))
        }
        return files
    }
}
