import Buffers
import TestSupport
import Testing

@Suite("Flat buffers compared")
struct FlatBufferComparisonTests {
    @Test("have the same checksum where they have the same bits")
    func checksums() {
        var generator = SeededGenerator(seed: 3)
        let values = generator.floats(1001)
        let buffer = FlatBuffer(values)
        #expect(buffer.checksum == FlatBuffer(values).checksum)
        for index in [0, 500, 1000] {
            var changed = values
            changed[index] = changed[index].nextUp
            #expect(FlatBuffer(changed).checksum != buffer.checksum)
        }
        // The CRC-32C of no bytes, and of four zeros (RFC 3720, appendix B.4, gives that of 32 zeros).
        #expect(FlatBuffer(count: 0).checksum == 0)
        #expect(FlatBuffer(count: 8).checksum == 0x8A91_36AA)
    }

    @Test("tell their largest difference", arguments: [1, 7, 16, 33, 1000])
    func differences(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        let (values, others) = (generator.floats(count), generator.floats(count))
        let expected = zip(values, others).map { abs($0 - $1) }.reduce(0, max)
        #expect(FlatBuffer(values).largestDifference(from: FlatBuffer(others)) == expected)
        #expect(FlatBuffer(values).largestDifference(from: FlatBuffer(values)) == 0)
        for strange in [Float.nan, -.nan, .infinity, -.infinity] {
            var changed = values
            changed[count / 2] = strange
            #expect(FlatBuffer(changed).largestDifference(from: FlatBuffer(others)) == .infinity)
        }
        #expect(FlatBuffer(count: 0).largestDifference(from: FlatBuffer(count: 0)) == 0)
    }
}
