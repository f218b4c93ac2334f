import Buffers
import Testing

@testable import Communication

@Suite("Error feedback")
struct ErrorFeedbackTests {
    private static let count = 3 * 65_536 + 4321
    private static let codecs: [any Compression] = [OneBitCompression(), TopKCompression(kept: 64)]

    @Test("loses nothing: what was sent and what is left are what came", arguments: [0, 1])
    func conservation(index: Int) {
        let feedback = ErrorFeedback(Self.codecs[index], decay: 1, count: Self.count)
        var (came, sent) = ([Double](repeating: 0, count: Self.count), [Double](repeating: 0, count: Self.count))
        for round in 0..<5 as Range<UInt64> {
            let values = FlatBuffer(CodecInput.normal(Self.count, seed: round))
            for (index, value) in values.floats.enumerated() { came[index] += Double(value) }
            #expect(feedback.compress(values, round: round, rank: 0))
            feedback.commit()
            for (index, value) in values.floats.enumerated() { sent[index] += Double(value) }
        }
        for (index, left) in feedback.residual.floats.enumerated() {
            #expect(abs(came[index] - sent[index] - Double(left)) < 1e-4)
        }
    }

    @Test("sends what the codec makes of the values and the decayed residual", arguments: [0, 1])
    func definition(index: Int) throws {
        let codec = Self.codecs[index]
        let feedback = ErrorFeedback(codec, decay: 0.5, count: Self.count)
        var residual = [Float](repeating: 0, count: Self.count)
        for round in 0..<3 as Range<UInt64> {
            let values = FlatBuffer(CodecInput.normal(Self.count, seed: round))
            let sum = zip(values.floats, residual).map { $0 + 0.5 * $1 }
            #expect(feedback.compress(values, round: round, rank: 0))
            let sent = try codec.values(codec.bytes(sum), count: Self.count)
            #expect(values.floats == sent && feedback.residual.floats == residual)
            feedback.commit()
            residual = zip(sum, sent).map { $0 - $1 }
            #expect(feedback.residual.floats == residual)
        }
    }

    @Test("is as it was until values were counted, and forgets when told to")
    func uncounted() {
        let feedback = ErrorFeedback(TopKCompression(), decay: 1, count: 5000)
        let values = FlatBuffer(CodecInput.normal(5000))
        #expect(feedback.compress(values, round: 1, rank: 0))
        #expect(feedback.residual.floats.allSatisfy { $0 == 0 })
        feedback.commit()
        let residual = feedback.residual.floats
        #expect(residual.contains { $0 != 0 })
        let again = FlatBuffer(CodecInput.normal(5000, seed: 2))
        #expect(feedback.compress(again, round: 2, rank: 0))
        #expect(feedback.residual.floats == residual)
        feedback.reset()
        #expect(feedback.residual.floats.allSatisfy { $0 == 0 })
    }

    @Test("refuses values that are not finite or too large, and keeps them and the residual")
    func unusable() {
        let feedback = ErrorFeedback(OneBitCompression(), decay: 1, count: 100)
        for value in [Float.nan, .infinity, 2e30] {
            let values = FlatBuffer([Float](repeating: 1, count: 99) + [value])
            #expect(!feedback.compress(values, round: 1, rank: 0))
            #expect(values.floats.prefix(99).allSatisfy { $0 == 1 })
            #expect(feedback.residual.floats.allSatisfy { $0 == 0 })
        }
    }
}
