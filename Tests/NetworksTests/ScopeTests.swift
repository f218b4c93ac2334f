import Buffers
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Parameter scopes")
struct ScopeTests {
    @Test("name parameters by their path and put them one after another")
    func layout() {
        let root = ParameterScope()
        let first = root.scope("a").scope("b", 3).parameter("weight", [2, 3], .ones)
        let second = root.scope("a").parameter("bias", [4], .zeros, decay: false)
        #expect(first.range == 0..<6)
        #expect(second.range == 6..<10)
        #expect(
            root.layout.parameters == [
                ParameterSpec(name: "a.b.3.weight", shape: [2, 3], offset: 0, decay: true),
                ParameterSpec(name: "a.bias", shape: [4], offset: 6, decay: false),
            ]
        )
        #expect(root.scope("a").layout == root.layout)
    }

    @Test("draw starting values of each parameter from a stream of its own")
    func streams() {
        func start(_ count: Int) -> [Float] {
            let scope = ParameterScope()
            _ = scope.parameter("first", [count], .normal(deviation: 1))
            _ = scope.parameter("second", [5], .normal(deviation: 1))
            return Array(scope.initialize(seed: 3).floats.suffix(5))
        }
        #expect(start(1) == start(100))
    }

    @Test("start parameters as their initialisers say")
    func initializers() {
        func values(_ initializer: Initializer) -> [Float] {
            let scope = ParameterScope()
            _ = scope.parameter("p", [100, 200], initializer)
            return scope.initialize(seed: 1).floats
        }
        #expect(values(.zeros).allSatisfy { $0 == 0 })
        #expect(values(.ones).allSatisfy { $0 == 1 })
        #expect(values(.constant(-2)).allSatisfy { $0 == -2 })
        let uniform = values(.kaimingUniform(fanIn: 4))
        #expect(uniform.allSatisfy { abs($0) <= 0.5 })
        // 20,000 draws: the mean has a standard error of 0.002, the largest lies within 0.001 of the bound.
        #expect(abs(uniform.reduce(0, +) / 20_000) < 0.01)
        #expect((uniform.max() ?? 0) > 0.499 && (uniform.min() ?? 0) < -0.499)
        let normal = values(.normal(deviation: 3))
        let square = normal.reduce(0) { $0 + Double($1) * Double($1) } / 20_000
        #expect(abs(square.squareRoot() / 3 - 1) < 0.03)
        #expect(Initializer.xavierUniform(fanIn: 2, fanOut: 4) == .uniform(bound: 1))
    }
}

@Suite("The forward context")
struct ForwardContextTests {
    private let scope = ParameterScope()
    private let linear: Linear
    private let parameters: FlatBuffer

    init() {
        linear = Linear(scope.scope("layer"), inputs: 2, outputs: 1)
        parameters = FlatBuffer([2, 3, 5])
    }

    private func context(_ tape: Tape?, isTrainable: Bool = true) -> ForwardContext {
        ForwardContext(
            parameters: parameters,
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: 1, purpose: .dropout, index: 0),
            isTrainable: isTrainable
        )
    }

    @Test("reads the parameters of its buffer")
    func reads() {
        #expect(linear(Tensor([10, 100], [1, 2]), context(nil)).floats == [325])
        #expect(scope.layout.parameters.map(\.name) == ["layer.weight", "layer.bias"])
    }

    @Test("makes parameters leaves of the tape, used twice or not")
    func leaves() {
        let tape = Tape()
        let context = context(tape)
        let x = Tensor([10, 100], [1, 2])
        let gradients = FlatBuffer(count: 3)
        tape.backward((linear(x, context) + linear(x, context)).sum(), into: gradients, of: parameters)
        #expect(gradients.floats == [20, 200, 2])
    }

    @Test("holds parameters constant if it is not trainable")
    func constants() {
        let tape = Tape()
        let x = tape.watch(Tensor([10, 100], [1, 2]))
        let output = linear(x, context(tape, isTrainable: false))
        #expect(tape.gradients(of: output, withRespectTo: [x])[0].floats == [2, 3])
    }

    @Test("records taps only if they are wanted")
    func taps() {
        let silent = context(nil)
        silent.tap("a", Tensor(1))
        #expect(silent.taps == nil)
        let recording = context(nil)
        recording.taps = [:]
        #expect(recording.tap("a", Tensor(7)).item == 7)
        #expect(recording.taps?["a"]?.item == 7)
    }
}
