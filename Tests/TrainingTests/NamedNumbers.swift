import Buffers

/// Numbers that anyone computes to the same bits from a name and an index, as `Tests/Goldens/make_loss_curve.py` does.
struct NamedNumbers {
    private let seed: UInt64
    /// Brings the sum of four numbers below 65536 to variance 1.
    private static let unit = Float(3.0.squareRoot() / 65536)

    /// The numbers of a name, whose hash (FNV-1a) is the seed.
    init(_ name: String) {
        seed = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Output `index` of SplitMix64.
    func bits(_ index: Int) -> UInt64 {
        var z = seed &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// About normal, of mean 0 and variance 1: a sum of four integers, so that one product is the only rounding.
    func normal(_ index: Int) -> Float {
        let bits = bits(index)
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return Float(Int(sum) - 131_070) * Self.unit
    }

    /// The value that a parameter starts with in the loss curve.
    static func startingValue(_ parameter: ParameterSpec) -> [Float] {
        let numbers = NamedNumbers(parameter.name)
        let (count, isVector) = (parameter.shape.count, parameter.shape.rank == 1)
        let mean: Float = isVector && parameter.name.contains("norm") && parameter.name.hasSuffix("weight") ? 1 : 0
        let deviation = isVector ? 0.2 : Float(1 / Double(count / parameter.shape[0]).squareRoot())
        return (0..<count).map { mean + deviation * numbers.normal($0) }
    }
}
