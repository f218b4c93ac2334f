import Configs
import Testing

@Suite("Error texts")
struct ErrorTextTests {
    static let cases: [(text: String, message: String)] = [
        (
            "\n\nweighting:\n  type: min-snr\n  gama: 5",
            "a.yaml:5: weighting: unknown key 'gama' for 'min-snr'; did you mean 'gamma'?"
        ),
        ("\nnaem: x", "a.yaml:2: unknown key 'naem'; did you mean 'name'?"),
        ("isFinal: true", "a.yaml:1: unknown key 'isFinal'; did you mean 'is_final'?"),
        (
            "image:\n  depth: 3",
            "a.yaml:2: image: unknown key 'depth'; known keys are 'width', 'height'"
        ),
        ("weighting: {type: uniform, a: 1}", "a.yaml:1: weighting: unknown key 'a' for 'uniform'; it has no keys"),
        ("weighting: min-srn", "a.yaml:1: weighting: no weighting is named 'min-srn'; did you mean 'min-snr'?"),
        (
            "weighting: {type: other}",
            "a.yaml:1: weighting: no weighting is named 'other'; known names are 'min-snr', 'scaled', 'uniform'"
        ),
        (
            "weighting: {gamma: 1}",
            "a.yaml:1: weighting: expected the name of a weighting or a mapping with 'type:'; "
                + "known names are 'min-snr', 'scaled', 'uniform'"
        ),
        (
            "averages:\n  - uniform\n  - type: min-snr\n    gamma: -1",
            "a.yaml:4: averages[1].gamma: expected more than 0, found -1.0"
        ),
        (
            "image:\n  width: 9999\n  height: 9999",
            "a.yaml:2: image: 'width' and 'height' exclude each other: the image would have more than a million pixels"
        ),
        ("seed: fast", "a.yaml:1: seed: expected a whole number, found the text 'fast'"),
        ("seed: -3", "a.yaml:1: seed: expected a number from 0 to 18446744073709551615, found -3"),
        ("name: 7", "a.yaml:1: name: expected text (put it in quotes if it is meant), found the number 7"),
        ("image:", "a.yaml:1: image: expected a mapping, found nothing"),
        (
            "length: 64",
            "a.yaml:1: length: expected a count of samples with a unit, such as '64Ki', '60k' or '1797 samples', "
                + "found '64'"
        ),
        ("colour: gray", "a.yaml:1: colour: unknown value 'gray'; did you mean 'grey'?"),
        ("name: a\nseed: 1\nname: b", "a.yaml:1: the key 'name' stands twice; keep one of them"),
        ("name: &a b", "a.yaml:1: anchors and aliases are not allowed; write the value out"),
        ("name: !!int 3", "a.yaml:1: the tag 'tag:yaml.org,2002:int' is not allowed; remove it"),
    ]

    @Test("a refusal names file, line, path, what is wrong and what was meant", arguments: cases)
    func texts(_ text: String, _ message: String) {
        #expect(refusal(text) == message)
    }

    @Test("a missing key without a default is named")
    func missingKey() {
        struct Pair: Codable { var first: Int; var second: Int }
        #expect(
            throws: ConfigError(.missingKey("second"), at: ConfigLocation(file: "p.yaml", line: 1, column: 1))
        ) {
            try ConfigDecoder.decode(Pair.self, from: "first: 1", file: "p.yaml")
        }
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(Pair.self, from: "first: 1\nsecond: 2\nthird: 3", file: "p.yaml")
        }
    }

    @Test("every configuration error is the user's")
    func usage() {
        #expect(ConfigError(.alias).isUsage)
    }

    @Test(
        "the nearest word is suggested and a distant one is not",
        arguments: [
            ("gama", "gamma"), ("warmupLength", "warmup_length"), ("warm-up-length", "warmup_length"),
            ("bta1", "beta1"), ("wdith", "width"), ("zzz", nil), ("", nil),
        ] as [(String, String?)]
    )
    func suggestions(_ word: String, _ expected: String?) {
        let known = ["gamma", "warmup_length", "beta1", "beta2", "width"]
        let error = ConfigError(.unknownKey(word, owner: nil, known: known))
        #expect(error.description.contains(expected.map { "did you mean '\($0)'?" } ?? "known keys are"))
    }
}
