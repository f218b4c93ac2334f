public import Configs
public import Tensors

/// Each training example has the noise of its own stream, whatever else is in the batch.
///
/// Source: Ho et al. 2020, algorithm 1; as a coupling in Tong et al. 2024, section 3.2.2.
public struct IndependentCoupling: Coupling {
    /// `independent`.
    public static let name = "independent"
    /// The paper that names it.
    public static let reference = Reference(
        title: "Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport",
        year: 2024,
        link: "arXiv:2302.00482",
        equations: "section 3.2.2"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// No.
    public var couplesSamples: Bool { false }

    /// Every row with its own.
    public func partners(of images: Tensor, among noise: Tensor, ids: [UInt64], seed: UInt64) -> [Int] {
        Array(0..<ids.count)
    }
}
