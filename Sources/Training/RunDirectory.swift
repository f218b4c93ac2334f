public import Checkpoints
import Configs
import Foundation

/// The folder of a run: `run.yaml`, `run.jsonl`, `checkpoints/` and `samples/`.
///
/// While this value lives, no other process can open the folder for writing.
public final class RunDirectory {
    /// The folder.
    public let path: String
    /// The checkpoints in it.
    public let checkpoints: CheckpointStore
    private let lock: RunDirectoryLock

    /// The log: one JSON object per line.
    public var log: String { path + "/run.jsonl" }
    /// The resolved run file.
    public var runFile: String { path + "/run.yaml" }
    /// Where sample sheets go.
    public var samples: String { path + "/samples" }

    /// Opens or makes the folder of a run.
    ///
    /// A folder that holds another run is refused unless `fresh` is set, which removes that run's checkpoints, samples and log.
    public init(_ path: String, for config: RunConfig, fresh: Bool) throws(TrainingError) {
        self.path = path
        try RunDirectory.make(path + "/samples")
        let store = CheckpointStore(directory: path + "/checkpoints")
        do throws(CheckpointError) {
            lock = try RunDirectoryLock(directory: path)
            try store.removeRemains()
        } catch {
            throw .checkpoint(error)
        }
        checkpoints = store
        if fresh {
            try clear()
        } else {
            try refuseOtherRun(config)
        }
        try RunDirectory.write(ConfigEncoder.encode(config), to: runFile)
    }

    /// The run file's text in a run folder.
    public static func runFileText(in directory: String) throws(TrainingError) -> String {
        try read(directory + "/run.yaml")
    }

    /// Writes a file whole: readers see the old bytes or the new ones.
    public static func write(_ bytes: [UInt8], to path: String) throws(TrainingError) {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .file(path: path, reason: RunDirectory.reason(error))
        }
    }

    private static func write(_ text: String, to path: String) throws(TrainingError) {
        try write(Array(text.utf8), to: path)
    }

    private static func read(_ path: String) throws(TrainingError) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw .file(path: path, reason: RunDirectory.reason(error))
        }
    }

    private static func make(_ path: String) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file(path: path, reason: RunDirectory.reason(error))
        }
    }

    private func clear() throws(TrainingError) {
        for item in ["checkpoints", "samples", "run.jsonl", "run.yaml"] {
            let path = self.path + "/" + item
            guard FileManager.default.fileExists(atPath: path) else { continue }
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw .file(path: path, reason: RunDirectory.reason(error))
            }
        }
        try RunDirectory.make(samples)
    }

    private func refuseOtherRun(_ config: RunConfig) throws(TrainingError) {
        guard FileManager.default.fileExists(atPath: runFile) else { return }
        let text = try RunDirectory.read(runFile)
        let old: RunConfig
        do {
            old = try ConfigDecoder.decode(RunConfig.self, from: text, file: runFile)
        } catch {
            throw .config(error)
        }
        if let change = RunIdentity(old).firstChange(to: RunIdentity(config)) {
            throw .differentRun(directory: path, change: change)
        }
    }

    // Foundation's own sentences are long and carry its type names; the last part says what the system said.
    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let words = (underlying ?? error as NSError).localizedDescription
        let last = words.split(separator: ". ").last.map(String.init) ?? words
        return last.hasSuffix(".") ? String(last.dropLast()) : last
    }
}
