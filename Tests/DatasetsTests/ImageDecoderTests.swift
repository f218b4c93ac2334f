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
        // Ramp and filter are symmetric: inner pixels are the mean of the four they cover, 72, 76, 104, 108.
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
}
