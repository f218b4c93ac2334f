import Buffers
import Configs
import Optimization
import TestSupport
import Testing

@Suite("AdamW")
struct AdamWTests {
    private let layout = ParameterLayout([
        ParameterSpec(name: "weight", shape: [3], offset: 0, decay: true),
        ParameterSpec(name: "bias", shape: [2], offset: 3, decay: false),
        ParameterSpec(name: "second.weight", shape: [2], offset: 5, decay: true),
    ])

    /// The update in double precision, straight from the formula.
    private func reference(_ adam: AdamW, steps: Int, rate: Double, gradient: (Int, Int) -> Double) -> [Float] {
        var values = (0..<7).map { Double($0) - 3 }
        var first = [Double](repeating: 0, count: 7)
        var second = [Double](repeating: 0, count: 7)
        var power1 = 1.0
        var power2 = 1.0
        for step in 0..<steps {
            power1 *= adam.beta1
            power2 *= adam.beta2
            for index in 0..<7 {
                let slope = gradient(step, index)
                first[index] = adam.beta1 * first[index] + (1 - adam.beta1) * slope
                second[index] = adam.beta2 * second[index] + (1 - adam.beta2) * slope * slope
                let mean = first[index] / (1 - power1)
                let square = second[index] / (1 - power2)
                let decay = (3..<5).contains(index) ? 0 : adam.weightDecay
                values[index] -= rate * (decay * values[index] + mean / (square.squareRoot() + adam.epsilon))
            }
        }
        return values.map { Float($0) }
    }

    @Test("follows its formula, with weight decay only where the layout says so")
    func formula() {
        var adam = AdamW()
        adam.weightDecay = 0.1
        adam.beta2 = 0.95
        let gradient = { (step: Int, index: Int) in
            Double(Float((step * 7 + index * 3) % 11) / 5 - 1) * (index == 6 ? 1e-4 : 1)
        }
        let parameters = FlatBuffer((0..<7).map { Float($0) - 3 })
        var state = adam.makeState(layout)
        for step in 0..<20 {
            let gradients = FlatBuffer((0..<7).map { Float(gradient(step, $0)) })
            adam.update(parameters, gradients, &state, layout, rate: 0.02, step: step)
        }
        // Twenty float32 steps of size 0.02 on values up to 3: a few units in the last place each.
        let expected = reference(adam, steps: 20, rate: 0.02, gradient: gradient)
        expectClose(parameters.floats, expected, Tolerance(absolute: 1e-5))
        #expect(state.scalars == ["updates": 20])
    }

    @Test("takes a first step of the size of the rate against the sign of the gradient")
    func firstStep() {
        let parameters = FlatBuffer(count: 7)
        var state = AdamW().makeState(layout)
        let gradients = FlatBuffer([1, -1, 100, -100, 0.01, 0, 3])
        AdamW().update(parameters, gradients, &state, layout, rate: 0.5, step: 0)
        let expected: [Float] = [-0.5, 0.5, -0.5, 0.5, -0.5, 0, -0.5]
        expectClose(parameters.floats, expected, Tolerance(absolute: 2e-6))
    }

    @Test("corrects by its own count of updates, not by the steps of the run")
    func countsUpdates() {
        let gradients = FlatBuffer([1, 2, 3, 4, 5, 6, 7])
        let early = FlatBuffer(count: 7)
        let late = FlatBuffer(count: 7)
        var earlyState = AdamW().makeState(layout)
        var lateState = AdamW().makeState(layout)
        AdamW().update(early, gradients, &earlyState, layout, rate: 0.1, step: 0)
        AdamW().update(late, gradients, &lateState, layout, rate: 0.1, step: 1000)
        #expect(early.floats == late.floats)
    }

    @Test(
        "refuses values out of range",
        arguments: ["rate: 0", "rate: .inf", "beta1: 1", "beta2: -0.1", "epsilon: 0", "weight_decay: -1"]
    )
    func refuses(line: String) {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(AdamW.self, from: line, file: "a.yaml")
        }
    }
}
