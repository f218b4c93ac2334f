import Glibc

extension RandomStream {
    /// A standard normal number (Box and Muller 1958), in double precision.
    public mutating func normal() -> Double {
        let radius = 1 - uniform()
        return (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * uniform())
    }

    /// A standard logistic number.
    public mutating func logistic() -> Double {
        let value = max(uniform(), 0x1p-53)
        return log(value / (1 - value))
    }

    /// A standard normal number cut to `[-bound, bound]` by drawing again; `bound` is at least 0.5.
    public mutating func truncatedNormal(bound: Double) -> Double {
        precondition(bound >= 0.5, "bound \(bound) would reject nearly everything")
        while true {
            let value = normal()
            if abs(value) <= bound { return value }
        }
    }

    /// An integer in `0..<bound`, without bias; `bound` is at least 1.
    public mutating func integer(below bound: UInt64) -> UInt64 {
        UInt64.random(in: 0..<bound, using: &self)
    }
}
