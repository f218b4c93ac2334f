import Configs
import Testing

@Suite("Overrides")
struct OverrideTests {
    private func recipe(_ text: String, _ overrides: String...) throws(ConfigError) -> Recipe {
        var node = try ConfigNode(parsing: text, file: "a.yaml")
        for override in overrides {
            node = try node.setting(override)
        }
        return try ConfigDecoder.decode(Recipe.self, from: node)
    }

    @Test("values, sections, methods and list items can be set")
    func values() throws {
        #expect(try recipe("seed: 1", "seed=7").seed == 7)
        #expect(try recipe("", "image.width=8").image == ImageSection(width: 8, height: 48))
        #expect(try recipe("note: a", "note=null").note == nil)
        #expect(try recipe("", "name=a=b").name == "a=b")
        #expect(try recipe("", "sizes=[4, 5]").sizes == [4, 5])
        #expect(try recipe("", "weighting=min-snr").weighting is MinSNR)
        #expect(try recipe("", "weighting={type: min-snr, gamma: 2}").weighting as? MinSNR == MinSNR(gamma: 2))
        let list = "averages: [{type: min-snr, gamma: 1}, uniform]"
        #expect(try recipe(list, "averages.0.gamma=9").averages[0] as? MinSNR == MinSNR(gamma: 9))
    }

    @Test("a choice that is written as a name can be given parameters")
    func bareName() throws {
        #expect(try recipe("weighting: min-snr", "weighting.gamma=2").weighting as? MinSNR == MinSNR(gamma: 2))
        let both = try recipe("", "weighting=min-snr", "weighting.gamma=3")
        #expect(both.weighting as? MinSNR == MinSNR(gamma: 3))
    }

    @Test(
        "mistakes are reported with the override in place of the file",
        arguments: [
            ("seed", "--set: expected 'path.to.key=value', found 'seed'"),
            (
                "weighting.gama=2",
                "--set weighting.gama=2: weighting: unknown key 'gama' for 'min-snr'; did you mean 'gamma'?"
            ),
            (
                "weighting.gamma=-2",
                "--set weighting.gamma=-2: weighting.gamma: expected more than 0, found -2.0"
            ),
            ("a..b=2", "--set a..b=2: expected a path such as 'objective.weighting', found 'a..b'"),
            ("averages.3=uniform", "--set averages.3=uniform: expected an item from 0 to 0, found '3'"),
            ("seed=[", "--set seed=[:2: this is not valid YAML: did not find expected node content"),
        ]
    )
    func mistakes(_ override: String, _ message: String) {
        let text = "weighting: {type: min-snr}\naverages: [uniform]"
        do throws(ConfigError) {
            _ = try recipe(text, override)
            Issue.record("\(override) was accepted")
        } catch {
            #expect(error.description == message)
        }
    }
}
