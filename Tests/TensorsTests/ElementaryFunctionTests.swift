import Buffers
import Glibc
import Tensors
import Testing

struct ElementaryFunctionTests {
    @Test("Vectorised functions are within 3 units in the last place", arguments: Sweep.all)
    func isAccurate(sweep: Sweep) {
        let count = 20011
        let x = Region.random(count, seed: 1)
        let y = Region.random(count, seed: 0)
        let (places, results) = (x.floats, y.floats)
        for i in 0..<count { places[i] = sweep.low + (sweep.high - sweep.low) * Float(i) / Float(count - 1) }
        CPUBackend(threads: 1).unary(sweep.operation, x, into: y)
        let worst = (0..<count).map { i in
            let exact = sweep.function(Double(places[i]))
            return abs(Double(results[i]) - exact) / Double(Float(exact).ulp)
        }.max()
        #expect((worst ?? .infinity) <= 3)
    }

    @Test("Infinities and not-a-number pass through as the functions demand")
    func specialValues() {
        let x = Region.random(4, seed: 1)
        let y = Region.random(4, seed: 1)
        func values(_ operation: UnaryOperation) -> [Float] {
            for (i, value) in [Float.infinity, -.infinity, .nan, 0].enumerated() { x.floats[i] = value }
            CPUBackend(threads: 1).unary(operation, x, into: y)
            return y.values
        }
        #expect(values(.exp).map(\.description) == ["inf", "0.0", "nan", "1.0"])
        #expect(values(.log)[0] == .infinity && values(.log)[1].isNaN && values(.log)[2].isNaN)
        #expect(values(.log)[3] == -.infinity)
        #expect(values(.tanh)[0] == 1 && values(.tanh)[1] == -1 && values(.tanh)[2].isNaN)
        #expect(values(.sigmoid)[0] == 1 && values(.sigmoid)[1] == 0 && values(.sigmoid)[2].isNaN)
        #expect(values(.softplus)[0] == .infinity && values(.softplus)[1] == 0 && values(.softplus)[2].isNaN)
        #expect(values(.relu)[2].isNaN)
    }
}

/// A function over an interval.
struct Sweep: Sendable, CustomTestStringConvertible {
    let operation: UnaryOperation
    let low: Float
    let high: Float
    let function: @Sendable (Double) -> Double

    var testDescription: String { "\(operation) from \(low) to \(high)" }

    static let all: [Sweep] = [
        Sweep(operation: .exp, low: -100, high: 88) { exp($0) },
        Sweep(operation: .exp, low: -1, high: 1) { exp($0) },
        Sweep(operation: .log, low: 1e-3, high: 3) { log($0) },
        Sweep(operation: .log, low: 0x1p-140, high: 1e38) { log($0) },
        Sweep(operation: .tanh, low: -9, high: 9) { tanh($0) },
        Sweep(operation: .tanh, low: -0.7, high: 0.7) { tanh($0) },
        Sweep(operation: .sigmoid, low: -30, high: 30) { 1 / (1 + exp(-$0)) },
        Sweep(operation: .softplus, low: -30, high: 30) { max($0, 0) + log1p(exp(-abs($0))) },
        Sweep(operation: .silu, low: -30, high: 30) { $0 / (1 + exp(-$0)) },
        Sweep(operation: .geluErf, low: 0, high: 9) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) },
    ]
}
