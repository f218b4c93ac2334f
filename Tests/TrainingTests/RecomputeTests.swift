import Configs
import Networks
import Testing

@testable import Training

@Suite("Recomputation in a run")
struct RecomputeTests {
    private func config(_ recompute: [String]) throws -> RunConfig {
        var config = try TinyRun.config()
        config.recompute = recompute
        return config
    }

    @Test("changes no bit of the parameters or the average")
    func sameBits() throws {
        let kept = try TinyRun.train(config([]), steps: 3)
        #expect(try TinyRun.train(config(["blocks"]), steps: 3) == kept)
    }

    @Test("is written to run files and read again, and nothing is recomputed by default")
    func roundTrip() throws {
        #expect(RunConfig().recompute.isEmpty)
        let text = try ConfigEncoder.encode(config(["blocks"]))
        #expect(try RunConfig(parsing: text, file: "run.yaml").recompute == ["blocks"])
    }

    @Test(
        "refuses a name that the network does not have, and names those it has",
        arguments: [
            ("model: dit\nrecompute: [block]", "unknown value 'block'; did you mean 'blocks'?"),
            ("model: dit\nrecompute: [blocks, attention]", "unknown value 'attention'; known values are 'blocks'"),
            (
                "model: unet\nrecompute: [encoder]",
                "unknown value 'encoder'; known values are 'down_blocks', 'mid_block', 'up_blocks'"
            ),
        ]
    )
    func unknownNames(text: String, problem: String) {
        let error = #expect(throws: ConfigError.self) { try RunConfig(parsing: text, file: "run.yaml") }
        #expect(error?.description.contains("recompute: \(problem)") == true)
    }

    @Test("may change between a stop and the next start")
    func identity() throws {
        let (kept, recomputed) = try (RunIdentity(config([])), RunIdentity(config(["blocks"])))
        #expect(kept.firstChange(to: recomputed) == nil)
    }

    @Test("is measured with a workload's own names")
    func workload() throws {
        let workload = try #require(Workload.all.first { $0.name == "dit-tiny" })
        #expect(throws: ConfigError.self) { try StepBenchmark(workload, batch: 1, recompute: ["mid_block"]) }
        #expect(throws: Never.self) { try StepBenchmark(workload, batch: 1, recompute: ["blocks"]) }
    }
}
