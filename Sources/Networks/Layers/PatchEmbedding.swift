public import Buffers
import Glibc
public import Tensors

/// Cuts an image into square patches and maps each to a token, with a fixed position code added; the map is named `proj`.
public struct PatchEmbedding: Module {
    private let projection: Convolution2D
    private let patch: Int
    private let width: Int

    /// Registers the map.
    ///
    /// `width` must be a multiple of 4. The weight starts Xavier uniform as a matrix `[width, channels patch^2]`.
    public init(_ scope: ParameterScope, channels: Int, patch: Int, width: Int) {
        let start = Initializer.xavierUniform(fanIn: channels * patch * patch, fanOut: width)
        projection = Convolution2D(
            scope.scope("proj"),
            inputs: channels,
            outputs: width,
            kernel: patch,
            stride: patch,
            start: (start, .zeros)
        )
        self.patch = patch
        self.width = width
    }

    /// Maps `[B, H, W, C]` to tokens `[B, (H / patch) (W / patch), width]`, row by row.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let rows = x.shape[1] / patch
        let columns = x.shape[2] / patch
        let positions = Tensor(sinusoidalPositions(rows: rows, columns: columns, width: width))
        context.tap("pos_embed", positions)
        return projection(x, context).reshaped([x.shape[0], rows * columns, width]) + positions
    }
}

/// A fixed code of the places of a grid, `[rows * columns, width]`, row by row.
///
/// The first half of the channels encodes the column, the second the row; each half is `[sin(p w), cos(p w)]` with
/// `w_k = 10000^(-4k / width)`. `width` must be a multiple of 4.
///
/// Source: Peebles and Xie 2022, arXiv:2212.09748, section 3.2, in the channel order of the authors' models.
public func sinusoidalPositions(rows: Int, columns: Int, width: Int) -> TensorData {
    precondition(width.isMultiple(of: 4), "position code of width \(width)")
    let quarter = width / 4
    let frequencies = (0..<quarter).map { pow(10000, -Double($0) / Double(quarter)) }
    func code(_ position: Int) -> [Float] {
        let angles = frequencies.map { Double(position) * $0 }
        return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
    }
    let byColumn = (0..<columns).map(code)
    var values: [Float] = []
    values.reserveCapacity(rows * columns * width)
    for row in 0..<rows {
        let byRow = code(row)
        for column in 0..<columns {
            values += byColumn[column]
            values += byRow
        }
    }
    return TensorData(values, shape: [rows * columns, width])
}
