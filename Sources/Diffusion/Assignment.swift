/// The cheapest way to give every row of a square matrix a column of its own.
///
/// One row after the other enters along a shortest path over reduced costs, so that `n` rows take `O(n^3)`. The result
/// is optimal up to rounding, and always a permutation, even for costs that are not numbers. Of equal paths the one to
/// the first column wins: equal costs give equal assignments.
///
/// Source: Jonker and Volgenant 1987, "A shortest augmenting path algorithm for dense and sparse linear assignment
/// problems", the augmentation phase.
struct Assignment {
    private static let free = -1

    private let count: Int
    private let costs: [Double]
    private var rowPrices: [Double]
    private var columnPrices: [Double]
    /// The row of each column, or `free`.
    private var rows: [Int]

    /// The column of each row; `costs` is `[count, count]` in row-major order.
    static func columns(_ costs: [Double], count: Int) -> [Int] {
        var assignment = Assignment(costs, count)
        for row in 0..<count { assignment.add(row) }
        var columns = [Int](repeating: 0, count: count)
        for (column, row) in assignment.rows.enumerated() { columns[row] = column }
        return columns
    }

    private init(_ costs: [Double], _ count: Int) {
        precondition(costs.count == count * count, "\(costs.count) costs of \(count) rows")
        self.count = count
        self.costs = costs
        rowPrices = Array(repeating: 0, count: count)
        columnPrices = Array(repeating: 0, count: count)
        rows = Array(repeating: Self.free, count: count)
    }

    /// Gives `start` a column, moving rows that have one already if that is cheaper.
    private mutating func add(_ start: Int) {
        var path = Path(count)
        var row = start
        repeat {
            let column = path.extended(row, price: rowPrices[row], costs, columnPrices)
            row = rows[column]
        } while row != Self.free
        for column in 0..<count where path.isSettled[column] && column != path.end {
            columnPrices[column] += path.lengths[column] - path.length
            rowPrices[rows[column]] += path.length - path.lengths[column]
        }
        rowPrices[start] += path.length
        var column = path.end
        while column != Self.free {
            let before = path.columnsBefore[column]
            rows[column] = before == Self.free ? start : rows[before]
            column = before
        }
    }

    /// The shortest paths from the row that enters to every column, as far as they are known.
    private struct Path {
        var lengths: [Double]
        /// The column before each column, or `free` where the entering row itself leads there.
        var columnsBefore: [Int]
        var isSettled: [Bool]
        /// The column that was settled last, and the length of the path to it.
        var end = Assignment.free
        var length = 0.0

        init(_ count: Int) {
            lengths = Array(repeating: .infinity, count: count)
            columnsBefore = Array(repeating: Assignment.free, count: count)
            isSettled = Array(repeating: false, count: count)
        }

        /// Goes on from a row that the last settled column belongs to, and settles the nearest column.
        mutating func extended(_ row: Int, price: Double, _ costs: [Double], _ columnPrices: [Double]) -> Int {
            let count = lengths.count
            var nearest = Assignment.free
            for column in 0..<count where !isSettled[column] {
                let reached = length + costs[row * count + column] - price - columnPrices[column]
                if reached < lengths[column] {
                    lengths[column] = reached
                    columnsBefore[column] = end
                }
                if nearest == Assignment.free || lengths[column] < lengths[nearest] { nearest = column }
            }
            isSettled[nearest] = true
            length = lengths[nearest]
            end = nearest
            return nearest
        }
    }
}
