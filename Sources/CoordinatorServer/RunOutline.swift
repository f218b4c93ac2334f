import Configs
import Coordination
import Foundation

/// What the coordinator reads in a run file; the rest is the workers' business.
struct RunOutline {
    var plan: RunPlan
    /// Name of the data source.
    var source: String
    /// `data.path`, if there is one.
    var dataPath: String?

    /// Reads the outline; `length` and `batch.global` have to be written.
    init(_ root: ConfigNode) throws(ConfigError) {
        let file = root.location?.file ?? "run file"
        let length = try Self.value(SampleCount.self, at: ["length"], in: root)
        let batch = try Self.value(UInt64.self, at: ["batch", "global"], in: root)
        guard let length else { throw Self.missing(["length"], in: file) }
        guard let batch else { throw Self.missing(["batch", "global"], in: file) }
        try Self.require(1...(1 << 20), batch, ["batch", "global"], root)
        try Self.require(1...UInt64(Int64.max), length.rawValue, ["length"], root)
        let name = try Self.value(String.self, at: ["name"], in: root)
        plan = RunPlan(name: name ?? "run", length: length.rawValue, globalBatch: batch)
        let micro = try Self.value(UInt64.self, at: ["batch", "micro"], in: root) ?? 1
        plan.granularity = Self.shareUnit(micro: micro, batch: batch)
        plan.sharesByRanks = try Self.value(ShareRule.self, at: ["batch", "shares"], in: root) == .ranks
        let every = try Self.value(SampleCount.self, at: ["checkpoint", "every"], in: root)
        plan.checkpointEvery = every?.rawValue ?? 1 << 16
        let kept = try Self.value(Int.self, at: ["checkpoint", "keep"], in: root) ?? 3
        try Self.require(1...1000, UInt64(max(0, kept)), ["checkpoint", "keep"], root)
        plan.checkpointsKept = kept
        let evaluation = try Self.value(SampleCount.self, at: ["evaluation", "every"], in: root)
        plan.evaluationEvery = evaluation?.rawValue ?? 1 << 16
        source = root["data"]?["type"]?.text ?? root["data"]?.text ?? "digits"
        dataPath = root["data"]?["path"]?.text
    }

    /// Shares are multiples of whole micro-batches where that leaves several of them, else of 8, else of 1.
    private static func shareUnit(micro: UInt64, batch: UInt64) -> UInt64 {
        if micro > 0, batch.isMultiple(of: micro), batch / micro >= 8 { return micro }
        return batch.isMultiple(of: 8) && batch >= 64 ? 8 : 1
    }

    private static func value<Value: Decodable>(
        _ type: Value.Type,
        at path: [String],
        in root: ConfigNode
    ) throws(ConfigError) -> Value? {
        var node = root
        for key in path {
            guard let next = node[key], !next.isNull else { return nil }
            node = next
        }
        do {
            return try ConfigDecoder.decode(type, from: node)
        } catch {
            throw ConfigError(error.problem, path: path + error.path, at: error.location ?? node.location)
        }
    }

    private static func missing(_ path: [String], in file: String) -> ConfigError {
        ConfigError(.missingKey(path.last ?? ""), path: path.dropLast(), at: ConfigLocation(file: file))
    }

    private static func require(
        _ range: ClosedRange<UInt64>,
        _ value: UInt64,
        _ path: [String],
        _ root: ConfigNode
    ) throws(ConfigError) {
        guard !range.contains(value) else { return }
        let expected = "\(range.lowerBound) to \(range.upperBound)"
        throw ConfigError(.outOfRange(expected: expected, found: "\(value)"), path: path, at: root.location)
    }
}
