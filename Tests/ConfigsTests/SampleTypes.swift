import Configs

/// A slot with two methods, as a room would declare it.
protocol Weighting: Method {
    func weight(_ ratio: Double) -> Double
}

struct MinSNR: Weighting, Equatable {
    static let name = "min-snr"
    static let reference = Reference(title: "Min-SNR", year: 2023, link: "arXiv:2303.09556", equations: "equation 7")

    var gamma = 5.0
    var warmupLength = SampleCount(65536)

    func weight(_ ratio: Double) -> Double { min(ratio, gamma) / ratio }

    func validate() throws(ConfigError) {
        try ConfigError.require(gamma > 0, "gamma", found: gamma, expected: "more than 0")
    }
}

struct Uniform: Weighting, Equatable {
    static let name = "uniform"
    static let reference = Reference(title: "None", year: 2020, link: "none")

    func weight(_ ratio: Double) -> Double { 1 }

    func validate() throws(ConfigError) {}
}

/// A method that holds another one of its own slot.
struct Scaled: Weighting {
    static let name = "scaled"
    static let reference = Reference(title: "None", year: 2020, link: "none")

    var factor: Float = 0.1
    @Choice<Weightings> var inner: any Weighting = MinSNR(gamma: 3)

    func weight(_ ratio: Double) -> Double { Double(factor) * inner.weight(ratio) }

    func validate() throws(ConfigError) {}
}

enum Weightings: MethodSlot {
    typealias Base = any Weighting
    static let name = "weighting"
    static let methods: [any Method.Type] = [MinSNR.self, Scaled.self, Uniform.self]
}

struct ImageSection: Configurable, Equatable {
    var width = 32
    var height = 32

    func validate() throws(ConfigError) {
        if width * height > 1_000_000 {
            throw .conflict("width", "height", because: "the image would have more than a million pixels")
        }
    }
}

enum Colour: String, Codable, CaseIterable {
    case grey
    case trueColour = "true-colour"
}

/// A root with one property of every kind.
struct Recipe: Configurable {
    var name = "untitled"
    var seed: UInt64 = 42
    var rate: Float = 3e-4
    var limit = Double.infinity
    var isFinal = false
    var length: SampleCount = 1_048_576
    var memory: ByteCount = 67_108_864
    var patience: Seconds = 30
    var image = ImageSection(width: 64, height: 48)
    var crop: ImageSection?
    var note: String?
    var sizes = [1, 2, 3]
    var labels: [String: Int] = ["nightSky": 2, "day": 1]
    var colour = Colour.grey
    @Choice<Weightings> var weighting: any Weighting = Uniform()
    @OptionalChoice<Weightings> var auxiliary: (any Weighting)?
    @ChoiceList<Weightings> var averages: [any Weighting] = []

    func validate() throws(ConfigError) {
        try ConfigError.require(rate > 0, "rate", found: rate, expected: "more than 0")
    }
}

func decode(_ text: String) throws(ConfigError) -> Recipe {
    try ConfigDecoder.decode(Recipe.self, from: text, file: "a.yaml")
}

/// The message with which a text is refused, or nil if it is accepted.
func refusal(_ text: String) -> String? {
    do throws(ConfigError) {
        _ = try decode(text)
        return nil
    } catch {
        return error.description
    }
}
