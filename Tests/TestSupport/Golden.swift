public import Buffers
import TensorFiles
public import Testing

/// Reference tensors from `Tests/Goldens`, made once by the scripts that stand beside them.
public struct Golden {
    private let reader: SafetensorsReader
    private let name: String

    /// Opens `Tests/Goldens/<name>.safetensors`.
    public init(_ name: String, testSupportFile: String = #filePath) throws {
        let folder = Folder.parent(of: Folder.parent(of: testSupportFile)) + "/Goldens"
        self.name = name
        do {
            reader = try SafetensorsReader(path: "\(folder)/\(name).safetensors")
        } catch {
            throw GoldenError(description: "\(error) (make it again with the scripts in Tests/Goldens)")
        }
    }

    /// The names of all tensors.
    public var names: [String] {
        reader.names
    }

    /// One tensor.
    public subscript(tensor: String) -> TensorData {
        get throws { try reader.tensor(tensor) }
    }

    /// One tensor, for calls that read better with a name.
    public func tensor(_ name: String) throws -> TensorData {
        try self[name]
    }

    /// The numbers of one tensor.
    public func floats(_ name: String) throws -> [Float] {
        try self[name].floats
    }

    /// Compares a tensor with numbers, element by element, and records an issue if they are not close.
    public func expect(
        _ tensor: String,
        _ actual: TensorData,
        _ tolerance: Tolerance,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try reader.tensor(tensor)
        guard expected.shape == actual.shape else {
            Issue.record(
                "\(name)/\(tensor): expected shape \(expected.shape), found \(actual.shape)",
                sourceLocation: sourceLocation
            )
            return
        }
        expectClose(
            actual.floats,
            expected.floats,
            tolerance,
            "\(name)/\(tensor)",
            sourceLocation: sourceLocation
        )
    }
}

/// A fixture that cannot be read.
public struct GoldenError: Error, CustomStringConvertible {
    /// Why, and what to do.
    public let description: String
}
