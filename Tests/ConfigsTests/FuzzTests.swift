import Configs
import TestSupport
import Testing

@Suite("Fuzz")
struct FuzzTests {
    private static let corpus = [
        "name: a\nseed: 3\nimage: {width: 4, height: 5}\nweighting: {type: min-snr, gamma: 2.5}\n",
        "averages:\n  - type: scaled\n    inner: uniform\n  - uniform\nlength: 64Ki\nmemory: 3MiB\npatience: 5m\n",
        "labels: {a: 1, \"b c\": 2}\nsizes: [1, 2, 3]\nnote: |\n  two\n  lines\ncrop: null\ncolour: grey # comment\n",
    ].map { Array($0.utf8) }

    @Test("damaged text is either decoded or refused with a place, and what is decoded survives its own text")
    func text() throws {
        let words = [
            "&a", "*a", "!!int", "<<: ", "? ", "- ", "{", "}", "[", "]", "|\n", "\"", "'", ": ", "---\n", ".inf",
        ]
        try fuzz(corpus: Self.corpus, rounds: 1500, dictionary: words) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(ConfigError) {
                let canonical = ConfigEncoder.encode(try decode(text))
                guard ConfigEncoder.encode(try decode(canonical)) == canonical else {
                    throw ConfigError(.refused("the canonical text changed"))
                }
            } catch {
                try #require(error.location != nil, "\(error)")
            }
        }
    }

    @Test("damaged overrides are applied or refused")
    func overrides() throws {
        let node = try ConfigNode(parsing: String(decoding: Self.corpus[1], as: UTF8.self), file: "a.yaml")
        let corpus = ["averages.0.inner.type=uniform", "image.width=3", "length=5Mi"].map { Array($0.utf8) }
        try fuzz(corpus: corpus, rounds: 500, dictionary: [".", "=", "0", "averages"]) { bytes in
            do throws(ConfigError) {
                let changed = try node.setting(String(decoding: bytes, as: UTF8.self))
                _ = try ConfigDecoder.decode(Recipe.self, from: changed)
            } catch {
                try #require(error.isUsage)
            }
        }
    }
}
