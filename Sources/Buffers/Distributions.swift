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

    /// A gamma number of scale 1.
    ///
    /// `shape` is more than 0. It is half a chi-square number of `2 shape` degrees of freedom.
    ///
    /// Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables", section 3 and, for shapes
    /// below 1, section 6.
    public mutating func gamma(shape: Double) -> Double {
        precondition(shape > 0, "a gamma number of shape \(shape)")
        guard shape >= 1 else { return gamma(shape: shape + 1) * pow(1 - uniform(), 1 / shape) }
        let centre = shape - 1.0 / 3
        let width = 1 / (9 * centre).squareRoot()
        while true {
            let place = normal()
            let root = 1 + width * place
            guard root > 0 else { continue }
            let cube = root * root * root
            if log(1 - uniform()) < place * place / 2 + centre * (1 - cube + log(cube)) { return centre * cube }
        }
    }

    /// An integer in `0..<bound`, without bias; `bound` is at least 1.
    public mutating func integer(below bound: UInt64) -> UInt64 {
        UInt64.random(in: 0..<bound, using: &self)
    }
}
