import Buffers
import Configs
import Diffusion
import Networks
import Tensors

/// What a step of a workload makes smaller: the sum over the samples of a batch.
protocol WorkloadLoss {
    /// Runs the network on a batch in a forward pass.
    func total(_ batch: Batch, _ forward: ForwardContext, at progress: Progress) -> Tensor
}

/// The error of the noise that a denoiser finds in noised images.
struct DenoisingLoss: WorkloadLoss {
    private let model: any Denoiser
    private let objective: Denoising

    init(_ model: any Denoiser) {
        self.model = model
        var objective = Denoising()
        objective.schedule = LinearSchedule()
        objective.prediction = NoisePrediction()
        objective.time = UniformTime()
        self.objective = objective
    }

    func total(_ batch: Batch, _ forward: ForwardContext, at progress: Progress) -> Tensor {
        objective.loss(model, batch, ObjectiveContext(forward: forward, progress: progress, seed: 0)).total
    }
}

/// The mean squared error of decoded images, and a millionth of the mean divergence of their latents from the standard normal distribution.
struct ReconstructionLoss: WorkloadLoss {
    let model: Autoencoder

    func total(_ batch: Batch, _ forward: ForwardContext, at progress: Progress) -> Tensor {
        let images = Tensor(batch.images)
        let distribution = model.encode(images, forward)
        var noise = SampleNoise(batch.sampleIDs.map { RandomStream(seed: 0, purpose: .noise, index: $0) })
        let decoded = model.decode(distribution.sample(noise.normal(distribution.mean.shape)), forward)
        let errors = (decoded - images).squared().mean([1, 2, 3])
        let latentCount = Float(distribution.mean.shape.removing(axis: 0).count)
        return (errors + distribution.divergence() * (1e-6 / latentCount)).sum()
    }
}
