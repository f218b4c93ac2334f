import Buffers
import Configs
import Foundation
import Networks
import Tensors
import Testing

@testable import Training

@Suite("Workloads")
struct WorkloadTests {
    @Test("have the number of parameters of the networks they stand for")
    func counts() throws {
        for (name, count) in ["unet-medium": 35_746_307, "vae": 13_859_495] {
            let workload = try #require(Workload.all.first { $0.name == name })
            let scope = ParameterScope()
            _ = try workload.network.loss(scope, image: workload.image, classes: workload.classes)
            #expect(scope.layout.count == count, "\(name)")
        }
        #expect(Set(Workload.all.map(\.name)).count == Workload.all.count)
    }

    @Test("train an autoencoder on the error of its images and a millionth of the divergence of its latents")
    func reconstruction() throws {
        var definition = AutoencoderKL()
        definition.blockOutChannels = [8, 8, 16]
        definition.layersPerBlock = 1
        let scope = ParameterScope()
        let network = WorkloadNetwork.autoencoder(definition)
        let loss = try network.loss(scope, image: [16, 16, 3], classes: 0)
        var values = scope.initialize(seed: 0).floats
        // Variances of about e^15 make the divergence as large as the error, so that its factor shows.
        let bias = try #require(scope.layout["quant_conv.bias"])
        values.replaceSubrange(bias.range, with: [0, 0, 0, 0, 15, 15, 15, 15])
        let parameters = FlatBuffer(values)
        var random = RandomStream(seed: 0, purpose: .augmentation, index: 0)
        let images = random.normal([2, 16, 16, 3])
        let batch = Batch(images: images, condition: Condition(), sampleIDs: [4, 7])
        func context() -> ForwardContext {
            let random = RandomStream(seed: 0, purpose: .dropout, index: 0)
            return ForwardContext(parameters: parameters, tape: nil, isTraining: true, random: random)
        }
        let found = loss.total(batch, context(), at: Progress(plannedSamples: 1)).item

        let model = try definition.build(ParameterScope(), image: [16, 16, 3])
        let distribution = model.encode(Tensor(images), context())
        let noise = batch.sampleIDs.flatMap { id in
            var random = RandomStream(seed: 0, purpose: .noise, index: id)
            return random.normal([4, 4, 4]).floats
        }
        let latent = distribution.sample(Tensor(noise, [2, 4, 4, 4]))
        let decoded = model.decode(latent, context()).floats
        var error = 0.0
        for (pixel, expected) in zip(decoded, images.floats) {
            let difference = Double(pixel) - Double(expected)
            error += difference * difference / (16 * 16 * 3)
        }
        var divergence = 0.0
        for (mean, logVariance) in zip(distribution.mean.floats, distribution.logVariance.floats) {
            let (m, v) = (Double(mean), Double(logVariance))
            divergence += (m * m + exp(v) - 1 - v) / 2 / (4 * 4 * 4)
        }
        #expect(1e-6 * divergence > error / 10)
        #expect(abs(Double(found) - (error + 1e-6 * divergence)) < 1e-5 * error)
    }
}
