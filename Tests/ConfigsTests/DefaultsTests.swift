import Configs
import Testing

@Suite("Defaults")
struct DefaultsTests {
    @Test("an empty text gives every default")
    func empty() throws {
        for text in ["", "\n# only a comment\n", "{}"] {
            let recipe = try decode(text)
            #expect(recipe.name == "untitled")
            #expect(recipe.seed == 42)
            #expect(recipe.rate == 3e-4)
            #expect(recipe.limit == .infinity)
            #expect(recipe.length == SampleCount(1 << 20))
            #expect(recipe.image == ImageSection(width: 64, height: 48))
            #expect(recipe.crop == nil && recipe.note == nil)
            #expect(recipe.labels == ["nightSky": 2, "day": 1])
            #expect(recipe.weighting is Uniform)
            #expect(recipe.auxiliary == nil)
            #expect(recipe.averages.isEmpty)
        }
    }

    @Test("a missing key of a section takes the enclosing type's default for it")
    func enclosingDefault() throws {
        let recipe = try decode("image: {width: 8}")
        #expect(recipe.image == ImageSection(width: 8, height: 48))
    }

    @Test("a missing key of an optional section takes the section's own default")
    func optionalSection() throws {
        #expect(try decode("crop: {width: 8}").crop == ImageSection(width: 8, height: 32))
        #expect(try decode("crop: null").crop == nil)
    }

    @Test("a chosen method starts from its own defaults, not from those of the property")
    func methodDefaults() throws {
        let recipe = try decode("weighting: {type: scaled, inner: min-snr}")
        let scaled = try #require(recipe.weighting as? Scaled)
        #expect(scaled.inner as? MinSNR == MinSNR(gamma: 5))
        let untouched = try #require(try decode("weighting: scaled").weighting as? Scaled)
        #expect(untouched.inner as? MinSNR == MinSNR(gamma: 3))
    }

    @Test("written values of every kind arrive")
    func writtenValues() throws {
        let recipe = try decode(
            """
            name: "7"
            seed: 18446744073709551615
            rate: 1
            limit: -.inf
            is_final: true
            length: 1797 samples
            memory: 2GB
            patience: 1.5m
            note: yes
            sizes: []
            labels: {some_key: 3}
            colour: true-colour
            weighting: {type: min-snr, gamma: 2, warmup_length: 60k}
            auxiliary: uniform
            averages: [{type: min-snr, gamma: 1}, uniform]
            """
        )
        #expect(recipe.name == "7" && recipe.note == "yes")
        #expect(recipe.seed == .max && recipe.rate == 1 && recipe.limit == -.infinity && recipe.isFinal)
        #expect(recipe.length == 1797 && recipe.memory == 2_000_000_000 && recipe.patience == 90)
        #expect(recipe.sizes.isEmpty && recipe.labels == ["some_key": 3] && recipe.colour == .trueColour)
        #expect(recipe.weighting as? MinSNR == MinSNR(gamma: 2, warmupLength: 60000))
        #expect(recipe.auxiliary is Uniform)
        #expect(recipe.averages.count == 2 && recipe.averages[0] as? MinSNR == MinSNR(gamma: 1))
    }

    @Test("progress counts samples and knows its fraction")
    func progress() {
        var progress = Progress(plannedSamples: 8)
        progress.advance(by: 2)
        #expect(progress == Progress(step: 1, samples: 2, plannedSamples: 8))
        #expect(progress.fraction == 0.25 && !progress.isFinished)
        progress.advance(by: 10)
        #expect(progress.fraction == 1 && progress.isFinished)
        #expect(Progress(plannedSamples: 0).fraction == 1)
    }
}
