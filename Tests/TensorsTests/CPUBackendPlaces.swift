import Buffers
import Tensors

extension KernelCase {
    /// Kernels that move numbers or combine them place by place.
    static func places() -> [KernelCase] {
        var cases = broadcasts()
        for more in [permutations(), images(), gatedSums(), [reversedSlice(), rowsByIndex(), softmax(), adamW()]] {
            cases += more
        }
        return cases
    }

    private static func broadcasts() -> [KernelCase] {
        let pairs: [(Shape, Shape)] = [
            ([40000], [40000]), ([3, 5], []), ([7, 33], [33]), ([4, 6, 40], [4, 1, 40]),
            ([2, 3, 4, 5, 6], [3, 1, 5, 1]), ([1, 20000], [3, 1]), ([5, 1, 7, 1, 3], [1, 6, 1, 9, 1]),
            ([300, 70, 3], [300, 1, 1]),
        ]
        let operations: [BinaryOperation] = [.add, .subtract, .multiply, .divide, .maximum, .greaterShare]
        return pairs.flatMap { pair in operations.map { broadcast($0, pair.0, pair.1) } }
    }

    private static func broadcast(_ operation: BinaryOperation, _ a: Shape, _ b: Shape) -> KernelCase {
        KernelCase(name: "\(operation) \(a) \(b)") { backend in
            let shape = BroadcastShape(a, b)
            let c = Region.random(shape.shape.count, seed: 0)
            backend.binary(operation, shape, .random(a.count, seed: 1), .random(b.count, seed: 2), into: c)
            return c.values
        }
    }

    /// Samples of one row, of one block and of several.
    private static func gatedSums() -> [KernelCase] {
        let sizes: [[Int]] = [[1, 1, 1], [500, 1, 37], [3, 33, 35], [3, 300, 70], [2, 2, 20000], [2, 0, 5]]
        return sizes.map { size in
            KernelCase(name: "gated sum \(size)") { backend in
                let shape = GatedSumShape(samples: size[0], rows: size[1], columns: size[2])
                let (count, width) = (size[0] * size[1] * size[2], size[0] * size[2])
                let (gate, branch) = (Region.random(width, seed: 2), Region.random(count, seed: 3))
                let (y, dBranch) = (Region.random(count, seed: 0), Region.random(count, seed: 0))
                let dGate = Region.random(width, seed: 0)
                backend.gatedSum(shape, .random(count, seed: 1), gate: gate, branch: branch, into: y)
                backend.gatedSumGradient(
                    shape,
                    gate: gate,
                    branch: branch,
                    dy: .random(count, seed: 4),
                    into: dBranch,
                    dGate: dGate
                )
                return y.values + dBranch.values + dGate.values
            }
        }
    }

    private static func permutations() -> [KernelCase] {
        let orders: [(Shape, [Int])] = [
            ([3, 4, 5], [2, 0, 1]), ([100, 200], [1, 0]), ([4, 6, 2, 40], [0, 2, 1, 3]),
            ([2, 3, 4, 5, 6], [4, 3, 2, 1, 0]), ([3, 70, 40], [0, 2, 1]), ([20000], [0]),
            ([2, 2, 2, 2, 2, 2, 3], [6, 0, 5, 1, 4, 2, 3]),
        ]
        return orders.flatMap { order in [false, true].map { permutation(order.0, order.1, accumulate: $0) } }
    }

    private static func permutation(_ shape: Shape, _ order: [Int], accumulate: Bool) -> KernelCase {
        KernelCase(name: "permutation \(shape) \(order) \(accumulate)") { backend in
            let target = Shape(order.map { shape[$0] })
            let copy = StridedCopy(
                shape: target,
                sourceOffset: 0,
                sourceStrides: order.map { shape.strides[$0] },
                targetOffset: 0,
                targetStrides: target.strides
            )
            let y = Region.random(shape.count, seed: 0)
            backend.copy(copy, .random(shape.count, seed: 1), into: y, accumulate: accumulate)
            return y.values
        }
    }

    private static func reversedSlice() -> KernelCase {
        KernelCase(name: "reversed slice") { backend in
            let copy = StridedCopy(
                shape: [5, 9],
                sourceOffset: 12,
                sourceStrides: [0, -1],
                targetOffset: 3,
                targetStrides: [20, 2]
            )
            let y = Region.random(110, seed: 0)
            backend.copy(copy, .random(20, seed: 1), into: y, accumulate: false)
            return y.values
        }
    }

    private static func images() -> [KernelCase] {
        let sizes: [[Int]] = [[1, 2, 2, 1], [3, 4, 6, 5], [2, 16, 16, 40], [1, 2, 8, 3]]
        let kinds: [Resampling] = [.nearestUp2, .bilinearUp2, .averageDown2]
        return kinds.flatMap { kind in
            sizes.map { size in
                let shape = ImageShape(batch: size[0], height: size[1], width: size[2], channels: size[3])
                return KernelCase(name: "\(kind) \(size)") { resampling(kind, shape, $0) }
            }
        }
    }

    private static func resampling(_ kind: Resampling, _ shape: ImageShape, _ backend: any Backend) -> [Float] {
        let input = shape.batch * shape.height * shape.width * shape.channels
        let output = kind == .averageDown2 ? input / 4 : input * 4
        let (y, dx) = (Region.random(output, seed: 0), Region.random(input, seed: 0))
        backend.resample(kind, shape, .random(input, seed: 1), into: y)
        backend.resampleGradient(kind, shape, .random(output, seed: 2), into: dx)
        return y.values + dx.values
    }

    private static func rowsByIndex() -> KernelCase {
        KernelCase(name: "rows by index") { backend in
            let indices = TensorData([2, 0, 2, 5, 1, 2] as [Int64], shape: [6]).region
            let (y, sums) = (Region.random(6 * 37, seed: 0), Region.random(6 * 37, seed: 3))
            backend.gatherRows(width: 37, .random(6 * 37, seed: 1), indices: indices, into: y)
            backend.scatterAddRows(width: 37, .random(6 * 37, seed: 2), indices: indices, into: sums)
            return y.values + sums.values
        }
    }

    private static func softmax() -> KernelCase {
        KernelCase(name: "softmax") { backend in
            let (rows, columns) = (70, 301)
            let (x, dy) = (Region.random(rows * columns, seed: 1), Region.random(rows * columns, seed: 2))
            var results: [Float] = []
            for logarithm in [false, true] {
                let (y, dx) = (Region.random(rows * columns, seed: 0), Region.random(rows * columns, seed: 0))
                backend.softmax(rows: rows, columns: columns, logarithm: logarithm, x, into: y)
                backend.softmaxGradient(rows: rows, columns: columns, logarithm: logarithm, y: y, dy: dy, into: dx)
                results += y.values + dx.values
            }
            return results
        }
    }

    private static func adamW() -> KernelCase {
        KernelCase(name: "AdamW") { backend in
            let count = 40001
            let (p, g) = (Region.random(count, seed: 1), Region.random(count, seed: 2))
            let (m, v) = (Region.random(count, seed: 3), Region.random(count, seed: 4))
            backend.unary(.square, v, into: v)
            let step = AdamWStep(
                rate: 0.01,
                beta1: 0.9,
                beta2: 0.99,
                epsilon: 1e-6,
                weightDecay: 0.1,
                correction1: 0.271,
                correction2: 0.0297,
                gradientScale: 0.37
            )
            let averages = [(5, 0.05), (6, 1), (7, 0)].map { seed, weight in
                AverageShift(.random(count, seed: seed), weight: weight)
            }
            backend.adamW(
                step,
                parameters: p,
                gradients: g,
                first: m,
                second: v,
                decayed: [3..<20000, 20000..<30001],
                averages: averages
            )
            return p.values + m.values + v.values + averages.flatMap(\.values.values)
        }
    }
}

extension Region {
    /// Numbers in `[-1, 1)` that do not lie on a 64-byte boundary.
    static func random(_ count: Int, seed: UInt64) -> Region {
        var stream = RandomStream(seed: seed, purpose: .noise, index: 0)
        let values = stream.uniform([count + 1]).region.part(1..<count + 1)
        let numbers = values.floats
        for i in 0..<count { numbers[i] = 2 * numbers[i] - 1 }
        return values
    }

    /// A copy of the numbers.
    var values: [Float] { Array(UnsafeBufferPointer(start: floats, count: count)) }
}
