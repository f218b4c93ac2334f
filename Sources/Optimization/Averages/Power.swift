public import Configs
import RealModule

/// An average over all past steps whose weight grows as a power of time, so that its width stays a fixed part of the run so far.
///
/// `decay = (1 - batch / s)^(gamma + 1)` after s samples. `gamma` follows from `width`, the standard deviation of the profile relative to
/// s: `width^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3))`.
///
/// Source: Karras et al. 2023, arXiv:2312.02696, section 3.1 and appendix C.
public struct Power: WeightAverage {
    /// The word in run files.
    public static let name = "power"
    /// Where the average is described.
    public static let reference = Reference(
        title: "Analyzing and Improving the Training Dynamics of Diffusion Models",
        year: 2023,
        link: "arXiv:2312.02696",
        equations: "section 3.1, appendix C"
    )

    /// The largest width that has an exponent of at least 0.
    public static let maximumWidth = 0.28

    /// The standard deviation of the profile relative to the length of the run so far, in `[0.001, 0.28]`.
    public var width = 0.1

    /// The average with its default.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            width >= 0.001 && width <= Self.maximumWidth,
            "width",
            found: width,
            expected: "from 0.001 to \(Self.maximumWidth)"
        )
    }

    /// The exponent of the profile: the largest root of `g^3 + 7 g^2 + (16 - w^-2) g + 12 - w^-2`.
    public var exponent: Double {
        let inverse = 1 / (width * width)
        // Newton's method from the right of the largest root, where the cubic is convex: it falls until rounding stops it.
        var root = 1 / width
        while true {
            let value = ((root + 7) * root + 16 - inverse) * root + 12 - inverse
            let slope = (3 * root + 14) * root + 16 - inverse
            let next = root - value / slope
            guard next < root else { return root }
            root = next
        }
    }

    /// The decay of one step; 0 at the first.
    public func decay(at progress: Progress, batch: Int) -> Double {
        guard progress.samples > UInt64(batch) else { return 0 }
        return Double.pow(1 - Double(batch) / Double(progress.samples), exponent + 1)
    }

    /// Never.
    public func copiesBack(from previous: UInt64, to samples: UInt64, of progress: Progress) -> Bool { false }
}
