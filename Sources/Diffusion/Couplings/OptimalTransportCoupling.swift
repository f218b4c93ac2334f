public import Configs
public import Tensors

/// Images and noise of a micro-batch are paired so that the sum of their squared distances is least.
///
/// Paths between pairs then hardly cross, the target of the network varies less at a given place, and fewer sampling
/// steps do. The pairing is the assignment itself, not a draw from it, so that every image and every noise is used
/// once. Distances are computed in float32.
///
/// Source: Tong et al. 2024, section 3 (OT-CFM); Pooladian et al. 2023, arXiv:2304.14772.
public struct OptimalTransportCoupling: Coupling {
    /// `optimal-transport`.
    public static let name = "optimal-transport"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport",
        year: 2024,
        link: "arXiv:2302.00482",
        equations: "section 3"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// Yes.
    public var couplesSamples: Bool { true }

    /// The assignment of least cost.
    public func partners(of images: Tensor, among noise: Tensor, ids: [UInt64], seed: UInt64) -> [Int] {
        Assignment.columns(transportCosts(images, noise), count: ids.count)
    }
}
