import TestSupport
import Testing

@testable import Worker

@Suite("The key of an exchange")
struct HexadecimalTests {
    @Test("is read from hexadecimal digits of both cases")
    func reads() {
        #expect([UInt8](hexadecimal: "") == [])
        #expect([UInt8](hexadecimal: "00ff7fA0") == [0, 255, 127, 160])
        #expect([UInt8](hexadecimal: String(repeating: "ab", count: 128))?.count == 128)
    }

    @Test(
        "is refused if it is odd, too long or has anything but digits",
        arguments: [
            "0", "0g", "+f", "-1", " 1", "0x", "é", "１１", "00\n0", String(repeating: "ab", count: 129),
        ]
    )
    func refuses(text: String) {
        #expect([UInt8](hexadecimal: text) == nil)
    }

    @Test("comes back from its own digits")
    func roundTrip() {
        forAll { generator in
            let bytes = generator.bytes(generator.int(0...64))
            let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try #require([UInt8](hexadecimal: text) == bytes)
        }
    }
}
