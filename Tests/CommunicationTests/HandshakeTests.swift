import Testing

@testable import Communication

@Suite("A handshake")
struct HandshakeTests {
    private let handshake = Handshake(
        challenge: Array(0..<16),
        answer: Array(16..<32),
        round: 5,
        attempt: 1,
        dialler: 2,
        listener: 0
    )
    private let key = [UInt8](repeating: 9, count: 32)

    @Test("accepts the proof of who holds the key, and only in its own direction")
    func roles() {
        let hello = handshake.proof(.hello, key: key)
        #expect(hello.count == Handshake.proofSize)
        #expect(handshake.verify(hello, .hello, key: key))
        #expect(!handshake.verify(hello, .welcome, key: key))
        #expect(handshake.verify(handshake.proof(.welcome, key: key), .welcome, key: key))
    }

    @Test("refuses a proof with another key, number, attempt or rank")
    func bindings() {
        let hello = handshake.proof(.hello, key: key)
        #expect(!handshake.verify(hello, .hello, key: [UInt8](repeating: 8, count: 32)))
        #expect(!handshake.verify(Array(hello.dropLast()), .hello, key: key))
        #expect(!handshake.verify([], .hello, key: key))
        let changes: [(inout Handshake) -> Void] = [
            { $0.challenge[0] ^= 1 }, { $0.answer[15] ^= 1 }, { $0.round += 1 }, { $0.attempt += 1 },
            { $0.dialler += 1 },
            { $0.listener += 1 },
        ]
        for change in changes {
            var other = handshake
            change(&other)
            #expect(!other.verify(hello, .hello, key: key))
        }
    }

    @Test("draws another number every time")
    func nonces() {
        let nonces = Set((0..<100).map { _ in Handshake.nonce() })
        #expect(nonces.count == 100 && nonces.allSatisfy { $0.count == Handshake.nonceSize })
    }
}
