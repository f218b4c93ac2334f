import Buffers
import Checkpoints
import Foundation
import TensorFiles

/// What a verified checkpoint holds.
public struct CheckpointFacts: Encodable, Sendable {
    /// Samples seen.
    public let samples: UInt64
    /// Steps taken.
    public let step: Int
    /// Samples planned.
    public let plannedSamples: UInt64
    /// Numbers in all parameters together.
    public let parameters: Int
    /// SHA-256 of the parameters' bytes in the order of the file.
    public let parametersDigest: String
    /// The files with their sizes in bytes.
    public let files: [String: Int]

    /// Verifies a checkpoint, or the newest of a run directory, and reads what it holds.
    public init(_ path: String) throws(TrainingError) {
        let reader = try CheckpointFacts.open(path)
        let state = reader.manifest.state
        let tensors = try CheckpointFacts.parameters(reader)
        var digester = Digester()
        for tensor in tensors { unsafe tensor.data.withUnsafeBytes { unsafe digester.update($0) } }
        samples = state.samples
        step = state.step
        plannedSamples = state.plannedSamples
        parameters = tensors.reduce(0) { $0 + $1.data.shape.count }
        parametersDigest = digester.finish().description
        files = Dictionary(uniqueKeysWithValues: reader.manifest.files.map { ($0.name, $0.byteCount) })
    }

    /// One line for people.
    public var line: String {
        "\(samples) samples, step \(step), \(parameters) parameters, SHA-256 \(parametersDigest.prefix(16))"
    }

    /// The sound checkpoints of a run directory, oldest first.
    public static func list(in directory: String) throws(TrainingError) -> [CheckpointFacts] {
        guard FileManager.default.fileExists(atPath: directory) else { throw .noCheckpoint(directory: directory) }
        let store = CheckpointStore(directory: directory + "/checkpoints")
        var facts: [CheckpointFacts] = []
        do {
            for id in try store.list() { facts.append(try CheckpointFacts(store.path(of: id))) }
        } catch let error as CheckpointError {
            throw .checkpoint(error)
        } catch {
            throw error as? TrainingError ?? .refused("\(error)")
        }
        return facts
    }

    static func open(_ path: String) throws(TrainingError) -> CheckpointReader {
        do {
            return try TrainedModel.open(path)
        } catch let error as CheckpointError {
            throw .checkpoint(error)
        } catch {
            throw error as? TrainingError ?? .refused("\(error)")
        }
    }

    static func parameters(_ reader: CheckpointReader) throws(TrainingError) -> [NamedTensor] {
        do {
            return try reader.tensors("model.parameters")
        } catch {
            throw .checkpoint(error)
        }
    }
}

/// How far the parameters of two checkpoints are apart.
public struct CheckpointDifference: Encodable, Sendable {
    /// Whether every bit is equal.
    public let isIdentical: Bool
    /// Over all parameters, the largest difference of an element over the largest element of its parameter.
    public let largestRelativeDifference: Double
    /// The parameter in which it was found; nil if there is no difference.
    public let parameter: String?

    /// Compares two checkpoints, or the newest ones of two run directories.
    public init(_ first: String, _ second: String) throws(TrainingError) {
        let readers = try (CheckpointFacts.open(first), CheckpointFacts.open(second))
        let left = try CheckpointFacts.parameters(readers.0)
        let right = try CheckpointFacts.parameters(readers.1)
        var largest = 0.0
        var place: String?
        for (a, b) in zip(left, right) {
            guard a.name == b.name, a.data.shape == b.data.shape else {
                throw .differentParameters(a.name, b.name)
            }
            let difference = CheckpointDifference.relative(a.data, b.data)
            if difference > largest { (largest, place) = (difference, a.name) }
        }
        guard left.count == right.count else { throw .differentParameters("\(left.count)", "\(right.count)") }
        largestRelativeDifference = largest
        parameter = place
        isIdentical = zip(left, right).allSatisfy { a, b in
            a.data.floats.elementsEqual(b.data.floats) { $0.bitPattern == $1.bitPattern }
        }
    }

    /// One line for people.
    public var line: String {
        isIdentical
            ? "the parameters are the same to the bit"
            : "largest relative difference \(largestRelativeDifference) in \(parameter ?? "no parameter")"
    }

    private static func relative(_ a: TensorData, _ b: TensorData) -> Double {
        let values = (a.floats, b.floats)
        let scale = values.1.reduce(0) { max($0, abs(Double($1))) }
        let difference = zip(values.0, values.1).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        return difference == 0 ? 0 : difference / max(scale, 1e-30)
    }
}
