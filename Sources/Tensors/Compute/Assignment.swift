extension LinearAlgebra {
    /// The cheapest assignment of rows to columns of a square cost matrix: the column of each row (Kuhn 1955, in the form with
    /// potentials by Jonker and Volgenant 1987).
    ///
    /// The work grows with the cube of the size. Costs must be finite.
    public static func assignment(_ cost: Matrix) -> [Int] {
        precondition(cost.rows == cost.columns, "a square matrix expected, found \(cost.rows)x\(cost.columns)")
        let n = cost.rows
        // Column 0 is a place outside the matrix where each search begins; rows and columns count from 1.
        var rowPotential = [Double](repeating: 0, count: n + 1)
        var columnPotential = rowPotential
        var rowOfColumn = [Int](repeating: 0, count: n + 1)
        for row in 0..<n {
            rowOfColumn[0] = row + 1
            var (column, previous) = (0, [Int](repeating: 0, count: n + 1))
            var distance = [Double](repeating: .infinity, count: n + 1)
            var isVisited = [Bool](repeating: false, count: n + 1)
            repeat {
                isVisited[column] = true
                let current = rowOfColumn[column]
                var (step, next) = (Double.infinity, 0)
                for j in 1..<(n + 1) where !isVisited[j] {
                    let reduced = cost[current - 1, j - 1] - rowPotential[current] - columnPotential[j]
                    if reduced < distance[j] { (distance[j], previous[j]) = (reduced, column) }
                    if distance[j] < step { (step, next) = (distance[j], j) }
                }
                for j in 0..<(n + 1) {
                    if isVisited[j] {
                        rowPotential[rowOfColumn[j]] += step
                        columnPotential[j] -= step
                    } else {
                        distance[j] -= step
                    }
                }
                column = next
            } while rowOfColumn[column] != 0
            while column != 0 {
                rowOfColumn[column] = rowOfColumn[previous[column]]
                column = previous[column]
            }
        }
        var result = [Int](repeating: 0, count: n)
        for column in 1..<(n + 1) { result[rowOfColumn[column] - 1] = column - 1 }
        return result
    }
}
