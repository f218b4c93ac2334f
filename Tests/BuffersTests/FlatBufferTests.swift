import Buffers
import Synchronization
import TestSupport
import Testing

/// Two roundings of numbers up to 4 where the reference has one: a fused and an unfused multiplication and addition.
private let rounding = Tolerance(absolute: 0x1p-21)

@Suite("A flat buffer")
struct FlatBufferTests {
    private static let counts = [0, 1, 3, 7, 8, 31, 64, 1000]

    private func pair(_ count: Int, seed: UInt64 = 1) -> ([Float], [Float]) {
        var generator = SeededGenerator(seed: seed)
        return (generator.floats(count), generator.floats(count))
    }

    @Test("starts with zeros and is filled", arguments: counts)
    func fill(count: Int) {
        let buffer = FlatBuffer(count: count)
        #expect(buffer.floats == [Float](repeating: 0, count: count))
        buffer.fill(-1.5)
        #expect(buffer.floats == [Float](repeating: -1.5, count: count))
    }

    @Test("copies buffers, numbers and data", arguments: counts)
    func copies(count: Int) {
        let (values, others) = pair(count)
        let buffer = FlatBuffer(values)
        let copy = FlatBuffer(copying: buffer)
        buffer.copy(from: FlatBuffer(others))
        #expect(buffer.floats == others)
        #expect(copy.floats == values)
        copy.copy(from: TensorData(others, shape: [count]))
        #expect(copy.floats == others)
    }

    @Test("takes data over from an offset on and leaves the rest")
    func offset() {
        let buffer = FlatBuffer([1, 2, 3, 4, 5])
        buffer.copy(from: TensorData([9, 8] as [Float], shape: [2]), at: 3)
        #expect(buffer.floats == [1, 2, 3, 9, 8])
        buffer.copy(from: TensorData([] as [Float], shape: [0]), at: 5)
        #expect(buffer.floats == [1, 2, 3, 9, 8])
    }

    @Test("adds, scales and interpolates", arguments: counts)
    func arithmetic(count: Int) {
        let (values, others) = pair(count)
        let sum = FlatBuffer(values)
        sum.add(FlatBuffer(others), scale: -2)
        expectClose(sum.floats, zip(values, others).map { $0 - 2 * $1 }, rounding, "add")
        let scaled = FlatBuffer(values)
        scaled.scale(by: 3)
        #expect(scaled.floats == values.map { $0 * 3 })
        let between = FlatBuffer(values)
        between.lerp(toward: FlatBuffer(others), weight: 0.25)
        expectClose(between.floats, zip(values, others).map { $0 * 0.75 + $1 * 0.25 }, rounding, "lerp")
    }

    @Test("interpolates all the way to the bits of the target, and not at all by weight 0")
    func ends() {
        let (values, others) = pair(100, seed: 3)
        let buffer = FlatBuffer(values)
        buffer.lerp(toward: FlatBuffer(others), weight: 0)
        #expect(buffer.floats == values)
        buffer.lerp(toward: FlatBuffer(others), weight: 1)
        #expect(buffer.floats == others)
    }

    @Test("sums squares in double precision", arguments: counts)
    func norm(count: Int) {
        let values = pair(count).0
        let expected = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        let found = FlatBuffer(values).squaredNorm
        #expect(abs(found - expected) <= Double(count) * 0x1p-52 * expected)
        #expect(FlatBuffer([1e30, 1e30]).squaredNorm.isFinite)
    }

    @Test("finds one infinity or NaN anywhere", arguments: [Float.nan, .infinity, -.infinity])
    func finite(value: Float) {
        for count in [1, 7, 33, 100] {
            for place in 0..<count {
                var values = [Float](repeating: .greatestFiniteMagnitude, count: count)
                #expect(FlatBuffer(values).isFinite)
                values[place] = value
                #expect(!FlatBuffer(values).isFinite, "\(value) at \(place) of \(count)")
            }
        }
        #expect(FlatBuffer(count: 0).isFinite)
    }

    @Test("gives snapshots that stay and views that follow")
    func views() {
        let buffer = FlatBuffer([1, 2, 3, 4, 5, 6])
        let snapshot = buffer.snapshot()
        let view = buffer.view(2..<6, shape: [2, 2])
        buffer.withMutableFloats { $0[3] = 40 }
        #expect(snapshot.floats == [1, 2, 3, 4, 5, 6])
        #expect(snapshot.shape == [6])
        #expect(view.floats == [3, 40, 5, 6])
        #expect(buffer.withFloats { $0.reduce(0, +) } == 57)
    }

    @Test("stops the program where counts differ")
    func preconditions() async {
        await #expect(processExitsWith: .failure) { FlatBuffer([1]).add(FlatBuffer([1, 2])) }
        await #expect(processExitsWith: .failure) { FlatBuffer([1, 2]).copy(from: .zeros([2]), at: 1) }
    }

    @Test("a window is the same memory as its range, and so is a window of a window")
    func windows() {
        let whole = FlatBuffer([0, 1, 2, 3, 4, 5])
        let window = whole.window(2..<5)
        #expect(window.floats == [2, 3, 4])
        window.scale(by: 10)
        #expect(whole.floats == [0, 1, 20, 30, 40, 5])
        whole.fill(7)
        #expect(window.floats == [7, 7, 7])
        window.window(1..<2).fill(1)
        #expect(whole.floats == [7, 7, 7, 1, 7, 7])
        #expect(whole.window(6..<6).floats.isEmpty)
    }

    @Test("lies in memory of somebody else, who gets it back when the last view is gone")
    func foreignMemory() {
        let released = Mutex(0)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: Float.self, repeating: 2, count: 64)
        let release: @Sendable () -> Void = { released.withLock { $0 += 1 } }
        var buffer: FlatBuffer? = FlatBuffer(Storage(byteCount: 256, address: memory, release: release))
        #expect(buffer?.floats == [Float](repeating: 2, count: 64))
        buffer?.scale(by: 2)
        var view = buffer?.view(60..<64, shape: [4])
        buffer = nil
        #expect(released.withLock { $0 } == 0)
        #expect(view?.floats == [4, 4, 4, 4])
        view = nil
        #expect(released.withLock { $0 } == 1)
        #expect(memory.load(as: Float.self) == 4)
    }
}
