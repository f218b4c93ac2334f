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
        guard WorkerConfig.isAddress(address) else { throw .badAddress(address) }
        self.address = address
        token = try tokenFile.map { path throws(WorkerError) in try Secret(file: path) } ?? Secret("")
        self.cache = cache ?? WorkerConfig.defaultCache
        name = String(ProcessInfo.processInfo.hostName.prefix(48)) + "-\(ProcessInfo.processInfo.processIdentifier)"
    }

    /// The two parts of the address; the brackets of an IPv6 host are taken off.
    var endpoint: (host: String, port: Int) {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
            return (address, 0)
        }
        let host = address[..<colon]
        return (String(host.hasPrefix("[") ? host.dropFirst().dropLast() : host), port)
    }

    // What is no host would become part of the headers of every call.
    private static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return false }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy(isDigit), let port = Int(digits), (1...65_535).contains(port) else { return false }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 {
            return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty && host.utf8.allSatisfy { isLetter($0) || isDigit($0) || Array(".-_".utf8).contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Where files are kept if nobody says where.
    static var defaultCache: String {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CACHE_HOME"] ?? (environment["HOME"].map { $0 + "/.cache" } ?? NSTemporaryDirectory())
        return base + "/difftrain"
    }
}

/// Text that no log shows.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
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
    /// Nothing, so that a dump of what holds the text does not show it either.
    public var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }
}
