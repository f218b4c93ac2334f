import Glibc

/// The greatest distance between the distribution of some numbers and the standard normal one (Kolmogorov and Smirnov).
enum NormalityTest {
    static func distance(_ values: [Double]) -> Double {
        let count = Double(values.count)
        return values.sorted().enumerated().reduce(0.0) { greatest, place in
            let expected = erfc(-place.element / 2.0.squareRoot()) / 2
            let (below, above) = (Double(place.offset) / count, Double(place.offset + 1) / count)
            return max(greatest, max(abs(expected - below), abs(expected - above)))
        }
    }
}
