import Datasets
import TestSupport
import Testing

@Suite("Image files")
struct ImageCodecTests {
    private func picture(_ width: Int, _ height: Int, _ channels: Int) -> Pixels {
        let bytes = (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }
        return Pixels(bytes: bytes, width: width, height: height, channels: channels)
    }

    @Test("a PNG that was written is read back exactly", arguments: [(1, 1), (3, 5), (64, 17), (300, 200)])
    func roundTrip(width: Int, height: Int) throws {
        for channels in [1, 3] {
            let image = picture(width, height, channels)
            let file = try ImageCodec.encodePNG(image)
            #expect(try ImageCodec.decode(file) == image)
            #expect(try ImageCodec.encodePNG(image) == file)
            let size = try ImageCodec.inspect(file)
            #expect(size.width == width && size.height == height && size.channels == channels)
        }
    }

    @Test("pixels that do not compress fit the bound")
    func incompressible() throws {
        var random = SeededGenerator(seed: 1)
        let image = Pixels(bytes: random.bytes(500 * 333 * 3), width: 500, height: 333, channels: 3)
        #expect(try ImageCodec.decode(ImageCodec.encodePNG(image)) == image)
    }

    @Test("what cannot be a PNG is not encoded")
    func refusesToEncode() {
        #expect(throws: ImageFault.unsupported) {
            try ImageCodec.encodePNG(Pixels(bytes: [1, 2], width: 1, height: 1, channels: 2))
        }
        #expect(throws: ImageFault.tooLarge) {
            try ImageCodec.encodePNG(Pixels(bytes: [], width: 0, height: 4, channels: 1))
        }
    }

    @Test("every way of cutting a PNG short is noticed")
    func truncatedPNG() throws {
        let file = try ImageCodec.encodePNG(picture(9, 7, 3))
        for count in 8..<file.count {
            #expect(throws: ImageFault.truncated, "\(count) bytes") { try ImageCodec.decode(Array(file.prefix(count))) }
        }
    }

    @Test("a PNG whose header promises more pixels than it has is refused")
    func promisesTooMuch() {
        var png = PNGBuilder()
        png.header(width: 8, height: 8, colour: 0)
        png.pixels([0, 1, 2, 0, 3, 4])
        png.end()
        #expect(throws: ImageFault.corrupt) { try ImageCodec.decode(png.bytes) }
    }

    @Test("a PNG whose header promises fewer pixels than it has is refused")
    func promisesTooLittle() {
        var png = PNGBuilder()
        png.header(width: 2, height: 1, colour: 0)
        png.pixels([0, 1, 2, 0, 3, 4, 0, 5, 6])
        png.end()
        #expect(throws: ImageFault.corrupt) { try ImageCodec.decode(png.bytes) }
    }

    @Test(
        "a header that asks for too much memory is refused before memory is taken",
        arguments: [(1 << 30, 1 << 30), (16385, 1), (1, 16385), (16384, 16384), (Int(UInt32.max), 1)]
    )
    func tooLarge(width: Int, height: Int) {
        var png = PNGBuilder()
        png.header(width: width, height: height, colour: 2)
        png.pixels([0, 1, 2, 3])
        png.end()
        #expect(throws: ImageFault.tooLarge) { try ImageCodec.decode(png.bytes) }
    }

    @Test("a header without pixels is refused")
    func empty() {
        var png = PNGBuilder()
        png.header(width: 0, height: 3, colour: 2)
        png.end()
        #expect(throws: ImageFault.corrupt) { try ImageCodec.decode(png.bytes) }
    }

    @Test("transparent pixels are laid on white, whatever gamma the file states")
    func transparency() throws {
        for gamma in [false, true] {
            var png = PNGBuilder()
            png.header(width: 3, height: 1, colour: 6)
            if gamma { png.chunk("gAMA", [0, 0, 0xb1, 0x8f]) }
            png.pixels([0, 10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 51])
            png.end()
            // 51 of 255 parts colour and 204 of 255 parts white: 204, 224, 244.
            #expect(try ImageCodec.decode(png.bytes).bytes == [10, 20, 30, 255, 255, 255, 204, 224, 244])
        }
    }

    @Test("palettes, few bits, 16 bits and transparent palette entries become 8-bit pixels")
    func variants() throws {
        var palette = PNGBuilder()
        palette.header(width: 3, height: 1, depth: 2, colour: 3)
        palette.chunk("PLTE", [1, 2, 3, 200, 100, 50, 7, 7, 7])
        palette.chunk("tRNS", [255, 255, 0])
        palette.pixels([0, 0b00_01_10_00])
        palette.end()
        #expect(try ImageCodec.decode(palette.bytes).bytes == [1, 2, 3, 200, 100, 50, 255, 255, 255])

        var bits = PNGBuilder()
        bits.header(width: 4, height: 1, depth: 1, colour: 0)
        bits.pixels([0, 0b1010_0000])
        bits.end()
        #expect(try ImageCodec.decode(bits.bytes).bytes == [255, 0, 255, 0])

        var deep = PNGBuilder()
        deep.header(width: 2, height: 1, depth: 16, colour: 0)
        deep.pixels([0, 0xff, 0xff, 0x80, 0x80])
        deep.end()
        #expect(try ImageCodec.decode(deep.bytes).bytes == [255, 128])
    }

    @Test("other bytes are no image")
    func unknown() {
        for bytes in [[], [0x89], Array("GIF89a".utf8), [UInt8](repeating: 0, count: 100)] {
            #expect(throws: ImageFault.unknownFormat) { try ImageCodec.decode(bytes) }
        }
    }

    // The JPEG is lossy at quality 90; the WebP is lossless.
    @Test("a JPEG and a WebP are read")
    func otherFormats() throws {
        let jpeg = try ImageCodec.decode(Fixtures.jpeg)
        #expect(jpeg.width == 8 && jpeg.height == 4 && jpeg.channels == 3)
        for y in 0..<4 {
            for x in 0..<8 {
                let pixel = jpeg.bytes[(y * 8 + x) * 3..<(y * 8 + x) * 3 + 3].map(Int.init)
                for (found, expected) in zip(pixel, Fixtures.jpegColour) { #expect(abs(found - expected) <= 3) }
            }
        }
        let webp = try ImageCodec.decode(Fixtures.webp)
        #expect(webp == Fixtures.webpPixels)
    }

    @Test("a JPEG or WebP that was cut short is refused")
    func truncatedOthers() {
        for file in [Fixtures.jpeg, Fixtures.webp] {
            for count in stride(from: 12, to: file.count - 2, by: 5) {
                #expect(throws: ImageFault.self, "\(count) bytes") { try ImageCodec.decode(Array(file.prefix(count))) }
            }
        }
    }

    @Test("damaged files give an error or an image of the stated size, never a trap")
    func fuzzed() throws {
        let corpus = [
            Fixtures.jpeg, Fixtures.webp, try ImageCodec.encodePNG(picture(9, 7, 3)),
            try ImageCodec.encodePNG(picture(5, 5, 1)),
        ]
        try fuzz(corpus: corpus, dictionary: ["IDAT", "PLTE", "tRNS", "VP8L", "RIFF"]) { bytes in
            guard let image = try? ImageCodec.decode(bytes) else { return }
            let size = try ImageCodec.inspect(bytes)
            try #require(image.width == size.width && image.height == size.height)
        }
    }
}
