import Foundation

extension BenchmarkLine {
    /// The measurement for people: a line, and the table of a step if it was profiled.
    public var text: String {
        let settings = config.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        var words = ["\(name)  \(settings)", "median \(milliseconds(median)) ms", "n=\(n)"]
        if let imagesPerS { words.append("\(rounded(imagesPerS)) images/s") }
        if let gflops { words.append("\(rounded(gflops)) GFLOP/s") }
        if let shareOfPeak { words.append("\(Int((100 * shareOfPeak).rounded())) % of GEMM peak") }
        if let firstStepS { words.append("first step \(milliseconds(firstStepS)) ms") }
        return ([words.joined(separator: "  ")] + (profile?.table ?? [])).joined(separator: "\n")
    }

    private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }

    // Large rates as whole numbers, small ones with two digits after the point.
    private func rounded(_ rate: Double) -> String { rate < 10 ? fixed(rate, digits: 2) : fixed(rate, digits: 0) }
}

extension StepProfile {
    /// Lines of a table with columns of equal width.
    fileprivate var table: [String] {
        let total = parts.reduce(0) { $0 + $1.seconds }
        func row(_ name: String, _ milliseconds: String, _ share: String) -> String {
            "  " + name.padding(toLength: 12, withPad: " ", startingAt: 0) + right(milliseconds, 10) + right(share, 8)
        }
        let rows = (parts + [("step", total)]).map { name, seconds in
            row(name, fixed(1000 * seconds, digits: 2), fixed(100 * seconds / max(total, 1e-12), digits: 1) + " %")
        }
        return [row("part", "mean ms", "share")] + rows
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}

/// A number with so many digits after the point.
private func fixed(_ value: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", value)
}
