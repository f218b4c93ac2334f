public import Buffers
public import Configs

/// Mirrors an image left to right with a given probability.
///
/// `y[h, w, c] = x[h, W - 1 - w, c]`. Right for photographs; wrong for letters and digits, whose mirror image is
/// another thing.
public struct HorizontalFlip: Augmentation {
    /// The name in a run file.
    public static let name = "horizontal-flip"
    /// Where it comes from.
    public static let reference = Reference(
        title: "ImageNet classification with deep convolutional neural networks",
        year: 2012,
        link: "https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html",
        equations: "section 4.1"
    )

    /// The share of examples that are mirrored, in `[0, 1]`.
    public var probability = 0.5

    /// Mirrors half of the examples.
    public init() {}

    /// Refuses a probability outside `[0, 1]`.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (0...1).contains(probability),
            "probability",
            found: probability,
            expected: "a number from 0 to 1"
        )
    }

    /// Draws one number and mirrors the image if it is below the probability.
    public func apply(_ example: inout Example, using random: inout RandomStream) {
        guard random.uniform() < probability else { return }
        let (height, width, channels) = (example.shape[0], example.shape[1], example.shape[2])
        for row in 0..<height {
            for column in 0..<width / 2 {
                let left = (row * width + column) * channels
                let right = (row * width + width - 1 - column) * channels
                for channel in 0..<channels {
                    example.values.swapAt(left + channel, right + channel)
                }
            }
        }
    }
}
