import Buffers

extension Tensor {
    /// The mean of `(a - b)^2` over all elements, of shape `[]`.
    public static func meanSquaredError(_ a: Tensor, _ b: Tensor) -> Tensor {
        (a - b).squared().mean()
    }

    /// The mean of `|a - b|` over all elements, of shape `[]`.
    public static func absoluteError(_ a: Tensor, _ b: Tensor) -> Tensor {
        (a - b).abs().mean()
    }

    /// The mean cross-entropy of logits `[N, K]` against class labels, of shape `[]`.
    ///
    /// With `smoothing` s the target is `1 - s` at the label plus `s / K` everywhere (Szegedy et al., arXiv:1512.00567).
    public static func crossEntropy(_ logits: Tensor, labels: [Int], smoothing: Float = 0) -> Tensor {
        precondition(
            logits.shape.rank == 2 && logits.shape[0] == labels.count,
            "\(labels.count) labels for \(logits.shape)"
        )
        let classes = logits.shape[1]
        var target = [Float](repeating: smoothing / Float(classes), count: logits.shape.count)
        for (row, label) in labels.enumerated() {
            precondition(label >= 0 && label < classes, "label \(label) of \(classes) classes")
            target[row * classes + label] += 1 - smoothing
        }
        return (logits.logSoftmax() * Tensor(target, logits.shape)).sum() * (-1 / Float(max(1, labels.count)))
    }
}
