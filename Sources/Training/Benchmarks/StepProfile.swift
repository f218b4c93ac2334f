import Tensors

/// Where the time of one step went, in seconds: the means of all measured steps, which add up to the mean step.
public struct StepProfile: Encodable, Sendable {
    /// Matrix products and convolutions.
    public var products: Double
    /// Attention and softmax.
    public var attention: Double
    /// Group and layer norms.
    public var norm: Double
    /// Maps, sums, copies and changes of resolution.
    public var elementwise: Double
    /// The optimiser, the average and the scaling of gradients.
    public var optimizer: Double
    /// Noise levels and noise.
    public var data: Double
    /// The tape, taking memory, waiting.
    public var other: Double

    /// The means of times that were taken over `steps` steps.
    init(_ times: WorkTimes, steps: Int) {
        func mean(_ kind: WorkKind) -> Double { times[kind] / Double(steps) }
        products = mean(.products)
        attention = mean(.attention)
        norm = mean(.norm)
        elementwise = mean(.elementwise)
        optimizer = mean(.optimizer)
        data = mean(.data)
        other = mean(.other)
    }

    /// All parts with their names, in a fixed order.
    var parts: [(name: String, seconds: Double)] {
        [
            ("products", products), ("attention", attention), ("norm", norm), ("elementwise", elementwise),
            ("optimizer", optimizer), ("data", data), ("other", other),
        ]
    }
}
