import Buffers
import RealModule
import Tensors

/// The entropic plan of transport between two sets of equal size and equal weights, as shares of each row.
///
/// It minimises `sum P C + regularization sum P log P` under the marginals `1 / n`. Rows and columns are scaled in turn,
/// in logarithms, until every row sums to its share within `tolerance` or `iterations` are done. The last scaling is
/// that of the rows, so that each row is a distribution in any case.
///
/// Source: Cuturi 2013, arXiv:1306.0895, algorithm 1; in logarithms as in Peyré and Cuturi 2019, arXiv:1803.00567,
/// section 4.4.
struct TransportPlan {
    /// `n P`, `[n, n]` in row-major order; every row sums to 1.
    let shares: [Double]
    /// How often rows and columns were scaled.
    let iterations: Int
    private let count: Int

    /// The plan for `costs`, `[count, count]` in row-major order.
    init(_ costs: [Double], count: Int, regularization: Double, iterations: Int, tolerance: Double) {
        precondition(costs.count == count * count, "\(costs.count) costs of \(count) rows")
        let across = costs.map { -$0 / regularization }
        let down = Self.transposed(across, count)
        var columns = [Double](repeating: 0, count: count)
        var rows = Self.scaled(across, columns)
        var done = 1
        while done < iterations {
            columns = Self.scaled(down, rows)
            let next = Self.scaled(across, columns)
            let error = zip(rows, next).reduce(0.0) { max($0, abs(Double.exp($1.0 - $1.1) - 1)) }
            rows = next
            done += 1
            if error <= tolerance { break }
        }
        shares = across.indices.map { place -> Double in
            .exp(across[place] + rows[place / count] + columns[place % count])
        }
        self.iterations = done
        self.count = count
    }

    /// The column at which the shares of a row, added up, pass `level` of `[0, 1)`.
    func column(ofRow row: Int, at level: Double) -> Int {
        var sum = 0.0
        for column in 0..<count {
            sum += shares[row * count + column]
            if sum > level { return column }
        }
        return count - 1
    }

    private static func transposed(_ values: [Double], _ count: Int) -> [Double] {
        values.indices.map { place in values[(place % count) * count + place / count] }
    }

    /// What every row has to be raised by so that its exponentials sum to 1, given what the columns are raised by.
    private static func scaled(_ values: [Double], _ columns: [Double]) -> [Double] {
        let count = columns.count
        return (0..<count).map { row in
            var largest = -Double.infinity
            for column in 0..<count { largest = max(largest, values[row * count + column] + columns[column]) }
            var sum = 0.0
            for column in 0..<count { sum += .exp(values[row * count + column] + columns[column] - largest) }
            return -(largest + .log(sum))
        }
    }
}

/// The squared distances between images and noise up to a term of the row and one of the column, which no plan of
/// transport depends on: `-2 x . y`, `[B, B]` in row-major order.
func transportCosts(_ images: Tensor, _ noise: Tensor) -> [Double] {
    let flat = Shape([images.shape[0], images.shape.count / images.shape[0]])
    let products = images.stopGradient.reshaped(flat).matmul(noise.reshaped(flat), transposed: true)
    return products.floats.map { -2 * Double($0) }
}
