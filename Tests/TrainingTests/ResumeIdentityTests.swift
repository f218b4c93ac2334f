import Buffers
import Checkpoints
import Communication
import Configs
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Same seed, same bits")
struct ResumeIdentityTests {
    @Test("any number of threads gives the same bits", arguments: [2, 5])
    func threadsDoNotMatter(_ threads: Int) throws {
        let config = try TinyRun.config()
        let reference = try TinyRun.train(config, steps: 4)
        #expect(try TinyRun.train(config, steps: 4, threads: threads) == reference)
    }

    @Test("a run that is stopped after any step and resumed ends with the same bits")
    func stopsDoNotMatter() throws {
        let config = try TinyRun.config()
        let steps = 8
        let reference = try TinyRun.train(config, steps: steps)
        for stop in 1..<steps {
            let directory = try TestDirectory()
            let store = CheckpointStore(directory: directory.path + "/checkpoints")
            let first = try Trainer(Recipe(config), communicator: SingleCommunicator())
            try TinyRun.take(stop, with: first)
            _ = try first.save(in: store)
            let second = try Trainer(Recipe(config), communicator: SingleCommunicator())
            #expect(try second.resume(from: store).checkpoint != nil)
            #expect(second.state.progress == first.state.progress)
            try TinyRun.take(steps - stop, with: second)
            #expect(
                second.state.parameters.floats + second.state.evaluated.floats == reference,
                "stopped after \(stop)"
            )
        }
    }

    @Test("in bfloat16 any number of threads gives the same bits, which differ from those of float32")
    func threadsDoNotMatterInBFloat16() throws {
        var config = try TinyRun.config()
        let wide = try TinyRun.train(config, steps: 4)
        config.precision.compute = .bfloat16
        let narrow = try TinyRun.train(config, steps: 4)
        for threads in [2, 5] { #expect(try TinyRun.train(config, steps: 4, threads: threads) == narrow) }
        #expect(narrow != wide)
        // AdamW's first steps are little more than signs of gradients, and rounding turns some of those that are nearly 0: half the way is
        // what two runs that go different ways would exceed.
        let start = try TinyRun.train(config, steps: 0)
        #expect(distance(narrow, wide) < 0.5 * distance(wide, start))
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    @Test("micro-batches of any size give the same gradient up to rounding")
    func microBatchesAddUp() throws {
        let whole = try TinyRun.train(TinyRun.config(micro: 12), steps: 3)
        for micro in [1, 5, 7] {
            let split = try TinyRun.train(TinyRun.config(micro: micro), steps: 3)
            expectClose(split, whole, Tolerance(absolute: 1e-5, relative: 1e-4))
        }
    }
}
