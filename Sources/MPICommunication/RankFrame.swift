/// What one watch tells another: one message of fixed size over a connection of their own.
struct RankFrame: Equatable {
    /// What a message says.
    enum Kind: UInt8 {
        /// The first message of either side.
        case hello = 1
        /// Alive.
        case beat = 2
        /// This rank's last MPI call is over; that its connection closes is no failure.
        case goodbye = 3
        /// The job ends, and somebody has said why.
        case ending = 4
    }

    /// What the message says.
    var kind: Kind
    /// The rank that sends it.
    var sender: UInt32
    /// The rank that it is about: of a hello the receiver, of an ending the rank that failed.
    var subject: UInt32
    /// How often the sender has come to an exchange or left it; odd while it is in one.
    var pulse: UInt64 = 0

    /// Bytes of every message.
    static let size = 56
    /// Bytes of the key that only the ranks of the job know.
    static let keySize = 32
    private static let magic = Array("dtrw".utf8)

    /// The message as bytes: magic, kind, three zeros, sender, subject, pulse, key; integers are little-endian.
    func encoded(key: [UInt8]) -> [UInt8] {
        precondition(key.count == Self.keySize, "a key of \(key.count) bytes")
        return Self.magic + [kind.rawValue, 0, 0, 0] + Self.bytes(UInt64(sender), 4) + Self.bytes(UInt64(subject), 4)
            + Self.bytes(pulse, 8) + key
    }

    /// Reads a message; nil for anything but the exact bytes of one that knows the key.
    init?(_ bytes: ArraySlice<UInt8>, key: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        let start = bytes.startIndex
        // All bytes of the key are looked at, so that the time tells nothing about them.
        let difference = zip(bytes[(start + 24)...], key).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) }
        guard difference == 0, key.count == Self.keySize, Array(bytes[start..<start + 4]) == Self.magic,
            let kind = Kind(rawValue: bytes[start + 4]), bytes[(start + 5)..<(start + 8)].allSatisfy({ $0 == 0 })
        else { return nil }
        self.kind = kind
        sender = UInt32(Self.integer(bytes[(start + 8)..<(start + 12)]))
        subject = UInt32(Self.integer(bytes[(start + 12)..<(start + 16)]))
        pulse = Self.integer(bytes[(start + 16)..<(start + 24)])
    }

    /// A message.
    init(_ kind: Kind, from sender: Int, about subject: Int, pulse: UInt64 = 0) {
        self.kind = kind
        self.sender = UInt32(truncatingIfNeeded: sender)
        self.subject = UInt32(truncatingIfNeeded: subject)
        self.pulse = pulse
    }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
