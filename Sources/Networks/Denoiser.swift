public import Buffers
public import Tensors

/// A network of a diffusion model: a noised image, its noise level and its condition in, an image of the same size out.
///
/// What the output stands for is the business of the prediction, not of the network.
public protocol Denoiser: Sendable {
    /// Channels of the input, including channels that are only conditions.
    var inputChannels: Int { get }

    /// Channels of the output; more than those of the image if the model also answers a variance.
    var outputChannels: Int { get }

    /// Computes the output of a batch.
    ///
    /// `x` is `[B, H, W, inputChannels]`, already scaled for the network; `noiseLabel` is `[B]`, in the units that the prediction gives. The
    /// result is `[B, H, W, outputChannels]`. A label ``Buffers/Condition/dropped`` stands for no class.
    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor
}
