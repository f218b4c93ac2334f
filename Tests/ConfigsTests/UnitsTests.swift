import Configs
import TestSupport
import Testing

@Suite("Units")
struct UnitsTests {
    private func read<T: Decodable>(_ type: T.Type, _ text: String) -> T? {
        try? ConfigDecoder.decode(type, from: text, file: "u.yaml")
    }

    @Test(
        "sample counts have binary, decimal and plain units",
        arguments: [
            ("64Ki", 65536), ("1Mi", 1 << 20), ("2Gi", 2 << 30), ("1Ti", 1 << 40), ("60k", 60000), ("5M", 5_000_000),
            ("1G", 1_000_000_000), ("1797 samples", 1797), ("1 sample", 1), ("0 samples", 0), ("12samples", 12),
            ("18446744073709551615 samples", UInt64.max),
        ] as [(String, UInt64)]
    )
    func samples(_ text: String, _ value: UInt64) {
        #expect(read(SampleCount.self, text)?.rawValue == value)
    }

    @Test(
        "what is no count is refused",
        arguments: [
            "64", "Ki", "64 KI", "64  Ki", "-1Ki", "1.5Mi", "+1k", "1_000k", "16777216Ti",
            "18446744073709551616 samples",
            "1e3k", "١k", "64Ki ki", "{}", "[]", "true", "\"\"",
        ]
    )
    func badSamples(_ text: String) {
        #expect(read(SampleCount.self, text) == nil)
    }

    @Test("bytes and seconds have their units")
    func others() {
        #expect(read(ByteCount.self, "64MiB") == 67_108_864)
        #expect(read(ByteCount.self, "512B") == 512)
        #expect(read(ByteCount.self, "3kB") == 3000)
        #expect(read(ByteCount.self, "64Mi") == nil)
        #expect(read(Seconds.self, "250ms") == 0.25)
        #expect(read(Seconds.self, "5m") == 300)
        #expect(read(Seconds.self, "2h") == 7200)
        #expect(read(Seconds.self, "1d") == 86400)
        #expect(read(Seconds.self, "0.5s") == 0.5)
        for text in ["5", "5.s", ".5s", "1..5s", "inf s", "5 minutes", "-1s"] {
            #expect(read(Seconds.self, text) == nil)
        }
    }

    @Test("the canonical text is short")
    func canonical() {
        #expect(SampleCount(65536).description == "64Ki")
        #expect(SampleCount(60000).description == "60k")
        #expect(SampleCount(1797).description == "1797 samples")
        #expect(SampleCount(0).description == "0 samples")
        #expect(ByteCount(1 << 26).description == "64MiB")
        #expect(ByteCount(7).description == "7B")
        #expect(Seconds(90).description == "90s")
        #expect(Seconds(300).description == "5m")
        #expect(Seconds(0.25).description == "250ms")
        #expect(Seconds(1e-7).description == "0.0000001s")
        #expect(Seconds(0).description == "0s")
    }

    @Test("every value survives its text")
    func roundTrip() {
        forAll(seeds: 300) { random in
            let count = random.next() >> UInt64(random.int(0...63))
            try #require(read(SampleCount.self, SampleCount(count).description)?.rawValue == count)
            try #require(read(ByteCount.self, ByteCount(count).description)?.rawValue == count)
            let scale = random.element([1e-12, 1e-6, 1e-3, 1, 60, 3600, 1e9])
            let seconds = random.chance(0.5) ? Double(random.int(0...10000)) * scale : random.double() * scale
            try #require(read(Seconds.self, Seconds(seconds).description)?.rawValue == seconds)
        }
    }
}
