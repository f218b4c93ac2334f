import Foundation

/// Where a volunteer joins and with what.
public struct WorkerConfig: Sendable {
    /// The coordinator, `HOST:PORT`.
    public var address: String
    /// What lets the worker in; never shown.
    public var token: Secret
    /// Where fetched data and states are kept.
    public var cache: String
    /// A name for people.
    public var name: String
    /// The host that peers dial; nil lets the coordinator take the address it sees.
    public var host: String?
    /// How long the coordinator may be away before the worker gives up, in seconds.
    public var patience = 600.0

    /// A worker of an address; `tokenFile` nil is for coordinators that ask for none.
    public init(address: String, tokenFile: String?, cache: String?) throws(WorkerError) {
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let port = Int(parts[parts.count - 1]), (1...65_535).contains(port), !parts[0].isEmpty
        else { throw .badAddress(address) }
        self.address = address
        token = try tokenFile.map { path throws(WorkerError) in try Secret(file: path) } ?? Secret("")
        self.cache = cache ?? WorkerConfig.defaultCache
        name = String(ProcessInfo.processInfo.hostName.prefix(48)) + "-\(ProcessInfo.processInfo.processIdentifier)"
    }

    private static var defaultCache: String {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CACHE_HOME"] ?? (environment["HOME"].map { $0 + "/.cache" } ?? NSTemporaryDirectory())
        return base + "/difftrain"
    }
}

/// Text that no log shows.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    init(file: String) throws(WorkerError) {
        do {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            self.text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw .noToken(path: file, reason: "the file is missing or not text")
        }
        guard !text.isEmpty, text.utf8.count <= 4096 else {
            throw .noToken(path: file, reason: "it is empty or longer than 4096 bytes")
        }
    }

    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
}
