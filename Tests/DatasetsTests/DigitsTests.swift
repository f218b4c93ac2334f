import Buffers
import Configs
import Datasets
import TensorFiles
import Testing

@Suite("The embedded digits")
struct DigitsTests {
    private func records(_ split: Digits.Split) throws -> [Record] {
        var digits = Digits()
        digits.split = split
        let shard = try digits.shard(0)
        #expect(try digits.manifest().count == shard.count)
        return try (0..<shard.count).map { try shard.record($0) }
    }

    private func pixels(_ records: [Record]) -> [UInt8] {
        records.flatMap { record in
            guard case .pixels(let bytes, let shape, 16) = record.image, shape == [8, 8, 1] else { return [UInt8]() }
            return bytes
        }
    }

    @Test("pixels and labels are those that were published")
    func digests() throws {
        let all = try records(.all)
        #expect(all.count == 1797)
        #expect(
            Digest(of: pixels(all)).description == "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
        )
        #expect(
            Digest(of: all.map { UInt8($0.label ?? 255) }).description
                == "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"
        )
        let counts = (0..<10).map { digit in all.count { $0.label == digit } }
        #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    }

    @Test("the first 1,500 are trained on and the last 297 are held out")
    func splits() throws {
        let (train, test, all) = (try records(.train), try records(.test), try records(.all))
        #expect(train.count == 1500 && test.count == 297)
        #expect(pixels(train) + pixels(test) == pixels(all))
        #expect(Digits().split == .train)
        #expect(try Digits().manifest().classes == 10)
        #expect(try Digits().manifest().image == [8, 8, 1])
    }

    // The whole set has mean -0.389479 and deviation 0.752098, each to six digits.
    @Test("examples are the levels over 8 minus 1")
    func values() throws {
        let decoder = ImageDecoder(shape: [8, 8, 1])
        let all = try records(.all)
        let values = try all.flatMap { try decoder.decode($0).values.map(Double.init) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        #expect(abs(mean + 0.389479) < 1e-6)
        #expect(abs(variance.squareRoot() - 0.752098) < 1e-6)
        #expect(values.prefix(4) == [-1, -1, -0.375, 0.625])
    }

    @Test("the split is read from a run file, and a wrong one is refused")
    func configuration() throws {
        let digits = try ConfigDecoder.decode(Digits.self, from: "split: test\n", file: "a.yaml")
        #expect(digits.split == .test)
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(Digits.self, from: "split: tset\n", file: "a.yaml")
        }
    }
}
