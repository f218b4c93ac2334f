import Buffers
import Tensors
import TestSupport
import Testing

struct DropoutTests {
    private func stream(_ index: UInt64) -> RandomStream { RandomStream(seed: 5, purpose: .dropout, index: index) }

    @Test(
        "the same stream gives the same mask on both backends, another one another",
        arguments: TestedBackend.allCases
    )
    func replay(backend: TestedBackend) {
        Compute.$backend.withValue(backend.backend) {
            var (first, second, other) = (stream(1), stream(1), stream(2))
            let x = Tensor.ones([7, 9])
            let mask = x.dropout(0.3, using: &first).floats
            #expect(x.dropout(0.3, using: &second).floats == mask)
            #expect(x.dropout(0.3, using: &other).floats != mask)
            #expect(x.dropout(0.3, using: &first).floats != mask)
            #expect(mask.allSatisfy { $0 == 0 || $0 == 1 / (1 - 0.3 as Float) })
        }
    }

    @Test("a fraction of about the rate is dropped")
    func rate() {
        Compute.$backend.withValue(TestedBackend.cpu.backend) {
            for rate: Float in [0.1, 0.5, 0.9] {
                var random = stream(3)
                let dropped = Tensor.ones([20_000]).dropout(rate, using: &random).floats.filter { $0 == 0 }.count
                // Five standard deviations of a binomial count.
                let deviation = (20_000 * rate * (1 - rate)).squareRoot()
                #expect(abs(Float(dropped) - 20_000 * rate) < 5 * deviation)
            }
        }
    }

    @Test("the gradient passes where the number was kept, scaled alike")
    func gradient() {
        let tape = Tape()
        var random = stream(4)
        let x = tape.watch(Tensor.ones([31]))
        let y = x.dropout(0.4, using: &random)
        #expect(tape.gradients(of: y, withRespectTo: [x])[0].floats == y.floats)
    }

    @Test("a rate of zero changes nothing")
    func zero() {
        var random = stream(6)
        #expect(Tensor([1, 2], [2]).dropout(0, using: &random).floats == [1, 2])
    }
}
