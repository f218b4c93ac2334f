import Buffers
import Checkpoints
import Communication
import Configs
import Diffusion
import TestSupport
import Testing

@testable import Training

@Suite("A run with a coupling")
struct CouplingRunTests {
    private func config(_ name: String, micro: Int = 5) throws -> RunConfig {
        var objective = Denoising()
        objective.coupling = try #require(Couplings.method(named: name)?.init() as? any Coupling)
        var config = try TinyRun.config(micro: micro)
        config.objective = objective
        return config
    }

    @Test("has the same bits for any number of threads and stops", arguments: Couplings.methodNames)
    func repeats(name: String) throws {
        let config = try config(name)
        let reference = try TinyRun.train(config, steps: 4)
        #expect(try TinyRun.train(config, steps: 4, threads: 3) == reference)
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path + "/checkpoints")
        let first = try Trainer(Recipe(config), communicator: SingleCommunicator())
        try TinyRun.take(2, with: first)
        _ = try first.save(in: store)
        let second = try Trainer(Recipe(config), communicator: SingleCommunicator())
        _ = try second.resume(from: store)
        try TinyRun.take(2, with: second)
        #expect(second.state.parameters.floats + second.state.evaluated.floats == reference)
    }

    @Test("that is independent is the run without one, and no other is")
    func independent() throws {
        let plain = try TinyRun.train(TinyRun.config(), steps: 2)
        for name in Couplings.methodNames {
            #expect(try (TinyRun.train(config(name), steps: 2) == plain) == (name == IndependentCoupling.name))
        }
    }

    @Test("is refused where a micro-batch has nothing to pair")
    func alone() throws {
        let error = #expect(throws: ConfigError.self) { try config(OptimalTransportCoupling.name, micro: 1).validate() }
        #expect(error?.description.contains("batch: {micro: 1}") == true)
        #expect(throws: Never.self) { try config(IndependentCoupling.name, micro: 1).validate() }
    }
}
