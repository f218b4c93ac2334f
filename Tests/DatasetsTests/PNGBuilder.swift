/// Writes PNG files chunk by chunk, so that tests can make ones that lie.
struct PNGBuilder {
    var bytes: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    mutating func chunk(_ type: String, _ content: [UInt8]) {
        let body = Array(type.utf8) + content
        bytes += PNGBuilder.word(UInt32(content.count)) + body + PNGBuilder.word(PNGBuilder.crc(body))
    }

    mutating func header(width: Int, height: Int, depth: UInt8 = 8, colour: UInt8) {
        chunk(
            "IHDR",
            PNGBuilder.word(UInt32(width)) + PNGBuilder.word(UInt32(height)) + [depth, colour, 0, 0, 0]
        )
    }

    /// Rows, each with its filter byte, as one stored block of zlib.
    mutating func pixels(_ rows: [UInt8]) {
        precondition(rows.count < 65536, "one stored block")
        let length = UInt16(rows.count)
        let block: [UInt8] = [
            0x78, 0x01, 0x01, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8),
        ]
        chunk("IDAT", block + rows + PNGBuilder.word(PNGBuilder.adler(rows)))
    }

    mutating func end() { chunk("IEND", []) }

    static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xffff_ffff
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xedb8_8320 ^ crc >> 1 : crc >> 1 }
        }
        return ~crc
    }

    private static func adler(_ bytes: [UInt8]) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        return b << 16 | a
    }
}
