import Diffusion
import Tensors

/// The mean loss over samples, and that of its named parts.
struct MeanLoss {
    /// Sums over samples by name, with how many samples are in each.
    typealias Parts = [String: (sum: Double, count: Int)]

    /// The sum over the samples.
    private(set) var total = 0.0
    /// How many there are.
    private(set) var samples = 0
    private(set) var parts: Parts = [:]

    mutating func add(_ loss: Loss, samples count: Int) {
        total += Double(loss.total.item)
        samples += count
        for part in loss.parts { add(part.name, part.sum, part.count) }
    }

    mutating func add(_ other: MeanLoss) {
        total += other.total
        samples += other.samples
        for (name, part) in other.parts { add(name, part.sum, part.count) }
    }

    var value: Double { samples == 0 ? 0 : total / Double(samples) }

    var isFinite: Bool { total.isFinite }

    var means: [String: Double] { parts.compactMapValues { $0.count == 0 ? nil : $0.sum / Double($0.count) } }

    private mutating func add(_ name: String, _ sum: Double, _ count: Int) {
        let old = parts[name] ?? (0, 0)
        parts[name] = (old.sum + sum, old.count + count)
    }
}
