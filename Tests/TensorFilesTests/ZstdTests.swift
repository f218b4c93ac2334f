import TensorFiles
import TestSupport
import Testing

@Suite("Zstd frames")
struct ZstdTests {
    @Test("bytes survive, from none to several blocks")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 1)
        for count in [0, 1, 100, 131_072, 400_001] {
            for bytes in [random.bytes(count), [UInt8](repeating: 7, count: count)] {
                let frame = Zstd.compress(bytes)
                #expect(try Zstd.decompress(frame, limit: count, name: "z") == bytes)
            }
        }
    }

    @Test("content above the limit is refused before memory is taken")
    func limit() {
        let frame = Zstd.compress([UInt8](repeating: 0, count: 1 << 20))
        #expect(throws: TensorFileError.tooLarge(path: "z", bytes: 1 << 20, limit: 1000)) {
            try Zstd.decompress(frame, limit: 1000, name: "z")
        }
    }

    @Test("a claim that no frame of its length can keep is refused")
    func impossible() {
        // A single-segment frame header with an eight-byte content size of 2^40 and an empty raw last block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]
        #expect(throws: TensorFileError.tooLarge(path: "z", bytes: 1 << 40, limit: 17 * 32768)) {
            try Zstd.decompress(frame, limit: .max, name: "z")
        }
    }

    @Test("cut, doubled and changed frames are refused")
    func damage() {
        let frame = Zstd.compress(Array("some text that is long enough to be compressed, compressed".utf8))
        for count in 0..<frame.count {
            #expect(throws: TensorFileError.self) {
                try Zstd.decompress(Array(frame[..<count]), limit: 1000, name: "z")
            }
        }
        #expect(throws: TensorFileError.self) { try Zstd.decompress(frame + frame, limit: 1000, name: "z") }
        #expect(throws: TensorFileError.self) { try Zstd.decompress(frame + [0], limit: 1000, name: "z") }
        var changed = frame
        changed[frame.count - 1] ^= 1
        #expect(throws: TensorFileError.self) { try Zstd.decompress(changed, limit: 1000, name: "z") }
    }

    @Test("damaged frames give the same bytes or an error")
    func fuzzed() throws {
        var random = SeededGenerator(seed: 2)
        let plain = (0..<3000).map { UInt8($0 % 50) } + random.bytes(500)
        try fuzz(corpus: [Zstd.compress(plain)], rounds: 2000) { bytes in
            if let result = try? Zstd.decompress(bytes, limit: 1 << 20, name: "z") {
                try #require(result == plain)
            }
        }
    }
}
