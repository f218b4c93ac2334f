import Configs
public import Coordination
import Crypto
import Foundation
import TensorFiles

/// What `init` fixed about a run besides its plan; kept in the journal.
public struct RunFacts: Codable, Sendable, Equatable {
    /// The plan.
    public var plan: RunPlan
    /// The run file's bytes.
    public var runFile: ContentDigest
    /// The files of the data set, if they are served.
    public var dataset: [CheckpointFile]?
    /// When the run was made, milliseconds.
    public var made: Timestamp
}

extension RunFacts: CustomStringConvertible {
    /// Name, length and rounds in words.
    public var description: String { "\(plan.name): \(plan.length) samples in rounds of \(plan.globalBatch)" }
}

/// Makes a run directory.
public enum RunSetup {
    /// Copies the run file, takes in the shards, makes keys and the first token.
    ///
    /// - Parameters:
    ///   - runFile: Path of the run file.
    ///   - folder: What to make; has to be new or empty.
    ///   - time: Gives the time of birth.
    ///   - change: May change the plan, for timing.
    /// - Returns: What was fixed.
    /// - Throws: What is wrong with the run file or the folder; a folder that could not be completed is emptied.
    @discardableResult
    public static func create(
        from runFile: String,
        in folder: RunFolder,
        time: some TimeSource = SystemTime(),
        change: (inout RunPlan) -> Void = { _ in }
    ) throws(CoordinatorError) -> RunFacts {
        var outline: RunOutline
        do {
            outline = try RunOutline(ConfigNode(contentsOf: runFile))
        } catch {
            throw .config(error)
        }
        change(&outline.plan)
        do { try outline.plan.validate() } catch { throw .coordination(error) }
        let shards = try servedFolder(outline, beside: runFile)
        let bytes = try folder.read(runFile, limit: ConfigNode.maximumBytes)
        try folder.create()
        do {
            return try fill(folder, with: bytes, shards, outline.plan, time.now())
        } catch {
            for name in (try? Folder.names(folder.path)) ?? [] { try? Folder.remove("\(folder.path)/\(name)") }
            throw error
        }
    }

    private static func fill(
        _ folder: RunFolder,
        with runFile: [UInt8],
        _ shards: String?,
        _ plan: RunPlan,
        _ now: Timestamp
    ) throws(CoordinatorError) -> RunFacts {
        let blobs = BlobStore(folder)
        let digest = try blobs.insert(runFile)
        var dataset: [CheckpointFile]?
        if let shards { dataset = try blobs.insertAll(of: shards) }
        try folder.write(SecretBytes.random(32).bytes, to: folder.secret, secret: true)
        let tokens = TokenStore(folder)
        let secret = try tokens.create(name: "first", at: now)
        try folder.write(Array((secret.text + "\n").utf8), to: folder.firstToken, secret: true)
        let facts = RunFacts(plan: plan, runFile: digest, dataset: dataset, made: now)
        try Journal.create(folder.journal, facts)
        try folder.write(runFile, to: folder.runFile)
        return facts
    }

    /// The folder whose files workers need; nil if they have the data already.
    private static func servedFolder(_ outline: RunOutline, beside runFile: String) throws(CoordinatorError) -> String?
    {
        if outline.source == "digits" { return nil }
        guard outline.source == "shard-directory", let path = outline.dataPath else {
            throw .unservable(source: outline.source)
        }
        guard Folder.isFolder(path) else { throw .file(path: path, reason: "there is no such folder") }
        return path
    }
}
