import Buffers
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Layers")
struct LayerTests {
    private func noise(_ shape: Shape, seed: UInt64 = 5) -> Tensor {
        var random = RandomStream(seed: seed, purpose: .noise, index: 0)
        return Tensor(random.normal(shape))
    }

    @Test("time features have the values of the reference, cosines or sines first")
    func timeFeatures() {
        let context = ModelRun.context(FlatBuffer(count: 0))
        let cosines: [Float] = [-0.839072, 0.540302, 0.995004, 0.999950]
        let sines: [Float] = [-0.544021, 0.841471, 0.0998334, 0.00999983]
        let label = Tensor([10], [1])
        let first = TimeFeatures(width: 8)(label, context)
        #expect(first.shape == [1, 8])
        expectClose(first.floats, cosines + sines, Tolerance(absolute: 1e-6))
        let second = TimeFeatures(width: 8, cosineFirst: false)(label, context)
        expectClose(second.floats, sines + cosines, Tolerance(absolute: 1e-6))
        // With shift 1 the last of four frequencies is 1/10000.
        let shifted = TimeFeatures(width: 8, shift: 1)(Tensor([10_000], [1]), context)
        expectClose([shifted.floats[3]], [0.540302], Tolerance(absolute: 1e-5))
    }

    @Test("dropout drops nothing outside training and keeps the mean in training")
    func dropout() {
        let x = Tensor.ones([4, 5000])
        let layer = Dropout(rate: 0.25)
        #expect(layer(x, ModelRun.context(FlatBuffer(count: 0))).floats == x.floats)
        let dropped = layer(x, ModelRun.context(FlatBuffer(count: 0), isTraining: true)).floats
        let zeros = dropped.count { $0 == 0 }
        // 20,000 draws: a standard deviation of 61.
        #expect(abs(zeros - 5000) < 310)
        #expect(dropped.allSatisfy { $0 == 0 || abs($0 - 4 / 3) < 1e-6 })
    }

    @Test("dropout drops the same units again for the same stream")
    func dropoutReplays() {
        let x = Tensor.ones([2, 100])
        let layer = Dropout(rate: 0.5)
        let first = layer(x, ModelRun.context(FlatBuffer(count: 0), isTraining: true)).floats
        let second = layer(x, ModelRun.context(FlatBuffer(count: 0), isTraining: true)).floats
        #expect(first == second)
    }

    @Test("dropout with a stream a sample does not depend on how a batch is split")
    func dropoutSplits() {
        let x = Tensor.ones([3, 64])
        let layer = Dropout(rate: 0.5)
        func drop(_ samples: Range<Int>) -> [Float] {
            let context = ModelRun.context(FlatBuffer(count: 0), isTraining: true)
            context.sampleRandoms = samples.map { RandomStream(seed: 1, purpose: .dropout, index: UInt64($0)) }
            let part = x.slice(axis: 0, samples)
            return layer(part, context).floats + layer(part, context).floats
        }
        let whole = drop(0..<3)
        let parts = (0..<3).map { drop($0..<$0 + 1) }
        #expect(parts.flatMap { $0.prefix(64) } + parts.flatMap { $0.suffix(64) } == whole)
    }

    @Test("upsampling meets odd sizes by leaving out or repeating the last row and column")
    func upsample() {
        let scope = ParameterScope()
        let layer = Upsample(scope.scope("up"), channels: 1)
        // A kernel that only passes the centre, so that the repeated pixels show.
        let parameters = FlatBuffer([0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
        let context = ModelRun.context(parameters)
        let x = Tensor([1, 2, 3, 4], [1, 2, 2, 1])
        #expect(layer(x, height: 3, width: 4, context).floats == [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4])
        #expect(
            layer(x, height: 4, width: 5, context).floats == [
                1, 1, 2, 2, 2, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 3, 3, 4, 4, 4,
            ]
        )
    }

    @Test("a residual block that scales and shifts is one whose second norm has that scale and shift")
    func scaleShift() throws {
        func sizes(_ scales: Bool) -> ResidualSizes {
            ResidualSizes(groups: 2, epsilon: 1e-5, embedding: 3, scalesAndShifts: scales, dropout: 0, last: nil)
        }
        let plainScope = ParameterScope()
        let plain = ResidualBlock(plainScope, inputs: 4, outputs: 6, sizes: sizes(false))
        let scalingScope = ParameterScope()
        let scaling = ResidualBlock(scalingScope, inputs: 4, outputs: 6, sizes: sizes(true))
        let start = ModelRun.values(plainScope.layout, seed: 2)
        // Both blocks hold the same numbers, but the plain one has s and b in its norm, and the other in its projection.
        let scale = noise([6], seed: 3).floats
        let shift = noise([6], seed: 4).floats
        func values(_ scope: ParameterScope, _ fixed: [String: [Float]]) throws -> FlatBuffer {
            FlatBuffer(
                try scope.layout.parameters.flatMap { spec in
                    if let numbers = fixed[spec.name] { return numbers }
                    let source = try #require(plainScope.layout[spec.name])
                    return start.view(source.range, shape: source.shape).floats
                }
            )
        }
        let none = [Float](repeating: 0, count: 18)
        let plainValues = try values(
            plainScope,
            [
                "time_emb_proj.weight": none, "time_emb_proj.bias": [Float](repeating: 0, count: 6),
                "norm2.weight": scale.map { $0 + 1 }, "norm2.bias": shift,
            ]
        )
        let scalingValues = try values(
            scalingScope,
            [
                "time_emb_proj.weight": none + none, "time_emb_proj.bias": scale + shift,
                "norm2.weight": [Float](repeating: 1, count: 6), "norm2.bias": [Float](repeating: 0, count: 6),
            ]
        )
        let x = noise([2, 5, 3, 4])
        let embedding = noise([2, 3], seed: 6)
        let expected = plain(x, activatedEmbedding: embedding, ModelRun.context(plainValues)).floats
        let found = scaling(x, activatedEmbedding: embedding, ModelRun.context(scalingValues)).floats
        expectClose(found, expected, .ofLargest(5e-6, expected))
    }

    @Test("a residual block without an embedding is one whose embedding adds nothing")
    func noEmbedding() throws {
        func sizes(_ embedding: Int) -> ResidualSizes {
            ResidualSizes(
                groups: 2,
                epsilon: 1e-5,
                embedding: embedding,
                scalesAndShifts: false,
                dropout: 0,
                last: nil
            )
        }
        let scope = ParameterScope()
        let conditioned = ResidualBlock(scope, inputs: 4, outputs: 6, sizes: sizes(3))
        let freeScope = ParameterScope()
        let free = ResidualBlock(freeScope, inputs: 4, outputs: 6, sizes: sizes(0))
        var values: [Float] = []
        for spec in freeScope.layout.parameters {
            let fan = Float(spec.shape.dimensions.dropFirst().reduce(1, *))
            values += noise(spec.shape, seed: UInt64(spec.offset)).floats.map { $0 / fan.squareRoot() }
        }
        let freeValues = FlatBuffer(values)
        let conditionedValues = try scope.layout.parameters.flatMap { spec in
            guard !spec.name.hasPrefix("time_emb_proj") else { return [Float](repeating: 0, count: spec.shape.count) }
            let source = try #require(freeScope.layout[spec.name])
            return freeValues.view(source.range, shape: source.shape).floats
        }
        #expect(scope.layout.parameters.count == freeScope.layout.parameters.count + 2)
        let x = noise([2, 5, 3, 4])
        let expected = conditioned(
            x,
            activatedEmbedding: noise([2, 3], seed: 6),
            ModelRun.context(FlatBuffer(conditionedValues))
        )
        #expect(free(x, ModelRun.context(freeValues)).floats == expected.floats)
    }

    @Test("a residual block divides its result by its scale factor")
    func scaleFactor() {
        let sizes = ResidualSizes(
            groups: 2,
            epsilon: 1e-5,
            embedding: 3,
            scalesAndShifts: false,
            dropout: 0,
            last: nil
        )
        let scope = ParameterScope()
        let plain = ResidualBlock(scope, inputs: 4, outputs: 4, sizes: sizes)
        let halved = ResidualBlock(ParameterScope(), inputs: 4, outputs: 4, sizes: sizes, scaleFactor: 2)
        let context = ModelRun.context(ModelRun.values(scope.layout, seed: 2))
        let x = noise([1, 3, 3, 4])
        let embedding = noise([1, 3], seed: 6)
        let expected = plain(x, activatedEmbedding: embedding, context).floats.map { $0 / 2 }
        #expect(halved(x, activatedEmbedding: embedding, context).floats == expected)
    }

    @Test("position codes give the column to the first half of the channels and the row to the second")
    func positions() {
        let code = sinusoidalPositions(rows: 2, columns: 3, width: 8)
        #expect(code.shape == [6, 8])
        let rowOneColumnTwo = Array(code.floats[40..<48])
        expectClose(
            rowOneColumnTwo,
            [0.909_297_4, 0.019_998_67, -0.416_146_84, 0.999_8, 0.841_471, 0.009_999_83, 0.540_302_3, 0.999_95],
            Tolerance(absolute: 1e-6)
        )
    }
}
