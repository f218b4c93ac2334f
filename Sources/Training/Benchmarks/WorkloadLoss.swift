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
        self.model = DenoiserSection(model: model)
        var objective = Denoising()
        objective.schedule = LinearSchedule()
        objective.prediction = NoisePrediction()
        objective.time = UniformTime()
        self.objective = objective
    }

    func total(_ batch: Batch, _ forward: ForwardContext, at progress: Progress) -> Tensor {
        Compute.section(.data) {
            objective.loss(model, batch, ObjectiveContext(forward: forward, progress: progress, seed: 0)).total
        }
    }
}

/// A network whose own time is told from that of the noise that an objective makes for it.
private struct DenoiserSection: Denoiser {
    let model: any Denoiser

    var inputChannels: Int { model.inputChannels }

    var outputChannels: Int { model.outputChannels }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        Compute.section(.other) { model(x, noiseLabel: noiseLabel, condition: condition, context) }
    }
}

/// The mean squared error of decoded images, and a millionth of the mean divergence of their latents from the standard normal distribution.
struct ReconstructionLoss: WorkloadLoss {
    let model: Autoencoder

    func total(_ batch: Batch, _ forward: ForwardContext, at progress: Progress) -> Tensor {
        let images = Tensor(batch.images)
        let distribution = model.encode(images, forward)
        let noise = Compute.section(.data) {
            var streams = SampleNoise(batch.sampleIDs.map { RandomStream(seed: 0, purpose: .noise, index: $0) })
            return streams.normal(distribution.mean.shape)
        }
        let decoded = model.decode(distribution.sample(noise), forward)
        let errors = (decoded - images).squared().mean([1, 2, 3])
        let latentCount = Float(distribution.mean.shape.removing(axis: 0).count)
        return (errors + distribution.divergence() * (1e-6 / latentCount)).sum()
    }
}
