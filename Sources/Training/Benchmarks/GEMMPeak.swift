import Buffers
import Tensors

/// What this machine reaches at large matrix products: the measure that other figures are shares of.
public enum GEMMPeak {
    /// Products that are bound by arithmetic alone: rows, columns and depth.
    private static let shapes = [(1536, 1536, 1536), (3072, 768, 1536)]

    /// The best rate of several large float32 products on the current backend, in GFLOP per second.
    ///
    /// It takes about `seconds`, and at least three products of each shape. Other work on the machine slows it down too: measure before and
    /// after what is compared with it, and take the larger.
    public static func measure(seconds: Double = 0.5) -> Double {
        let rates = shapes.map { m, n, k in
            let (a, b) = (Tensor.ones([m, k]), Tensor.ones([k, n]))
            let times = Repeat.times(seconds: seconds / Double(shapes.count), warmup: 1) { _ = a.matmul(b) }
            return 2e-9 * Double(m * n * k) / (times.min() ?? .infinity)
        }
        return rates.max() ?? 0
    }
}
