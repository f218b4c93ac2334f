import Configs
import Testing

@Suite("Strictness")
struct StrictnessTests {
    @Test(
        "a value of the wrong kind is refused",
        arguments: [
            "seed: 1.5", "seed: -1", "seed: 18446744073709551616", "seed: '42'", "seed: 0x10", "seed: 007", "seed: 1e3",
            "seed: true", "seed:", "seed: []", "name: 7", "name: true", "name: null", "name: [a]", "is_final: yes",
            "is_final: 1", "rate: fast", "rate: 1e99", "rate: .nan", "limit: 1e999", "length: 64", "length: 64ki",
            "length: -1Ki", "length: 99999999999Ti", "memory: 64", "memory: 64Mi", "patience: 30", "patience: -1s",
            "patience: 1e3s", "image: 3", "image: []", "image:", "sizes: {}", "sizes: 3", "sizes: [a]",
            "sizes: [1, null]", "labels: [1]", "colour: blue", "weighting: 3", "weighting: null", "weighting: []",
            "weighting: {gamma: 3}", "weighting: {type: 3}", "weighting: 'nothing'", "averages: uniform",
            "averages: [[uniform]]", "- a", "3", "text",
        ]
    )
    func wrongKind(_ text: String) {
        #expect(refusal(text) != nil)
    }

    @Test(
        "YAML that could hide something is refused",
        arguments: [
            "name: &anchor a", "name: &x b\nnote: *x", "name: !secret a", "seed: !!int 3", "name: a\nname: b",
            "image: {width: 1, width: 2}", "<<: {name: a}", "? [a]\n: b", "name: a\n---\nname: b", "name: [",
            "name: \"\\xff", "\tname: a", "name: a\n  seed: 3", "*x: 1", "nul: \u{0}",
        ]
    )
    func hiddenMeaning(_ text: String) {
        #expect(refusal(text) != nil)
    }

    @Test("aliases cannot expand a small text without bound")
    func expansion() {
        var text = "a: &a0 [x]\n"
        for level in 1..<40 {
            text += "b\(level): &a\(level) {? *a\(level - 1) : *a\(level - 1)}\n"
        }
        #expect(refusal(text) == "a.yaml: anchors and aliases are not allowed; write the value out")
    }

    @Test("comments may hold stars")
    func stars() throws {
        let comments = String(repeating: "# 2*width, 3*height\n", count: 40)
        #expect(try decode(comments + "name: a*b").name == "a*b")
    }

    @Test("the text and its nesting are bounded")
    func limits() {
        let long = "name: " + String(repeating: "a", count: ConfigNode.maximumBytes)
        #expect(
            refusal(long) == "a.yaml: expected at most 1048576 bytes, found 1048582; a configuration holds no data"
        )
        let deep = "name: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(refusal(deep) == "a.yaml:1: expected at most 32 levels of nesting, found more")
        for opening in ["[", "{a: ", "- "] {
            #expect(refusal(String(repeating: opening, count: 200_000)) != nil)
        }
    }

    @Test("a key is checked against the method that was chosen")
    func methodKeys() {
        #expect(refusal("weighting: {type: min-snr, gamma: 3}") == nil)
        #expect(refusal("weighting: {type: uniform, gamma: 3}") != nil)
        #expect(refusal("weighting: {type: scaled, inner: {type: uniform, gamma: 3}}") != nil)
    }

    @Test("validate is called at every level")
    func validation() {
        #expect(refusal("rate: -1") != nil)
        #expect(refusal("image: {width: 100000}") != nil)
        #expect(refusal("crop: {width: 100000}") != nil)
        #expect(refusal("weighting: {type: min-snr, gamma: 0}") != nil)
        #expect(refusal("averages: [uniform, {type: min-snr, gamma: -1}]") != nil)
    }

    @Test("a file that is no configuration is refused with its reason")
    func files() throws {
        #expect(throws: ConfigError(.unreadable("there is no such file"), at: ConfigLocation(file: "/no/such.yaml"))) {
            try ConfigNode(contentsOf: "/no/such.yaml")
        }
        #expect(throws: ConfigError(.unreadable("it is a folder"), at: ConfigLocation(file: "/"))) {
            try ConfigNode(contentsOf: "/")
        }
    }
}
