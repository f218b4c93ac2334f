/// A small seeded generator for tests (SplitMix64), with the draws that tests need.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// The seed it was made from, for messages.
    public let seed: UInt64
    private var state: UInt64

    /// Creates the generator of a seed; equal seeds give equal draws.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A whole number of a range.
    public mutating func int(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// A number of `[low, high)`.
    public mutating func double(_ low: Double = 0, _ high: Double = 1) -> Double {
        low + (high - low) * (Double(next() >> 11) * 0x1p-53)
    }

    /// Numbers of `[low, high)`.
    public mutating func floats(_ count: Int, _ low: Float = -1, _ high: Float = 1) -> [Float] {
        (0..<count).map { _ in Float(double(Double(low), Double(high))) }
    }

    /// True with a probability.
    public mutating func chance(_ probability: Double) -> Bool {
        double() < probability
    }

    /// Random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 56) }
    }

    /// One element of a collection that is not empty.
    public mutating func element<Element>(_ items: [Element]) -> Element {
        items[int(0...(items.count - 1))]
    }
}
