public import Buffers
public import Tensors

/// A learned vector for each class and one for no class.
///
/// Source of the null class: Ho and Salimans 2022, arXiv:2207.12598.
public struct ClassEmbedding: Sendable {
    private let table: Parameter
    private let classes: Int

    /// Registers the table `[rows, width]` under `name`; its last row stands for no class, so `rows` is more than `classes`.
    public init(
        _ scope: ParameterScope,
        name: String,
        classes: Int,
        rows: Int,
        width: Int,
        deviation: Double
    ) {
        precondition(rows > classes, "\(rows) rows for \(classes) classes and no class")
        table = scope.parameter(name, [rows, width], .normal(deviation: deviation), decay: false)
        self.classes = classes
    }

    /// The vectors of a batch, `[B, width]`; without labels every sample has no class.
    ///
    /// Labels are ``Buffers/Condition/dropped`` or in `0..<classes`.
    public func callAsFunction(_ condition: Condition, batch: Int, _ context: ForwardContext) -> Tensor {
        let labels = condition.labels ?? [Int](repeating: Condition.dropped, count: batch)
        precondition(labels.count == batch, "\(labels.count) labels for \(batch) samples")
        let rows = labels.map { label in
            guard label != Condition.dropped else { return table.shape[0] - 1 }
            precondition((0..<classes).contains(label), "label \(label) of \(classes) classes")
            return label
        }
        return context[table].embedding(rows)
    }
}
