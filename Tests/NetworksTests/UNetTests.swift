import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("The UNet")
struct UNetTests {
    private var tiny: UNet {
        var definition = UNet()
        definition.blockOutChannels = [8, 16]
        definition.layersPerBlock = 1
        definition.normNumGroups = 4
        definition.attentionHeadDim = 4
        definition.numClassEmbeds = 11
        return definition
    }

    private var ddpmTiny: UNet {
        var definition = UNet()
        definition.blockOutChannels = [8, 8, 16]
        definition.downBlockTypes = [.plain, .attention, .plain]
        definition.upBlockTypes = [.plain, .attention, .plain]
        definition.normNumGroups = 4
        definition.normEps = 1e-6
        definition.attentionHeadDim = 0
        definition.flipSinToCos = false
        definition.freqShift = 1
        definition.downsamplePadding = 0
        return definition
    }

    @Test("answers what the reference network answers, with the same activations and gradients")
    func golden() throws {
        let run = try ModelGolden("unet2d_tiny", tiny, classes: 10)
        try run.expectOutput()
        for tap in ["conv_in", "time_embedding", "down_blocks.0", "down_blocks.1", "mid_block"] {
            try run.expectActivation(tap, tap)
        }
        try run.expectActivation("up_blocks.0", "up_blocks.0")
        try run.expectActivation("up_blocks.1", "up_blocks.1")
        try run.expectGradients()
    }

    @Test("answers what the reference network of older checkpoints answers")
    func goldenDDPM() throws {
        let run = try ModelGolden("unet2d_ddpm_tiny", ddpmTiny, classes: 0)
        try run.expectOutput()
        try run.expectActivation("down_blocks.0", "down_blocks.0")
        try run.expectActivation("mid_block", "mid_block")
        try run.expectGradients()
    }

    @Test("has the 328 parameters of the published CIFAR-10 network, by name and shape")
    func publishedNames() throws {
        var definition = UNet()
        definition.blockOutChannels = [128, 256, 256, 256]
        definition.downBlockTypes = [.plain, .attention, .plain, .plain]
        definition.upBlockTypes = [.plain, .plain, .attention, .plain]
        definition.normNumGroups = 32
        definition.attentionHeadDim = 0
        try definition.validate()
        let scope = ParameterScope()
        _ = try definition.build(scope, image: [32, 32, 3], classes: 0)
        let found = scope.layout.parameters.map { spec in
            ([spec.name] + spec.shape.dimensions.map(String.init)).joined(separator: " ")
        }
        #expect(found.count == 328)
        #expect(scope.layout.count == 35_746_307)
        #expect(found.sorted() == (try Golden.lines("ddpm_cifar10_unet.keys")).sorted())
    }

    @Test("takes images of any size", arguments: [0, 1])
    func anySize(padding: Int) throws {
        var definition = ddpmTiny
        definition.downsamplePadding = padding
        let run = try ModelRun(definition, image: [8, 8, 1], classes: 0)
        for shape: Shape in [[1, 8, 8, 1], [2, 7, 9, 1], [1, 5, 4, 1], [1, 11, 13, 1], [1, 4, 4, 1]] {
            #expect(run.answer(shape).shape == shape)
        }
    }

    @Test("may have more channels in and out than the image")
    func channels() throws {
        var definition = tiny
        definition.inChannels = 3
        definition.outChannels = 5
        let run = try ModelRun(definition, image: [8, 8, 1], classes: 10)
        #expect(run.model.inputChannels == 3)
        #expect(run.model.outputChannels == 5)
        #expect(run.answer([2, 8, 8, 3]).shape == [2, 8, 8, 5])
    }

    @Test("starts by answering 0, unless told otherwise")
    func zeroStart() throws {
        let zero = try ModelRun(tiny, image: [8, 8, 1], classes: 10)
        #expect(zero.answer([1, 8, 8, 1], zero.scope.initialize(seed: 1)).floats.allSatisfy { $0 == 0 })
        var definition = tiny
        definition.zeroInit = false
        let other = try ModelRun(definition, image: [8, 8, 1], classes: 10)
        #expect(other.answer([1, 8, 8, 1], other.scope.initialize(seed: 1)).floats.contains { $0 != 0 })
    }

    @Test("can take images in [0, 1]")
    func centers() throws {
        let plain = try ModelRun(tiny, image: [8, 8, 1], classes: 10)
        var definition = tiny
        definition.centerInputSample = true
        let centering = try ModelRun(definition, image: [8, 8, 1], classes: 10)
        let x = plain.noise([2, 8, 8, 1])
        let expected = plain.answer(x * 2 - 1, plain.parameters).floats
        expectClose(centering.answer(x, plain.parameters).floats, expected, .ofLargest(1e-6, expected))
    }

    @Test(
        "names the mistake in sizes that do not fit",
        arguments: [
            ("block_out_channels: [32, 60]", "multiples of norm_num_groups 8"),
            ("block_out_channels: [32, 64, 64]", "3 levels, as block_out_channels has"),
            ("block_out_channels: []", "1 to 10 levels"),
            ("attention_head_dim: 7", "a divisor of the 64 channels of a level with attention"),
            ("layers_per_block: 0", "from 1 to 32"),
            ("dropout: 1", "in [0, 1)"),
            ("down_block_types: [DownBlock2D, ResnetDownsampleBlock2D]", "AttnDownBlock2D"),
            ("downsample_padding: 2", "from 0 to 1"),
            ("norm_eps: 0", "in (0, 1)"),
            ("mid_block_scale_factor: 0", "more than 0"),
        ]
    )
    func refuses(line: String, words: String) {
        let error = #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(UNet.self, from: line, file: "a.yaml")
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("refuses images that cannot be halved so often and tables without a row for no class")
    func refusesImages() {
        #expect(throws: ConfigError.self) {
            try ddpmTiny.build(ParameterScope(), image: [8, 3, 1], classes: 0)
        }
        #expect(throws: ConfigError.self) {
            try tiny.build(ParameterScope(), image: [8, 8, 1], classes: 11)
        }
    }
}
