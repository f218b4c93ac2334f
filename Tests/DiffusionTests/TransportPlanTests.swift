import RealModule
import TestSupport
import Testing

@testable import Diffusion

@Suite("An entropic plan of transport")
struct TransportPlanTests {
    private func plan(_ costs: [Double], _ count: Int, _ regularization: Double) -> TransportPlan {
        TransportPlan(costs, count: count, regularization: regularization, iterations: 10_000, tolerance: 1e-12)
    }

    // 0.5 / (1 + exp(-1 / 0.5)).
    @Test("of two points has the known shares")
    func two() {
        let shares = plan([0, 1, 1, 0], 2, 0.5).shares
        expectClose(shares[0] / 2, 0.44039854, absolute: 1e-8)
        expectClose(shares[3] / 2, 0.44039854, absolute: 1e-8)
        expectClose(shares[1] / 2, 0.5 - 0.44039854, absolute: 1e-8)
    }

    @Test("has equal shares of rows and columns", arguments: [0.05, 0.5, 5])
    func marginals(regularization: Double) {
        var random = SeededGenerator(seed: 4)
        let costs = (0..<36).map { _ in random.double() }
        let shares = plan(costs, 6, regularization).shares
        for place in 0..<6 {
            expectClose((0..<6).reduce(0) { $0 + shares[place * 6 + $1] }, 1, absolute: 1e-12)
            expectClose((0..<6).reduce(0) { $0 + shares[$1 * 6 + place] }, 1, absolute: 1e-9)
        }
    }

    // Shares are exp(a_i + b_j - C_ij / regularization), so that this difference holds for any plan of that form, and
    // among those with the right marginals there is only one.
    @Test("is of the form of the minimum, and does not depend on terms of rows and columns")
    func form() {
        var random = SeededGenerator(seed: 5)
        let costs = (0..<9).map { _ in random.double() }
        let shares = plan(costs, 3, 0.3).shares
        func mixed(_ values: [Double]) -> Double { values[0] - values[1] - values[3] + values[4] }
        expectClose(mixed(shares.map { Double.log($0) }), -mixed(costs) / 0.3, absolute: 1e-9)
        let raised = costs.indices.map { costs[$0] + Double($0 / 3) - 2 * Double($0 % 3) }
        expectClose(plan(raised, 3, 0.3).shares, shares, Tolerance(absolute: 1e-9))
    }

    @Test("goes to the assignment for little regularization and to equal shares for much")
    func limits() {
        var random = SeededGenerator(seed: 6)
        let costs = (0..<25).map { _ in random.double() }
        let sharp = plan(costs, 5, 2e-3)
        let columns = Assignment.columns(costs, count: 5)
        for row in 0..<5 { #expect(sharp.column(ofRow: row, at: 0.5) == columns[row]) }
        #expect(plan(costs, 5, 1e6).shares.allSatisfy { abs($0 - 0.2) < 1e-5 })
    }

    @Test("ends early when the shares are right, and when it may not go on")
    func iterations() {
        #expect(plan([0, 1, 1, 0], 2, 0.5).iterations == 2)
        var random = SeededGenerator(seed: 7)
        let costs = (0..<25).map { _ in random.double() }
        let cut = TransportPlan(costs, count: 5, regularization: 1e-3, iterations: 3, tolerance: 1e-12)
        #expect(cut.iterations == 3)
        for row in 0..<5 { expectClose((0..<5).reduce(0) { $0 + cut.shares[row * 5 + $1] }, 1, absolute: 1e-12) }
    }

    @Test("draws a column by its share")
    func draws() {
        let drawn = plan([0, 1, 1, 0], 2, 0.5)
        #expect([0, 0.88, 0.8808, 0.999].map { drawn.column(ofRow: 0, at: $0) } == [0, 0, 1, 1])
        #expect([0, 0.119, 0.1193, 0.999].map { drawn.column(ofRow: 1, at: $0) } == [0, 0, 1, 1])
    }
}
