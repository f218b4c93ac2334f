public import Buffers

/// The kernels as plain loops in double precision: slow, and the oracle against which every other backend is tested.
///
/// It computes float32 alone: results in bfloat16 are compared with those of the operands as float32.
public struct ReferenceBackend: Backend {
    typealias Floats = UnsafeMutablePointer<Float>

    /// Makes the backend; it keeps no state.
    public init() {}

    /// The name `reference`.
    public var name: String { "reference" }

    /// Zeros: it does not count.
    public var counters: WorkCounters { WorkCounters() }

    /// Memory from the system, not initialised.
    public func allocate(_ count: Int, _ dtype: DType) -> Storage {
        Storage(byteCount: count * dtype.byteWidth)
    }

    /// A copy: there is no other type here.
    public func convert(_ x: Region, into y: Region) {
        y.floats.update(from: x.floats, count: x.count)
    }

    /// Rounds numbers to float32, if anybody wants them.
    func write(_ values: [Double], to region: Region?) {
        guard let target = region?.floats else { return }
        for (i, value) in values.enumerated() { target[i] = Float(value) }
    }

    /// Calls `body` for every run along the last axis with the offsets of its first element under both strides.
    func forEachRow(_ shape: Shape, _ first: [Int], _ second: [Int], _ body: (Int, Int) -> Void) {
        guard shape.count > 0 else { return }
        guard shape.rank > 1 else { return body(0, 0) }
        var index = [Int](repeating: 0, count: shape.rank - 1)
        var (a, b) = (0, 0)
        while true {
            body(a, b)
            var axis = shape.rank - 2
            while axis >= 0 {
                index[axis] += 1
                a += first[axis]
                b += second[axis]
                if index[axis] < shape[axis] { break }
                a -= first[axis] * shape[axis]
                b -= second[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
