import Buffers

/// Scales an image and cuts its middle out so that it fills another size.
///
/// The image is scaled, with its proportions kept, until it just covers the target; what hangs over is cut off evenly.
/// Each axis is filtered with a triangle as wide as two pixels of the coarser of the two grids, so that shrinking
/// averages and enlarging interpolates linearly. Weights that fall outside the image are left out and the rest
/// rescaled.
struct Resampling {
    private let source: (height: Int, width: Int)
    private let target: (height: Int, width: Int)
    private let rows: [Window]
    private let columns: [Window]

    /// The source pixels that make one target pixel along an axis, and their weights, which sum to 1.
    private struct Window {
        let start: Int
        let weights: [Float]
    }

    init(from source: (height: Int, width: Int), to target: (height: Int, width: Int)) {
        self.source = source
        self.target = target
        // Source pixels per target pixel: the smaller ratio is the one at which the image covers the target.
        let ratio = min(
            Double(source.height) / Double(target.height),
            Double(source.width) / Double(target.width)
        )
        rows = Resampling.windows(from: source.height, to: target.height, ratio: ratio)
        columns = Resampling.windows(from: source.width, to: target.width, ratio: ratio)
    }

    /// The target image of `[height, width, channels]` values.
    func callAsFunction(_ values: [Float], channels: Int) -> [Float] {
        guard source != target else { return values }
        var across = [Float](repeating: 0, count: source.height * target.width * channels)
        for y in 0..<source.height {
            for (x, window) in columns.enumerated() {
                let out = (y * target.width + x) * channels
                for (k, weight) in window.weights.enumerated() {
                    let from = (y * source.width + window.start + k) * channels
                    for c in 0..<channels { across[out + c] += weight * values[from + c] }
                }
            }
        }
        let length = target.width * channels
        var result = [Float](repeating: 0, count: target.height * length)
        for (y, window) in rows.enumerated() {
            for (k, weight) in window.weights.enumerated() {
                let from = (window.start + k) * length
                for i in 0..<length { result[y * length + i] += weight * across[from + i] }
            }
        }
        return result
    }

    private static func windows(from source: Int, to target: Int, ratio: Double) -> [Window] {
        let margin = (Double(source) - Double(target) * ratio) / 2
        let radius = max(1, ratio)
        return (0..<target).map { index in
            let center = margin + (Double(index) + 0.5) * ratio
            let first = max(0, Int((center - radius - 0.5).rounded(.up)))
            let last = min(source - 1, Int((center + radius - 0.5).rounded(.down)))
            let weights = (first...max(first, last)).map { max(0, 1 - abs(Double($0) + 0.5 - center) / radius) }
            let sum = weights.reduce(0, +)
            return Window(start: first, weights: weights.map { Float(sum > 0 ? $0 / sum : 1 / Double(weights.count)) })
        }
    }
}
