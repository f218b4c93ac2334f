import Buffers
import Tensors

/// The noise level at which one sample is trained.
struct TrainedLevel {
    let t: Double
    let alpha: Double
    let sigma: Double
    let around: Preconditioning
    let weight: Double
}

/// The network's input and target for a batch of images, each with its own noise level.
struct NoisedBatch {
    /// `[B, H, W, C]`, scaled for the network.
    let input: Tensor
    /// What the network should answer, `[B, H, W, C]`.
    let target: Tensor

    /// A batch that was noised before.
    init(input: Tensor, target: Tensor) {
        self.input = input
        self.target = target
    }

    /// Noises images; a sample's noise depends only on the seed and its id, unless the coupling exchanges it.
    init(
        _ images: TensorData,
        ids: [UInt64],
        _ levels: [TrainedLevel],
        seed: UInt64,
        law: any NoiseLaw = WhiteNoise(),
        _ coupling: any Coupling = IndependentCoupling()
    ) {
        let clean = Tensor(images)
        var streams = SampleNoise(ids.map { RandomStream(seed: seed, purpose: .noise, index: $0) })
        let noise = coupling.coupled(streams.draw(law, images.shape), to: clean, ids: ids, seed: seed)
        let rank = images.shape.rank
        input =
            clean * column(levels.map { $0.around.inputScale * $0.alpha }, rank: rank)
            + noise * column(levels.map { $0.around.inputScale * $0.sigma }, rank: rank)
        target =
            clean * column(levels.map(\.around.targetData), rank: rank)
            + noise * column(levels.map(\.around.targetNoise), rank: rank)
    }
}

/// One number a sample, `[B, 1, ..., 1]` of a rank, to be multiplied with a batch.
func column(_ values: [Double], rank: Int) -> Tensor {
    Tensor(values.map { Float($0) }, Shape([values.count] + Array(repeating: 1, count: rank - 1)))
}
