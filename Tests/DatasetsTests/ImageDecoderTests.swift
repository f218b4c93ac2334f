import Buffers
import Testing

@testable import Datasets

@Suite("Images to examples")
struct ImageDecoderTests {
    private func decode(_ bytes: [UInt8], _ size: Shape, to shape: Shape, white: Int = 255) throws -> [Float] {
        let record = Record(image: .pixels(bytes, shape: size, white: white), label: 3)
        let example = try ImageDecoder(shape: shape).decode(record)
        #expect(example.shape == shape && example.label == 3)
        return example.values
    }

    @Test("levels become values from -1 to 1")
    func range() throws {
        #expect(try decode([0, 255, 51, 204], [2, 2, 1], to: [2, 2, 1]) == [-1, 1, -0.6, 0.6])
        #expect(try decode([0, 16, 8, 3], [2, 2, 1], to: [2, 2, 1], white: 16) == [-1, 1, 0, -0.625])
    }

    @Test("grey is repeated and colours are weighted")
    func channels() throws {
        #expect(try decode([0, 255], [1, 2, 1], to: [1, 2, 3]) == [-1, -1, -1, 1, 1, 1])
        let grey = try decode([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255], [2, 2, 3], to: [2, 2, 1])
        for (found, weight) in zip(grey, [0.299, 0.587, 0.114, 1] as [Float]) {
            #expect(abs(found - (2 * weight - 1)) < 1e-6)
        }
    }

    @Test("shrinking by a whole factor keeps the mean, and a constant stays constant")
    func shrinking() throws {
        let values = (0..<64).map { UInt8($0 * 4) }
        let small = try decode(values, [8, 8, 1], to: [4, 4, 1])
        // The ramp is linear and the filter symmetric, so inner pixels are the mean of the four they cover: 72, 76, 104, 108.
        #expect(abs(small[5] - (90 / 127.5 - 1)) < 1e-5)
        #expect(
            try decode([UInt8](repeating: 77, count: 90), [9, 10, 1], to: [3, 3, 1]).allSatisfy {
                abs($0 + 0.39608) < 1e-4
            }
        )
        #expect(
            try decode([UInt8](repeating: 77, count: 6), [2, 3, 1], to: [7, 5, 1]).allSatisfy {
                abs($0 + 0.39608) < 1e-4
            }
        )
    }

    @Test("what hangs over is cut off evenly")
    func cropping() throws {
        // 1x5 to 1x3 at the same scale: the middle three.
        for (size, shape) in [([1, 5, 1], [1, 3, 1]), ([5, 1, 1], [3, 1, 1])] as [(Shape, Shape)] {
            let values = try decode([0, 51, 102, 153, 204], size, to: shape)
            #expect(zip(values, [-0.6, -0.2, 0.2]).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }

    @Test("enlarging interpolates linearly")
    func enlarging() throws {
        let values = try decode([0, 204], [1, 2, 1], to: [2, 4, 1])
        let expected: [Float] = [-1, -0.6, 0.2, 0.6]
        for row in 0..<2 {
            for column in 0..<4 { #expect(abs(values[row * 4 + column] - expected[column]) < 1e-6) }
        }
    }

    @Test("every size of image fills every size of example within the range")
    func everySize() throws {
        for (height, width) in [(1, 1), (1, 9), (9, 1), (3, 4), (17, 5)] {
            let bytes = (0..<height * width).map { $0 % 2 == 0 ? UInt8(255) : 0 }
            for (h, w) in [(1, 1), (2, 7), (8, 8), (13, 3)] {
                let values = try decode(bytes, [height, width, 1], to: [h, w, 1])
                #expect(values.count == h * w && values.allSatisfy { $0 >= -1 && $0 <= 1 })
            }
        }
    }

    @Test("a mirrored image has its columns in reverse, and nothing else changes")
    func flip() throws {
        var always = HorizontalFlip()
        always.probability = 1
        var never = HorizontalFlip()
        never.probability = 0
        var random = RandomStream(seed: 1, purpose: .augmentation, index: 0)
        let example = Example(values: (0..<18).map { Float($0) }, shape: [2, 3, 3], label: 4)
        var mirrored = example
        always.apply(&mirrored, using: &random)
        #expect(mirrored.values == [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11])
        #expect(mirrored.label == 4)
        always.apply(&mirrored, using: &random)
        #expect(mirrored.values == example.values)
        never.apply(&mirrored, using: &random)
        #expect(mirrored.values == example.values)
    }

    // A share of 0.3 in 2,000 draws deviates by 0.0102; five deviations are 0.051.
    @Test("the share of mirrored images is the probability")
    func share() throws {
        var flip = HorizontalFlip()
        flip.probability = 0.3
        var count = 0
        for index in 0..<UInt64(2000) {
            var random = RandomStream(seed: 9, purpose: .augmentation, index: index)
            var example = Example(values: [0, 1], shape: [1, 2, 1], label: nil)
            flip.apply(&example, using: &random)
            count += example.values == [1, 0] ? 1 : 0
        }
        #expect(abs(Double(count) / 2000 - 0.3) < 0.051)
        flip.probability = 1.5
        #expect(throws: (any Error).self) { try flip.validate() }
    }
}
