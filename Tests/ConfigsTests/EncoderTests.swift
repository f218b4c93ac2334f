import Configs
import TestSupport
import Testing

@Suite("Encoder")
struct EncoderTests {
    @Test("every default is spelled out in the order of declaration")
    func spelledOut() {
        let expected = """
            name: untitled
            seed: 42
            rate: 0.0003
            limit: .inf
            is_final: false
            length: 1Mi
            memory: 64MiB
            patience: 30s
            image:
              width: 64
              height: 48
            crop: null
            note: null
            sizes: [1, 2, 3]
            labels:
              day: 1
              nightSky: 2
            colour: grey
            weighting: uniform
            auxiliary: null
            averages: []

            """
        #expect(ConfigEncoder.encode(Recipe()) == expected)
    }

    @Test("methods with parameters are mappings, in lists too")
    func methods() {
        var recipe = Recipe()
        recipe.weighting = Scaled()
        recipe.auxiliary = MinSNR()
        recipe.averages = [MinSNR(gamma: 1), Uniform()]
        let text = ConfigEncoder.encode(recipe)
        let tail = """
            weighting:
              type: scaled
              factor: 0.1
              inner:
                type: min-snr
                gamma: 3.0
                warmup_length: 64Ki
            auxiliary:
              type: min-snr
              gamma: 5.0
              warmup_length: 64Ki
            averages:
              - type: min-snr
                gamma: 1.0
                warmup_length: 64Ki
              - uniform

            """
        #expect(text.hasSuffix(tail))
    }

    @Test("a method alone is written with its type first and read back through its slot")
    func methodAlone() throws {
        let text = ConfigEncoder.encode(method: MinSNR())
        #expect(text == "type: min-snr\ngamma: 5.0\nwarmup_length: 64Ki\n")
        let value = try ConfigDecoder.decode(methodOf: Weightings.self, from: text, file: "m.yaml")
        #expect(value as? MinSNR == MinSNR())
        #expect(ConfigEncoder.encode(method: Uniform()) == "type: uniform\n")
    }

    @Test("text, value and text again are the same")
    func identity() {
        forAll(seeds: 200) { random in
            var recipe = Recipe()
            recipe.name = Self.text(&random)
            recipe.note = random.chance(0.5) ? Self.text(&random) : nil
            recipe.seed = random.next()
            recipe.rate = Float(random.double(1e-9, 1))
            recipe.limit = random.double(-1e12, 1e12)
            recipe.sizes = (0..<random.int(0...4)).map { _ in Int(truncatingIfNeeded: random.next()) }
            recipe.labels = [Self.text(&random): 1, "plain_key": 2]
            recipe.crop = random.chance(0.5) ? ImageSection(width: 3, height: 4) : nil
            recipe.averages = random.chance(0.5) ? [Scaled(), Uniform(), MinSNR(gamma: random.double(0.1, 9))] : []
            let text = ConfigEncoder.encode(recipe)
            let again = try decode(text)
            try #require(ConfigEncoder.encode(again) == text)
            try #require(again.name == recipe.name && again.note == recipe.note && again.labels == recipe.labels)
            try #require(again.limit == recipe.limit && again.rate == recipe.rate && again.seed == recipe.seed)
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        let words = [
            "", " ", "true", "null", "~", "12", "1e5", ".inf", "- a", "a: b", "# a", "a #b", "it's", "say \"hi\"",
            "back\\slash", "new\nline", "tab\t", "ünïcode", "😀", "a, b", "[x]", "{y}", "*z", "&z", "!t", "%d", "@at",
            "`tick", "0x1F", "007", "a:", "\u{85}", "\u{2028}", "\u{7F}", "yes", "-", "?", ":", "<<", "=",
            "data/cifar-10", "2001-01-01", "1_000", "+.5", "-x",
        ]
        return (0..<random.int(1...3)).map { _ in random.element(words) }.joined()
    }

    @Test("keys are written in snake case")
    func keys() {
        struct Names: Encodable {
            var useEMA = 1, l2Norm = 2, conv2DWidth = 3, beta1 = 4, qkvBias = 5, x0 = 6
        }
        #expect(
            ConfigEncoder.encode(Names())
                == "use_ema: 1\nl2_norm: 2\nconv2d_width: 3\nbeta1: 4\nqkv_bias: 5\nx0: 6\n"
        )
    }
}
