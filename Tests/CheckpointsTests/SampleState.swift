import Buffers
import Checkpoints
import TensorFiles
import TestSupport

/// The smallest state worth saving.
struct SampleState: Checkpointable, Equatable {
    struct Counters: Codable, Equatable {
        var step: Int
        var rate: Double
    }

    var parameters: [Float]
    var counters: Counters
    var config: [UInt8]

    init(seed: UInt64, count: Int = 300) {
        var random = SeededGenerator(seed: seed)
        parameters = random.floats(count)
        counters = Counters(step: Int(seed), rate: random.double())
        config = Array("seed: \(seed)\n".utf8)
    }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add("model", [NamedTensor("parameters", TensorData(parameters, shape: [parameters.count]))])
        try writer.add("counters", value: counters)
        try writer.add("config.yaml", bytes: config)
    }

    mutating func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        parameters = try reader.tensors("model")[0].data.floats
        counters = try reader.value(Counters.self, "counters")
        config = try reader.bytes("config.yaml")
    }
}

let sampleDigest = Digest(of: Array("config".utf8))

extension CheckpointStore {
    /// Saves a state made from a seed under so many samples.
    @discardableResult
    func save(_ seed: UInt64, samples: UInt64) throws -> CheckpointID {
        let description = CheckpointState(
            samples: samples,
            step: Int(seed),
            plannedSamples: 1000,
            configDigest: sampleDigest,
            facts: ["layout": "abc"]
        )
        var writer = try begin(description)
        try SampleState(seed: seed).save(&writer)
        return try writer.commit()
    }

    /// The state of the newest sound checkpoint.
    func newestState() throws -> SampleState? {
        guard let reader = try newestValid().reader else { return nil }
        var state = SampleState(seed: 0)
        try state.restore(reader)
        return state
    }
}
