public import Coordination
import Crypto
import Foundation
import Synchronization

/// One token as it is stored: never itself, only its digest.
public struct TokenRecord: Codable, Sendable, Equatable {
    /// Short name for `revoke` and for the record of who contributed.
    public var id: String
    /// For people.
    public var name: String
    /// SHA-256 of the token's text, hexadecimal.
    public var digest: String
    /// When it was made, milliseconds since 1970.
    public var made: Timestamp
    /// True: it opens nothing any more.
    public var isRevoked: Bool

    private enum CodingKeys: String, CodingKey {
        case id, name, digest, made
        case isRevoked = "is_revoked"
    }
}

/// The tokens of a run, in `keys/tokens.json`; read again whenever the file was replaced.
public final class TokenStore: Sendable {
    private struct Cache {
        var records: [TokenRecord] = []
        var changed: Date?
        var file: UInt64?
    }

    private let folder: RunFolder
    private let cache = Mutex(Cache())

    /// The tokens of a folder.
    public init(_ folder: RunFolder) { self.folder = folder }

    /// All tokens, in order of making.
    public func list() throws(CoordinatorError) -> [TokenRecord] {
        guard FileManager.default.fileExists(atPath: folder.tokens) else { return [] }
        let bytes = try folder.read(folder.tokens, limit: 1 << 22)
        do {
            return try JSONDecoder().decode([TokenRecord].self, from: Data(bytes))
        } catch {
            throw .file(path: folder.tokens, reason: "it is no list of tokens")
        }
    }

    /// Makes a token; its text is told only here.
    public func create(name: String, at now: Timestamp) throws(CoordinatorError) -> SecretBytes {
        var records = try list()
        let secret = SecretBytes.random(32)
        records.append(
            TokenRecord(
                id: "t\(records.count + 1)",
                name: name,
                digest: Self.digest(of: secret.text),
                made: now,
                isRevoked: false
            )
        )
        try save(records)
        return secret
    }

    /// Makes a token useless.
    public func revoke(_ id: String) throws(CoordinatorError) {
        var records = try list()
        guard let index = records.firstIndex(where: { $0.id == id }) else { throw .unknownToken(id: id) }
        records[index].isRevoked = true
        try save(records)
    }

    /// The id of a token, if it opens this run; every stored digest is compared, each in constant time.
    public func owner(of text: String) throws(CoordinatorError) -> String? {
        let presented = Array(Self.digest(of: text).utf8)
        var found: String?
        for record in try current() {
            let matches = isEqualInConstantTime(Array(record.digest.utf8), presented)
            if matches, !record.isRevoked { found = record.id }
        }
        return found
    }

    private static func digest(of text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    private func save(_ records: [TokenRecord]) throws(CoordinatorError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try folder.write(Array(encoder.encode(records)), to: folder.tokens, secret: true)
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .file(path: folder.tokens, reason: "it cannot be written")
        }
    }

    private func current() throws(CoordinatorError) -> [TokenRecord] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.tokens)
        let changed = attributes?[.modificationDate] as? Date
        let file = (attributes?[.systemFileNumber] as? NSNumber)?.uint64Value
        let known = cache.withLock { $0.changed == changed && $0.file == file && changed != nil ? $0.records : nil }
        if let known { return known }
        let records = try list()
        cache.withLock { $0 = Cache(records: records, changed: changed, file: file) }
        return records
    }
}
