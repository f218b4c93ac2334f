import Crypto

/// How two members prove to each other, before any values pass, that they hold the key of the same attempt.
///
/// The listening side sends a random challenge. The dialling side answers with a random number of its own and an HMAC over both; the
/// listening side returns another HMAC over both. A proof names its direction, the attempt and both ranks, so it is of no use anywhere
/// else. Source: Krawczyk et al. 1997, RFC 2104; mutual authentication after ISO/IEC 9798-4, three passes.
struct Handshake {
    /// The bytes of a random number.
    static let nonceSize = 16
    /// The bytes of a proof.
    static let proofSize = 32
    /// The largest payload of a greeting.
    static let largestPayload = 64

    /// Which proof it is.
    enum Role: String {
        case hello = "difftrain-hello"
        case welcome = "difftrain-welcome"
    }

    /// What the listening side drew.
    var challenge: [UInt8]
    /// What the dialling side drew.
    var answer: [UInt8]
    var round: UInt64
    var attempt: UInt16
    /// The rank that dials.
    var dialler: UInt16
    /// The rank that listens.
    var listener: UInt16

    /// Sixteen random bytes.
    static func nonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<nonceSize).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// The proof of a role.
    func proof(_ role: Role, key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message(role), using: SymmetricKey(data: key)))
    }

    /// Whether bytes are the proof of a role; takes as long for wrong ones.
    func verify(_ proof: [UInt8], _ role: Role, key: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof,
            authenticating: message(role),
            using: SymmetricKey(data: key)
        )
    }

    private func message(_ role: Role) -> [UInt8] {
        var bytes = Array(role.rawValue.utf8) + [0] + challenge + answer
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: round >> UInt64(8 * index))) }
        for number in [attempt, dialler, listener] {
            bytes += [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
        }
        return bytes
    }
}
