import TestSupport
import Testing

@testable import Diffusion

@Suite("An assignment")
struct AssignmentTests {
    private func cost(_ costs: [Double], _ columns: [Int]) -> Double {
        columns.enumerated().reduce(0) { $0 + costs[$1.offset * columns.count + $1.element] }
    }

    /// The least cost over all permutations of the columns not yet used.
    private func least(_ costs: [Double], _ count: Int, row: Int = 0, used: Set<Int> = []) -> Double {
        guard row < count else { return 0 }
        return (0..<count).filter { !used.contains($0) }.reduce(.infinity) { best, column in
            min(best, costs[row * count + column] + least(costs, count, row: row + 1, used: used.union([column])))
        }
    }

    @Test("costs as little as the best of all permutations", arguments: 1...7)
    func bruteForce(count: Int) {
        for seed in 0..<(count < 7 ? 40 : 6) as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let costs = (0..<count * count).map { _ in random.double(-5, 5) }
            let columns = Assignment.columns(costs, count: count)
            #expect(columns.sorted() == Array(0..<count))
            expectClose(cost(costs, columns), least(costs, count), absolute: 1e-9)
        }
    }

    @Test("of 8 rows costs as little as the best of 40320 permutations")
    func eight() {
        var random = SeededGenerator(seed: 8)
        let costs = (0..<64).map { _ in random.double() }
        expectClose(cost(costs, Assignment.columns(costs, count: 8)), least(costs, 8), absolute: 1e-9)
    }

    // Whole numbers have many equal paths.
    @Test("is optimal among equal costs too", arguments: 0..<30 as Range<UInt64>)
    func ties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let costs = (0..<25).map { _ in Double(random.int(0...2)) }
        let columns = Assignment.columns(costs, count: 5)
        #expect(columns.sorted() == Array(0..<5))
        #expect(cost(costs, columns) == least(costs, 5))
    }

    // The costs of a product of two rising series are least when the largest meets the smallest.
    @Test("finds a known best of 200 rows")
    func large() {
        var random = SeededGenerator(seed: 2)
        let (rows, columns) = (random.floats(200), random.floats(200))
        let costs = rows.flatMap { row in columns.map { Double(row) * Double($0) } }
        let best = zip(rows.sorted(), columns.sorted().reversed()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        expectClose(cost(costs, Assignment.columns(costs, count: 200)), best, absolute: 1e-9)
    }

    @Test("is a permutation even of costs that are no numbers")
    func notANumber() {
        for value in [Double.nan, .infinity, -.infinity] {
            let costs = (0..<16).map { $0 % 3 == 0 ? value : Double($0) }
            #expect(Assignment.columns(costs, count: 4).sorted() == [0, 1, 2, 3])
        }
        #expect(Assignment.columns([], count: 0).isEmpty)
    }
}
