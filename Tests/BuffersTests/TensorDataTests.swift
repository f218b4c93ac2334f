import Testing

@testable import Buffers

@Suite("Tensor data")
struct TensorDataTests {
    private static func data<Element: BitwiseCopyable>(_ values: [Element], _ dtype: DType) -> TensorData {
        values.withUnsafeBytes { TensorData(bytes: $0, dtype: dtype, shape: [values.count]) }
    }

    @Test("keeps floats, integers and bytes as they are")
    func roundTrips() {
        let floats: [Float] = [0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude, 3e38]
        #expect(TensorData(floats, shape: [2, 3]).floats.map(\.bitPattern) == floats.map(\.bitPattern))
        let integers: [Int64] = [.min, -1, 0, .max]
        #expect(TensorData(integers, shape: [4]).integers == integers)
        #expect(TensorData([0, 127, 128, 255] as [UInt8], shape: [2, 2]).integers == [0, 127, 128, 255])
    }

    @Test("converts every element type to floats")
    func floats() {
        #expect(TensorDataTests.data([1.25, -1e300] as [Double], .float64).floats == [1.25, -.infinity])
        #expect(TensorDataTests.data([0x3FC0, 0xC040, 0x7F80] as [UInt16], .bfloat16).floats == [1.5, -3, .infinity])
        #expect(TensorDataTests.data([-5, 7] as [Int32], .int32).floats == [-5, 7])
        #expect(TensorDataTests.data([-128, 127] as [Int8], .int8).floats == [-128, 127])
        #expect(TensorDataTests.data([0, 255] as [UInt8], .uint8).floats == [0, 255])
        #expect(TensorDataTests.data([0, 1] as [UInt8], .bool).floats == [0, 1])
        #expect(TensorDataTests.data([1 << 40] as [Int64], .int64).floats == [0x1p40])
    }

    @Test("truncates floats to integers")
    func integers() {
        #expect(TensorData([1.9, -1.9, 0.5], shape: [3]).integers == [1, -1, 0])
        #expect(TensorDataTests.data([2.75] as [Double], .float64).integers == [2])
    }

    @Test("reads all 65,536 half-precision numbers as the processor does")
    func halves() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let found = Float(halfBits: bits)
            guard !expected.isNaN else {
                if !found.isNaN { Issue.record("\(bits): expected NaN, found \(found)") }
                continue
            }
            if found.bitPattern != expected.bitPattern { Issue.record("\(bits): expected \(expected), found \(found)") }
        }
    }

    @Test("gives rows and other shapes without a copy")
    func views() {
        let data = TensorData((0..<24).map(Float.init), shape: [4, 3, 2])
        let rows = data.rows(1..<3)
        #expect(rows.shape == [2, 3, 2])
        #expect(rows.floats == (6..<18).map(Float.init))
        #expect(rows.rows(1..<2).floats == (12..<18).map(Float.init))
        #expect(rows.region.storage === data.region.storage)
        #expect(data.reshaped([24]).region.address == data.region.address)
        #expect(data.rows(2..<2).floats.isEmpty)
    }

    @Test("copies what it is made of")
    func copies() {
        var values: [Float] = [1, 2, 3]
        let data = TensorData(values, shape: [3])
        values[0] = 9
        #expect(data.floats == [1, 2, 3])
    }

    @Test("may be empty or a scalar")
    func edges() {
        #expect(TensorData([] as [Float], shape: [0, 3]).floats.isEmpty)
        #expect(TensorData([2] as [Float], shape: []).floats == [2])
        #expect(TensorData.zeros([0]).floats.isEmpty)
        #expect(TensorData.zeros([2, 2], dtype: .int64).integers == [0, 0, 0, 0])
    }

    @Test("shows its bytes in memory order")
    func bytes() {
        let bytes = TensorData([1, -2] as [Float], shape: [2]).withUnsafeBytes { Array($0) }
        #expect(bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    }

    @Test("stops the program where values and shape do not fit")
    func preconditions() async {
        await #expect(processExitsWith: .failure) { _ = TensorData([1, 2] as [Float], shape: [3]) }
        await #expect(processExitsWith: .failure) { _ = TensorData.zeros([4]).reshaped([3]) }
        await #expect(processExitsWith: .failure) { _ = TensorData.zeros([4]).rows(3..<5) }
        await #expect(processExitsWith: .failure) { _ = TensorData.zeros([4], dtype: .int64).region.floats }
    }
}
