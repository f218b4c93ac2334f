import Buffers
public import Tensors

/// Sets elements to zero with a probability in training and scales the others up, so that the mean stays.
///
/// Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
public struct Dropout: Module {
    private let rate: Float

    /// Drops with a probability in `[0, 1)`.
    public init(rate: Double) {
        precondition(rate >= 0 && rate < 1, "dropout rate \(rate)")
        self.rate = Float(rate)
    }

    /// Drops elements of `[B, ...]`; each sample draws from its own stream if the context has one a sample.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        guard context.isTraining, rate > 0 else { return x }
        guard !context.sampleRandoms.isEmpty else { return x.dropout(rate, using: &context.random) }
        precondition(context.sampleRandoms.count == x.shape[0], "\(context.sampleRandoms.count) streams, \(x.shape)")
        let samples = (0..<x.shape[0]).map { index in
            x.slice(axis: 0, index..<index + 1).dropout(rate, using: &context.sampleRandoms[index])
        }
        return Tensor.concatenate(samples, axis: 0)
    }
}
