import Buffers
public import Configs
public import Tensors

/// Each image draws its noise from the entropic plan of transport of its micro-batch.
///
/// The plan minimises the squared distances plus `regularization` times the plan's negative entropy: towards 0 it is
/// `optimal-transport`, towards infinity `independent` with replacement. For the Schrödinger bridge of deviation `s` the
/// regularization is `2 s^2`. A noise may go with several images, and another with none; every image is used once.
///
/// Source: Tong et al. 2024, section 3 (SB-CFM); Cuturi 2013, arXiv:1306.0895, algorithm 1.
public struct EntropicCoupling: Coupling {
    /// `entropic`.
    public static let name = "entropic"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport",
        year: 2024,
        link: "arXiv:2302.00482",
        equations: "section 3"
    )

    /// The weight of the entropy, in squared distance, more than 0.
    public var regularization = 2.0
    /// How often rows and columns are scaled at most, at least 1.
    public var iterations = 200
    /// The relative error of the images' shares at which scaling ends, more than 0.
    public var tolerance = 1e-3

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            regularization > 0 && regularization.isFinite,
            "regularization",
            found: regularization,
            expected: "a number above 0"
        )
        try ConfigError.require(
            (1...100_000).contains(iterations),
            "iterations",
            found: iterations,
            expected: "a whole number from 1 to 100000"
        )
        try ConfigError.require(
            tolerance > 0 && tolerance < 1,
            "tolerance",
            found: tolerance,
            expected: "a number above 0, below 1"
        )
    }

    /// Yes.
    public var couplesSamples: Bool { true }

    /// A draw from each image's row of the plan, by the image's own random number.
    public func partners(of images: Tensor, among noise: Tensor, ids: [UInt64], seed: UInt64) -> [Int] {
        let plan = TransportPlan(
            transportCosts(images, noise),
            count: ids.count,
            regularization: regularization,
            iterations: iterations,
            tolerance: tolerance
        )
        return ids.enumerated().map { row, id in
            var random = RandomStream(seed: seed, purpose: .coupling, index: id)
            return plan.column(ofRow: row, at: random.uniform())
        }
    }
}
