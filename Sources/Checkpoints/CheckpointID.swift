/// Names a checkpoint of one run by the samples its state has seen.
public struct CheckpointID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The samples seen.
    public let samples: UInt64

    /// Names the checkpoint after so many samples.
    public init(samples: UInt64) {
        self.samples = samples
    }

    /// Reads a folder's name, or nil unless it is exactly what ``description`` gives.
    public init?(folder: String) {
        guard folder.utf8.count >= Self.digits, folder.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let samples = UInt64(folder)
        else { return nil }
        self.samples = samples
        guard description == folder else { return nil }
    }

    /// The folder's name: the samples with at least twelve digits.
    public var description: String {
        let text = String(samples)
        return String(repeating: "0", count: max(0, Self.digits - text.count)) + text
    }

    /// Orders by samples.
    public static func < (left: CheckpointID, right: CheckpointID) -> Bool {
        left.samples < right.samples
    }

    private static let digits = 12
}
