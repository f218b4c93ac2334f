import Foundation

/// Reads `run.jsonl`.
public enum RunLog {
    /// The longest log that is read, in bytes.
    private static let limit = 1 << 30

    /// The lines of a log in order; lines that are no report of ours, such as one cut short by a power failure, are left out.
    public static func read(_ path: String) throws(TrainingError) -> [LogLine] {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard let size = attributes[.size] as? Int, size <= limit else {
                throw TrainingError.file(path: path, reason: "it is longer than 1 GiB")
            }
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            return text.split(separator: "\n").compactMap { LogLine(json: $0) }
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .file(path: path, reason: "it cannot be read")
        }
    }
}
