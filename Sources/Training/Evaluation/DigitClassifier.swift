import Buffers
import FoundationEssentials
import TensorFiles

/// A small network that tells digits, trained apart from every run; what it says of generated digits is what they are
/// judged by.
///
/// 64-64-32-10 units with ReLU on `level / 8 - 1`, trained by `Tests/Goldens/make_digit_classifier.py` on the first
/// 1,500 digits with Gaussian noise of deviation 0.1. The 32 units before the last layer are the features of the
/// Fréchet distance.
public struct DigitClassifier: Sendable {
    /// What the classifier found in a set of images.
    public struct Judgement: Sendable {
        /// The most likely digit of each image, 0...9.
        public var labels: [Int]
        /// The 32 features of each image, one image after another.
        public var features: [Float]
    }

    /// The number of values of an image, 8x8x1.
    public static let imageSize = 64
    /// The number of features of an image.
    public static let featureCount = 32
    /// The number of classes.
    public static let classCount = 10

    /// The SHA-256 of the weights' file in hexadecimal.
    public static let digest = Digest(of: file).description
    /// The name that reports give with every number that this network made: `digits-mlp:` and the start of the digest.
    public static let featureNet = "digits-mlp:\(digest.prefix(8))"

    /// The network with the weights that this program carries.
    public static let embedded = DigitClassifier()

    /// The safetensors file of the weights.
    static let file: [UInt8] = {
        guard let bytes = Data(base64Encoded: DigitClassifierWeights.base64, options: .ignoreUnknownCharacters) else {
            preconditionFailure("the digit classifier of this program is damaged")
        }
        return [UInt8](bytes)
    }()

    private let layers: [Layer]

    private struct Layer: Sendable {
        let inputs: Int
        let outputs: Int
        let weight: [Float]
        let bias: [Float]

        func callAsFunction(_ x: ArraySlice<Float>) -> [Float] {
            (0..<outputs).map { output in
                var sum = bias[output]
                for input in 0..<inputs { sum += weight[output * inputs + input] * x[x.startIndex + input] }
                return sum
            }
        }
    }

    private init() {
        do {
            let reader = try SafetensorsReader(bytes: DigitClassifier.file, name: "digit classifier")
            layers = try [
                DigitClassifier.layer(reader, "hidden.0", DigitClassifier.imageSize, 64),
                DigitClassifier.layer(reader, "hidden.1", 64, DigitClassifier.featureCount),
                DigitClassifier.layer(reader, "output", DigitClassifier.featureCount, DigitClassifier.classCount),
            ]
        } catch {
            preconditionFailure("the digit classifier of this program is damaged: \(error)")
        }
    }

    /// Judges images that stand one after another: 64 values in `[-1, 1]` each.
    public func callAsFunction(_ images: [Float]) -> Judgement {
        let size = DigitClassifier.imageSize
        precondition(images.count % size == 0, "\(images.count) values for images of \(size)")
        var result = Judgement(labels: [], features: [])
        for start in stride(from: 0, to: images.count, by: size) {
            let hidden = layers[0](images[start..<start + size]).map { max(0, $0) }
            let features = layers[1](hidden[...]).map { max(0, $0) }
            let logits = layers[2](features[...])
            result.features += features
            result.labels.append(logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 })
        }
        return result
    }

    /// The scores of the classes before the softmax, for one image.
    func logits(_ image: [Float]) -> [Float] {
        let hidden = layers[0](image[...]).map { max(0, $0) }
        return layers[2](layers[1](hidden[...]).map { max(0, $0) }[...])
    }

    private static func layer(
        _ reader: SafetensorsReader,
        _ name: String,
        _ inputs: Int,
        _ outputs: Int
    ) throws(TensorFileError) -> Layer {
        let weight = try reader.tensor("\(name).weight")
        let bias = try reader.tensor("\(name).bias")
        precondition(
            weight.shape == [outputs, inputs] && bias.shape == [outputs],
            "\(name): \(weight.shape), \(bias.shape)"
        )
        return Layer(inputs: inputs, outputs: outputs, weight: weight.floats, bias: bias.floats)
    }
}
