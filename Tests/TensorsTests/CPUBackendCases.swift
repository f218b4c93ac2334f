import Buffers
import Tensors

extension KernelCase {
    /// Matrix products of all orientations; sizes on both sides of every cut.
    static func products() -> [KernelCase] {
        let small: [[Int]] = [[1, 1, 1, 1], [1, 17, 5, 33], [7, 16, 24, 8], [3, 40, 70, 12]]
        // Large enough to be cut by rows, by columns, in depth and both ways.
        let large: [[Int]] = [[1, 530, 66, 64], [1, 60, 540, 70], [1, 48, 40, 1150], [1, 130, 170, 100]]
        var cases: [KernelCase] = []
        for size in small {
            for orientation in 0..<4 { cases.append(product(size, orientation)) }
        }
        for (index, size) in large.enumerated() {
            cases += [product(size, index), product(size, (index + 1) % 4)]
        }
        return cases
    }

    private static func product(_ size: [Int], _ orientation: Int) -> KernelCase {
        var shape = GEMM(m: size[1], n: size[2], k: size[3])
        (shape.batch, shape.alpha, shape.beta) = (size[0], 0.5, size[0] == 3 ? 1 : 0)
        (shape.transposeA, shape.transposeB) = (orientation & 1 == 1, orientation & 2 == 2)
        (shape.strideA, shape.strideB, shape.strideC) = (size[1] * size[3], size[2] * size[3], size[1] * size[2])
        return product(shape)
    }

    private static func product(_ shape: GEMM) -> KernelCase {
        let name = "matmul \(shape.batch) \(shape.m) \(shape.n) \(shape.k) \(shape.transposeA) \(shape.transposeB)"
        return KernelCase(name: name) { backend in
            let c = Region.random(shape.batch * shape.strideC, seed: 3)
            let a = Region.random(shape.batch * shape.strideA, seed: 1)
            let b = Region.random(shape.batch * shape.strideB, seed: 2)
            backend.matmul(shape, a, b, into: c)
            return c.values
        }
    }

    /// Products that end with a bias, an activation or its derivative, and a residual.
    static func finishedProducts() -> [KernelCase] {
        let sizes: [[Int]] = [[5, 7, 3], [70, 48, 33], [130, 97, 600]]
        return sizes.flatMap { size in
            ProductFinish.Activation.allCases.flatMap { activation in
                [false, true].map { finishedProduct(size, activation, backward: $0) }
            }
        }
    }

    private static func finishedProduct(
        _ size: [Int],
        _ activation: ProductFinish.Activation,
        backward: Bool
    ) -> KernelCase {
        let shape = GEMM(m: size[0], n: size[1], k: size[2])
        return KernelCase(name: "matmul \(size) finished by \(activation), backward \(backward)") { backend in
            let (c, inner) = (Region.random(shape.m * shape.n, seed: 3), Region.random(shape.m * shape.n, seed: 4))
            var finish = ProductFinish(bias: Region.random(shape.n, seed: 5))
            if backward {
                (finish.slopeAt, finish.slope) = (inner, activation)
            } else {
                (finish.inner, finish.activation) = (inner, activation)
                finish.residual = Region.random(shape.m * shape.n, seed: 6)
            }
            let a = Region.random(shape.m * shape.k, seed: 1)
            let b = Region.random(shape.k * shape.n, seed: 2)
            backend.matmul(shape, a, b, finish: finish, into: c)
            return c.values + inner.values
        }
    }

    /// Reductions along rows and columns, short and long.
    static func reductions() -> [KernelCase] {
        let sizes: [[Int]] = [
            [1, 40000, 1], [3, 100, 1], [2000, 7, 1], [1, 3000, 37], [5, 2, 1000], [1, 5000, 3], [4, 1100, 70],
            [1, 1, 1],
        ]
        var cases: [KernelCase] = []
        for size in sizes {
            for reduction in [Reduction.sum, .mean, .maximum, .minimum] {
                let shape = ReductionShape(outer: size[0], reduced: size[1], inner: size[2])
                cases.append(
                    KernelCase(name: "\(reduction) \(size)") { backend in
                        let y = Region.random(shape.outer * shape.inner, seed: 0)
                        let x = Region.random(shape.outer * shape.reduced * shape.inner, seed: 1)
                        backend.reduce(reduction, shape, x, into: y)
                        return y.values
                    }
                )
            }
        }
        return cases
    }

    /// Group, layer and RMS norms.
    static func norms() -> [KernelCase] {
        let groups: [[Int]] = [[1, 6, 8, 2], [9, 49, 32, 8], [3, 70, 96, 4], [2, 5, 6, 1], [8, 64, 64, 32]]
        // Samples of one row, of one block and of several.
        let layers: [[Int]] = [
            [1, 5, 1, 1], [300, 33, 1, 1], [70, 128, 1, 1], [64, 48, 0, 1], [600, 40, 1, 600], [99, 35, 0, 3],
            [900, 70, 1, 3],
        ]
        var cases: [KernelCase] = []
        for size in groups {
            let shape = GroupNormShape(
                batch: size[0],
                positions: size[1],
                channels: size[2],
                groups: size[3],
                epsilon: 1e-5
            )
            for activation in [Activation.identity, .silu] {
                cases.append(
                    KernelCase(name: "group norm \(size) \(activation)") { groupNorm(shape, activation, $0) }
                )
            }
        }
        for size in layers {
            let shape = LayerNormShape(
                rows: size[0],
                columns: size[1],
                epsilon: 1e-5,
                centered: size[2] == 1,
                samples: size[3]
            )
            cases.append(KernelCase(name: "layer norm \(size)") { layerNorm(shape, $0) })
        }
        return cases
    }

    private static func groupNorm(
        _ shape: GroupNormShape,
        _ activation: Activation,
        _ backend: any Backend
    ) -> [Float] {
        let count = shape.batch * shape.positions * shape.channels
        let (x, dy) = (Region.random(count, seed: 1), Region.random(count, seed: 4))
        let (scale, shift) = (Region.random(shape.channels, seed: 2), Region.random(shape.channels, seed: 3))
        let (y, dx) = (Region.random(count, seed: 0), Region.random(count, seed: 0))
        let statistics = Region.random(2 * shape.batch * shape.groups, seed: 0)
        let (dScale, dShift) = (Region.random(shape.channels, seed: 0), Region.random(shape.channels, seed: 0))
        backend.groupNorm(
            shape,
            activation: activation,
            x,
            scale: scale,
            shift: shift,
            into: y,
            statistics: statistics
        )
        backend.groupNormGradient(
            shape,
            activation: activation,
            x: x,
            scale: scale,
            shift: shift,
            statistics: statistics,
            dy: dy,
            into: dx,
            dScale: dScale,
            dShift: dShift
        )
        return y.values + dx.values + dScale.values + dShift.values
    }

    private static func layerNorm(_ shape: LayerNormShape, _ backend: any Backend) -> [Float] {
        let count = shape.rows * shape.columns
        let (x, dy) = (Region.random(count, seed: 1), Region.random(count, seed: 4))
        let width = shape.samples * shape.columns
        let (scale, shift) = (Region.random(width, seed: 2), Region.random(width, seed: 3))
        let (y, dx) = (Region.random(count, seed: 0), Region.random(count, seed: 0))
        let statistics = Region.random(2 * shape.rows, seed: 0)
        let (dScale, dShift) = (Region.random(width, seed: 0), Region.random(width, seed: 0))
        backend.layerNorm(shape, x, scale: scale, shift: shift, into: y, statistics: statistics)
        backend.layerNormGradient(
            shape,
            x: x,
            scale: scale,
            statistics: statistics,
            dy: dy,
            into: dx,
            dScale: dScale,
            dShift: dShift
        )
        return y.values + dx.values + dScale.values + dShift.values
    }

    /// Attentions with and without a bias, over one and several blocks.
    static func attentions() -> [KernelCase] {
        let sizes: [[Int]] = [
            [2, 5, 7, 3, 4, 0], [2, 16, 16, 2, 32, 0], [1, 70, 300, 1, 5, 1], [2, 9, 13, 2, 8, 2],
            [3, 20, 20, 2, 17, 1],
            [1, 1, 1, 1, 1, 0], [1, 65, 257, 1, 4, 0],
        ]
        return sizes.map { size in
            let shape = AttentionShape(
                batch: size[0],
                queries: size[1],
                keys: size[2],
                heads: size[3],
                headSize: size[4],
                scale: 0.7,
                biasBatch: size[5]
            )
            return KernelCase(name: "attention \(size)") { attention(shape, $0) }
        } + [wideAttention()]
    }

    /// Tokens further apart than they are long, queries and keys differently.
    private static func wideAttention() -> KernelCase {
        var shape = AttentionShape(batch: 2, queries: 70, keys: 20, heads: 2, headSize: 16, scale: 0.7, biasBatch: 0)
        (shape.queryStride, shape.keyStride) = (3 * 32 + 1, 40)
        return KernelCase(name: "attention of tokens apart") { [shape] in attention(shape, $0) }
    }

    private static func attention(_ shape: AttentionShape, _ backend: any Backend) -> [Float] {
        let queries = shape.batch * shape.queries * shape.queryStride
        let keys = shape.batch * shape.keys * shape.keyStride
        let results = shape.batch * shape.queries * shape.heads * shape.headSize
        let extra = shape.biasBatch * shape.heads * shape.queries * shape.keys
        let (q, k, v) = (Region.random(queries, seed: 1), Region.random(keys, seed: 2), Region.random(keys, seed: 3))
        let bias = extra == 0 ? nil : Region.random(extra, seed: 4)
        let dBias = extra == 0 ? nil : Region.random(extra, seed: 0)
        let (o, dq) = (Region.random(results, seed: 0), Region.random(queries, seed: 0))
        let (dk, dv) = (Region.random(keys, seed: 0), Region.random(keys, seed: 0))
        let sums = Region.random(shape.batch * shape.heads * shape.queries, seed: 0)
        backend.attention(shape, q, k, v, bias: bias, into: o, logSumExp: sums)
        backend.attentionGradient(
            shape,
            q: q,
            k: k,
            v: v,
            bias: bias,
            o: o,
            logSumExp: sums,
            dy: .random(results, seed: 5),
            into: dq,
            dk,
            dv,
            dBias: dBias
        )
        return o.values + dq.values + dk.values + dv.values + (dBias?.values ?? [])
    }
}
