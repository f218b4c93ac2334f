import Buffers

/// Which parameters of a network go as products of two thin matrices, and where the factors lie in the two buffers that are exchanged.
///
/// A parameter of several dimensions is a matrix of its first dimension by all others. It goes as factors if these have fewer numbers than it;
/// everything else lies whole behind the left factors.
struct LowRankPlan {
    /// One matrix `[rows, columns]`, its left factor `[rows, rank]` and its right factor `[rank, columns]`.
    struct Matrix {
        /// The elements in the gradient.
        let range: Range<Int>
        let rows: Int
        let columns: Int
        let rank: Int
        /// The elements of the left factor in the first buffer.
        let left: Range<Int>
        /// The elements of the right factor in the second buffer.
        let right: Range<Int>
    }

    /// Elements that go whole.
    struct Whole {
        /// The elements in the gradient.
        let range: Range<Int>
        /// The elements in the first buffer.
        let place: Range<Int>
    }

    /// The matrices, in the order of the layout.
    private(set) var matrices: [Matrix] = []
    /// The rest, in the order of the layout.
    private(set) var wholes: [Whole] = []
    /// The numbers of the first buffer: left factors, and what goes whole.
    private(set) var leftCount = 0
    /// The numbers of the second buffer: right factors.
    private(set) var rightCount = 0

    /// The plan for factors of at most `rank`, which is at least 1.
    init(_ layout: ParameterLayout, rank: Int) {
        precondition(rank > 0, "rank \(rank)")
        for parameter in layout.parameters where !parameter.range.isEmpty { add(parameter, rank: rank) }
        for parameter in layout.parameters where !matrices.contains(where: { $0.range == parameter.range }) {
            let place = leftCount..<leftCount + parameter.range.count
            wholes.append(Whole(range: parameter.range, place: place))
            leftCount = place.upperBound
        }
    }

    private mutating func add(_ parameter: ParameterSpec, rank: Int) {
        let rows = parameter.shape.dimensions.first ?? 1
        let columns = parameter.range.count / rows
        guard rank * (rows + columns) < rows * columns else { return }
        let left = leftCount..<leftCount + rows * rank
        let right = rightCount..<rightCount + rank * columns
        let matrix = Matrix(
            range: parameter.range,
            rows: rows,
            columns: columns,
            rank: rank,
            left: left,
            right: right
        )
        matrices.append(matrix)
        (leftCount, rightCount) = (left.upperBound, right.upperBound)
    }
}
