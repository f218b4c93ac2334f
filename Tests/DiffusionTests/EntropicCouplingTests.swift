import Buffers
import TestSupport
import Testing

@testable import Diffusion

@Suite("The entropic coupling")
struct EntropicCouplingTests {
    // Costs 0 and 1 apart, regularization 0.5: each image keeps its near noise with probability 0.88079708. 2000 draws
    // deviate by 0.0072; four times that.
    @Test("draws from the plan")
    func shares() {
        let coupling = with(EntropicCoupling()) { $0.regularization = 0.5 }
        let data = CoupledData(images: [[0], [1]], noise: [[0], [1]])
        let kept = (0..<2000 as Range<UInt64>).filter { data.partners(coupling, seed: $0)[0] == 0 }.count
        expectClose(Double(kept) / 2000, 0.88079708, absolute: 0.029)
    }

    @Test("costs more than optimal transport, less than chance, and the more the more entropy counts")
    func between() {
        let data = CoupledData(count: 12)
        let costs = [0.5, 5, 1e4].map { regularization -> Double in
            let plan = TransportPlan(
                transportCosts(data.images, data.noise),
                count: 12,
                regularization: regularization,
                iterations: 10_000,
                tolerance: 1e-9
            )
            return zip(plan.shares, data.distances.flatMap { $0 }).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(costs == costs.sorted())
        #expect(data.cost(data.partners(OptimalTransportCoupling())) <= costs[0] + 1e-4)
        expectClose(costs[2], data.distances.flatMap { $0 }.reduce(0, +) / 12, relative: 1e-3)
    }

    @Test("draws for an image by the image's own number")
    func streams() {
        let data = CoupledData(count: 10)
        let coupling = with(EntropicCoupling()) { $0.regularization = 50 }
        #expect(data.partners(coupling, seed: 1) != data.partners(coupling, seed: 2))
        var random = RandomStream(seed: 1, purpose: .coupling, index: data.ids[4])
        let plan = TransportPlan(
            transportCosts(data.images, data.noise),
            count: 10,
            regularization: 50,
            iterations: 200,
            tolerance: 1e-3
        )
        #expect(data.partners(coupling, seed: 1)[4] == plan.column(ofRow: 4, at: random.uniform()))
    }

    @Test("refuses values out of range")
    func ranges() {
        expectRefused("regularization", with(EntropicCoupling()) { $0.regularization = 0 })
        expectRefused("iterations", with(EntropicCoupling()) { $0.iterations = 0 })
        expectRefused("tolerance", with(EntropicCoupling()) { $0.tolerance = 1 })
    }
}
