import Buffers
import Datasets
import Testing

@testable import Training

/// Expected numbers are those that `Tests/Goldens/make_digit_classifier.py` prints; it computes in float64, the
/// program in float32.
@Suite("The digit classifier")
struct DigitClassifierTests {
    private let classifier = DigitClassifier.embedded

    private func images(_ split: Digits.Split) throws -> (values: [Float], labels: [Int]) {
        var digits = Digits()
        digits.split = split
        let shard = try digits.shard(0)
        let decoder = ImageDecoder(shape: [8, 8, 1])
        let examples = try (0..<shard.count).map { try decoder.decode(try shard.record($0)) }
        return (examples.flatMap(\.values), examples.map { $0.label ?? -1 })
    }

    private func statistics(_ images: [Float]) -> FeatureStatistics {
        var result = FeatureStatistics(dimension: DigitClassifier.featureCount)
        result.add(classifier(images).features)
        return result
    }

    @Test("the weights are the file that was trained, and reports name it")
    func digest() {
        #expect(DigitClassifier.digest == "102bd4538433aced1a2f9daee3c6bcbe8d8e80a84318cf1156cda8ac0e5f619b")
        #expect(DigitClassifier.featureNet == "digits-mlp:102bd453")
    }

    @Test("features and logits of the first digit are those of NumPy")
    func golden() throws {
        let first = Array(try images(.train).values.prefix(64))
        let features: [Float] = [
            2.624458, 0.012111, 6.937104, 0, 0, 0.426772, 0.417455, 0, 0, 4.604248, 0, 0, 5.191499, 0, 3.09968,
            4.715331,
            2.607084, 1.217193, 3.231389, 0, 4.848572, 0.67444, 1.259033, 8.312407, 0, 4.277536, 8.039973, 1.195408, 0,
            7.113704, 7.3229, 4.875252,
        ]
        for (found, expected) in zip(classifier(first).features, features) { #expect(abs(found - expected) < 2e-5) }
        let logits: [Float] = [
            11.768144, -13.648964, -6.908483, -7.86148, -6.096628, 1.712795, -2.372356, -4.129062, -2.361387, -0.287071,
        ]
        for (found, expected) in zip(classifier.logits(first), logits) { #expect(abs(found - expected) < 5e-5) }
    }

    @Test("it knows 1,496 of the digits it was trained on and 277 of those by other writers")
    func accuracy() throws {
        for (split, expected) in [(Digits.Split.train, 1496), (.test, 277)] {
            let (values, labels) = try images(split)
            let right = zip(classifier(values).labels, labels).count { $0 == $1 }
            #expect(right == expected)
        }
    }

    // Float32 features against float64 ones: relative 1e-5 leaves a factor of ten.
    @Test("distances between sets of digits are those of NumPy")
    func distances() throws {
        let (train, labels) = try images(.train)
        let real = statistics(train)
        let rows: [[Float]] = (0..<1500).map { Array(train[64 * $0..<64 * $0 + 64]) }
        let fewClasses: [Float] = rows.indices.filter { labels[$0] < 3 }.flatMap { rows[$0] }
        let everySecond: [Float] = stride(from: 0, to: 1500, by: 2).flatMap { rows[$0] }
        let reversed: [Int] = (0..<64).map { $0 / 8 * 8 + 7 - $0 % 8 }
        let mirrored: [Float] = rows.flatMap { row in reversed.map { row[$0] } }
        let cases: [(String, [Float], Double)] = [
            ("held out", try images(.test).values, 5.975632),
            ("first 1,000", Array(train.prefix(64_000)), 0.533035),
            ("every second", everySecond, 0.411387),
            ("classes 0 to 2", fewClasses, 65.413163),
            ("mirrored", mirrored, 27.569526),
            ("inverted", train.map { -$0 }, 511.490452),
            ("halved contrast", train.map { 0.5 * $0 }, 142.611078),
        ]
        for (name, images, expected) in cases {
            let found = FrechetDistance.between(real, statistics(images))
            #expect(abs(found - expected) < 1e-5 * expected + 1e-5, "\(name): \(found)")
        }
        #expect(FrechetDistance.between(real, real) < 1e-9)
    }
}
