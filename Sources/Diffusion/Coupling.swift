import Buffers
public import Configs
public import Tensors

/// Which noise goes with which training example.
///
/// A coupling pairs within one forward pass, a micro-batch. The images stay where they are, and so do their conditions
/// and ids; only the rows of the noise change places.
public protocol Coupling: Method {
    /// Whether the noise of a sample depends on which other samples are in its batch.
    var couplesSamples: Bool { get }

    /// For each image the row of `noise` that goes with it.
    ///
    /// `images` and `noise` have one shape, `[B, ...]`; `ids` are the sample ids. Random choices come from
    /// `RandomStream(seed, .coupling, id)` alone. The result has B entries in `0..<B`; every row of the noise is equally
    /// likely for an image taken alone.
    func partners(of images: Tensor, among noise: Tensor, ids: [UInt64], seed: UInt64) -> [Int]
}

extension Coupling {
    /// The rows of `noise` in the order in which they go with the images.
    func coupled(_ noise: Tensor, to images: Tensor, ids: [UInt64], seed: UInt64) -> Tensor {
        let rows = partners(of: images, among: noise, ids: ids, seed: seed)
        precondition(rows.count == ids.count, "\(rows.count) partners of \(ids.count) samples")
        guard rows != Array(0..<rows.count) else { return noise }
        return noise.reshaped([rows.count, noise.shape.count / rows.count]).embedding(rows).reshaped(noise.shape)
    }
}
