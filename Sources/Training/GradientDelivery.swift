import Buffers
import Communication

/// Hands a gradient to a mean while it is computed: a piece of it is scaled and delivered as soon as all of its numbers are final.
///
/// Whole pieces, because a network has many small parameters and a delivery has its cost.
struct GradientDelivery {
    /// The mean, for which everything must have been delivered before it is waited for.
    let open: any OpenMean
    private let gradients: FlatBuffer
    private let mean: FlatBuffer
    private let factor: Float
    private let piece: Int
    /// For each piece, how many of its numbers are not final.
    private var missing: [Int]

    /// Prepares the delivery of `factor * gradients` in `mean`, the buffer that `open` forms the mean of, in pieces of so many numbers.
    init(
        _ open: any OpenMean,
        of gradients: FlatBuffer,
        into mean: FlatBuffer,
        times factor: Float,
        piece: Int = 4096
    ) {
        self.open = open
        self.gradients = gradients
        self.mean = mean
        self.factor = factor
        self.piece = piece
        let count = gradients.count
        missing = stride(from: 0, to: count, by: piece).map { min(piece, count - $0) }
    }

    /// The gradients of a range are final; each is named at most once.
    mutating func becameFinal(_ range: Range<Int>) {
        guard let last = range.last else { return }
        var complete: Range<Int>?
        for index in range.lowerBound / piece...last / piece {
            let part = range.clamped(to: index * piece..<(index + 1) * piece)
            missing[index] -= part.count
            precondition(missing[index] >= 0, "gradients in \(range) are final for the second time")
            // Only the first and the last piece of a range can lack something: those between them are complete in a row.
            if missing[index] == 0 { complete = (complete?.lowerBound ?? index)..<index + 1 }
        }
        if let complete { deliver(complete) }
    }

    /// Delivers what never became final: gradients of parameters that the network did not use stay as they were accumulated.
    mutating func deliverRest() {
        var start = 0
        while let first = missing[start...].firstIndex(where: { $0 > 0 }) {
            let end = missing[first...].firstIndex(of: 0) ?? missing.endIndex
            deliver(first..<end)
            start = end
        }
        missing = missing.map { _ in 0 }
    }

    private func deliver(_ pieces: Range<Int>) {
        let range = pieces.lowerBound * piece..<min(pieces.upperBound * piece, gradients.count)
        mean.copy(range, of: gradients, times: factor)
        open.deliver(range)
    }
}
