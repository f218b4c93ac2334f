import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("The diffusion transformer")
struct DiTTests {
    private func tiny(_ variant: DiTVariant) -> DiT {
        var definition = DiT()
        definition.width = 16
        definition.depth = 2
        definition.heads = 2
        definition.learnSigma = true
        definition.variant = variant
        return definition
    }

    private func extraLarge(_ variant: DiTVariant) throws -> ParameterLayout {
        var definition = DiT()
        definition.width = 1152
        definition.depth = 28
        definition.heads = 16
        definition.learnSigma = true
        definition.variant = variant
        try definition.validate()
        let scope = ParameterScope()
        _ = try definition.build(scope, image: [32, 32, 4], classes: 1000)
        return scope.layout
    }

    @Test("answers what the authors' network answers, with the same activations and gradients")
    func golden() throws {
        let run = try ModelGolden("dit_official_tiny", tiny(.official), classes: 10)
        try run.expectOutput()
        try run.expectActivation("pos_embed", "pos_embed")
        try run.expectActivation("blocks.0", "blocks.0")
        try run.expectActivation("blocks.1", "blocks.1")
        try run.expectGradients()
    }

    @Test("guides with the null class as the authors' network does")
    func guidance() throws {
        let run = try ModelGolden("dit_official_tiny", tiny(.official), classes: 10)
        let x = try run.golden.image("in/sample").slice(axis: 0, 0..<1)
        let both = run.model(
            Tensor.concatenate([x, x], axis: 0),
            noiseLabel: Tensor([5, 5], [2]),
            condition: Condition(labels: [3, Condition.dropped]),
            ModelRun.context(run.parameters)
        )
        let noise = both.slice(axis: 3, 0..<1)
        let conditional = noise.slice(axis: 0, 0..<1)
        let free = noise.slice(axis: 0, 1..<2)
        for (name, found) in [
            ("cfg_cond", conditional), ("cfg_uncond", free), ("cfg_eps", free + (conditional - free) * 4),
        ] {
            let expected = try run.golden.image("out/\(name)").floats
            expectClose(found.floats, expected, .ofLargest(2e-5, expected), name)
        }
    }

    @Test("answers what the diffusers library's network answers, under its names")
    func goldenDiffusers() throws {
        let names: ModelGolden.Names = { DiTNames.diffusers($0) ?? [] }
        let run = try ModelGolden("dit_diffusers_tiny", tiny(.diffusers), classes: 10, names: names)
        try run.expectOutput()
        try run.expectActivation("x_embedder", "pos_embed")
        try run.expectActivation("pos_embed", "pos_embed_table")
        try run.expectActivation("blocks.0", "transformer_blocks.0")
        try run.expectActivation("blocks.1", "transformer_blocks.1")
        try run.expectGradients(names: names)
    }

    @Test("has as many parameters as the published network of size XL/2")
    func publishedCount() throws {
        // The published 675,129,632 hold the fixed position code of 256 x 1152 numbers.
        #expect(try extraLarge(.official).count == 675_129_632 - 256 * 1152)
        #expect(try extraLarge(.diffusers).count == 749_826_464)
    }

    @Test("maps its parameters to all 538 names and shapes of the diffusers library")
    func publishedNames() throws {
        var found: [String] = []
        for spec in try extraLarge(.diffusers).parameters {
            let parts = try #require(DiTNames.diffusers(spec.name))
            let shape = spec.shape.replacing(axis: 0, with: spec.shape[0] / parts.count)
            found += parts.map { ([$0] + shape.dimensions.map(String.init)).joined(separator: " ") }
        }
        #expect(found.count == 538)
        #expect(found.sorted() == (try Golden.lines("dit_xl_2_diffusers.keys")).sorted())
    }

    @Test("maps an embedding that all blocks share to a copy in each block, and nothing else twice")
    func copies() {
        #expect(
            DiTNames.diffusersCopies("t_embedder.mlp.2.bias", depth: 2) == [
                ["transformer_blocks.0.norm1.emb.timestep_embedder.linear_2.bias"],
                ["transformer_blocks.1.norm1.emb.timestep_embedder.linear_2.bias"],
            ]
        )
        #expect(
            DiTNames.diffusersCopies("blocks.1.attn.qkv.weight", depth: 2) == [
                ["to_q", "to_k", "to_v"].map { "transformer_blocks.1.attn1.\($0).weight" }
            ]
        )
        #expect(DiTNames.diffusers("blocks.x.attn.qkv.weight") == nil)
        #expect(DiTNames.diffusers("unknown") == nil)
    }

    @Test("answers exactly 0 when fresh, and each block is the identity", arguments: DiTVariant.allCases)
    func zeroStart(variant: DiTVariant) throws {
        let run = try ModelRun(tiny(variant), image: [8, 8, 1], classes: 10)
        let context = ModelRun.context(run.scope.initialize(seed: 9))
        context.taps = [:]
        let output = run.model(
            run.noise([2, 8, 8, 1]),
            noiseLabel: run.labels(2),
            condition: run.condition(2),
            context
        )
        #expect(output.shape == [2, 8, 8, 2])
        #expect(output.floats.allSatisfy { $0 == 0 })
        let taps = try #require(context.taps)
        #expect(taps["blocks.1"]?.floats == taps["x_embedder"]?.floats)
    }

    @Test("starts with the deviations of the authors' code")
    func initialDeviations() throws {
        let scope = ParameterScope()
        _ = try DiT().build(scope, image: [8, 8, 1], classes: 100)
        let values = scope.initialize(seed: 4)
        func spread(_ name: String) throws -> (mean: Double, deviation: Double, largest: Double) {
            let spec = try #require(scope.layout[name])
            let numbers = values.view(spec.range, shape: spec.shape).floats.map(Double.init)
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let square = numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)
            return (mean, (square - mean * mean).squareRoot(), numbers.reduce(0) { max($0, abs($1)) })
        }
        // About 13,000 numbers or more each: 5 standard errors of a deviation are below 4 %.
        #expect(abs(try spread("t_embedder.mlp.0.weight").deviation / 0.02 - 1) < 0.04)
        #expect(abs(try spread("y_embedder.embedding_table.weight").deviation / 0.02 - 1) < 0.04)
        let bound = (6.0 / Double(128 + 384)).squareRoot()
        let qkv = try spread("blocks.0.attn.qkv.weight")
        #expect(abs(qkv.deviation / (bound / 3.0.squareRoot()) - 1) < 0.04)
        #expect(qkv.largest <= bound && qkv.largest > 0.99 * bound)
        #expect(try spread("blocks.0.attn.qkv.bias").largest == 0)
        #expect(try spread("final_layer.linear.weight").largest == 0)
    }

    @Test("takes images that are not square, and of other sizes than it was built for")
    func sizes() throws {
        let run = try ModelRun(tiny(.official), image: [8, 4, 1], classes: 10)
        #expect(run.answer([1, 8, 4, 1]).shape == [1, 8, 4, 2])
        #expect(run.answer([1, 12, 6, 1]).shape == [1, 12, 6, 2])
    }

    @Test("scales its noise labels")
    func timeScale() throws {
        var definition = tiny(.official)
        let plain = try ModelRun(definition, image: [8, 8, 1], classes: 10)
        definition.timeScale = 0.5
        let scaled = try ModelRun(definition, image: [8, 8, 1], classes: 10)
        let x = plain.noise([2, 8, 8, 1])
        let context = ModelRun.context(plain.parameters)
        let expected = plain.model(x, noiseLabel: Tensor([3, 50], [2]), condition: Condition(), context).floats
        let found = scaled.model(x, noiseLabel: Tensor([6, 100], [2]), condition: Condition(), context).floats
        #expect(found == expected)
    }

    @Test(
        "names the mistake in sizes that do not fit",
        arguments: [
            ("heads: 5", "a divisor of the width 128"), ("width: 130", "a multiple of 4"),
            ("depth: 0", "from 1 to 1000"),
            ("time_scale: 0", "a number other than 0"), ("mlp_ratio: 0", "more than 0"), ("variant: best", "official"),
        ]
    )
    func refuses(line: String, words: String) {
        let error = #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(DiT.self, from: line, file: "a.yaml")
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("refuses images that its patches do not tile")
    func refusesImages() {
        let error = #expect(throws: ConfigError.self) {
            try DiT().build(ParameterScope(), image: [8, 9, 1], classes: 0)
        }
        #expect(
            error?.description == "patch: expected a divisor of both sides of the image, 8 by 9 pixels, found 2",
            "\(error?.description ?? "")"
        )
    }
}
