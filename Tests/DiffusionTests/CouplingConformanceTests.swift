import Buffers
import Configs
import Tensors
import TestSupport
import Testing

@testable import Diffusion

/// Images that are not centred, and noise for them.
struct CoupledData {
    let images: Tensor
    let noise: Tensor
    let ids: [UInt64]

    init(count: Int, width: Int = 5, seed: UInt64 = 3) {
        var random = SeededGenerator(seed: seed)
        images = Tensor(random.floats(count * width, -0.5, 1), Shape([count, width, 1, 1]))
        ids = (0..<UInt64(count)).map { 100 * seed + $0 }
        var streams = SampleNoise(ids.map { RandomStream(seed: seed, purpose: .noise, index: $0) })
        noise = streams.normal(images.shape)
    }

    init(images: [[Float]], noise: [[Float]]) {
        let shape = Shape([images.count, images[0].count, 1, 1])
        self.images = Tensor(images.flatMap { $0 }, shape)
        self.noise = Tensor(noise.flatMap { $0 }, shape)
        ids = Array(0..<UInt64(images.count))
    }

    func partners(_ coupling: any Coupling, seed: UInt64 = 1) -> [Int] {
        coupling.partners(of: images, among: noise, ids: ids, seed: seed)
    }

    /// The squared distance of every image to every noise.
    var distances: [[Double]] {
        let (count, width) = (ids.count, images.shape.count / ids.count)
        let (data, drawn) = (images.floats.map { Double($0) }, noise.floats.map { Double($0) })
        return (0..<count).map { row in
            (0..<count).map { column in
                (0..<width).reduce(0.0) { sum, place in
                    let difference = data[row * width + place] - drawn[column * width + place]
                    return sum + difference * difference
                }
            }
        }
    }

    /// The squared distances of pairs, added up.
    func cost(_ partners: [Int]) -> Double {
        zip(distances, partners).reduce(0) { $0 + $1.0[$1.1] }
    }
}

@Suite("Every coupling")
struct CouplingConformanceTests {
    @Test("gives every image a noise of its batch, for any size", arguments: Couplings.methodNames, [1, 2, 3, 17])
    func range(name: String, count: Int) throws {
        let partners = try CoupledData(count: count).partners(coupling(name))
        #expect(partners.count == count)
        #expect(partners.allSatisfy { (0..<count).contains($0) })
    }

    @Test("is a function of its arguments", arguments: Couplings.methodNames)
    func repeats(name: String) throws {
        let data = CoupledData(count: 12)
        #expect(try data.partners(coupling(name)) == data.partners(coupling(name)))
    }

    // Each noise is the partner of the first of 200 images 200 / 6 times, but for 4 sqrt(200 / 6 * 5 / 6) = 21.
    @Test("uses every row of the noise equally often", arguments: Couplings.methodNames)
    func marginal(name: String) throws {
        let coupling = try coupling(name)
        guard coupling.couplesSamples else { return }
        var uses = [Int](repeating: 0, count: 6)
        for seed in 0..<200 as Range<UInt64> { uses[CoupledData(count: 6, seed: seed).partners(coupling)[0]] += 1 }
        #expect(uses.allSatisfy { abs(Double($0) - 200.0 / 6) < 21 }, "\(uses)")
    }

    @Test("says whether other samples matter", arguments: Couplings.methodNames)
    func declared(name: String) throws {
        let coupling = try coupling(name)
        let moves = (1...5 as ClosedRange<UInt64>).contains {
            CoupledData(count: 9, seed: $0).partners(coupling) != Array(0..<9)
        }
        #expect(moves == coupling.couplesSamples)
    }

    @Test("moves noise only, so that labels, ids and levels stay with their images", arguments: Couplings.methodNames)
    func labels(name: String) throws {
        let coupling = try coupling(name)
        let data = CoupledData(count: 8)
        let levels = (0..<8).map { row in
            let t = 0.1 + 0.1 * Double(row)
            let around = CleanPrediction().preconditioning(at: t, RectifiedFlow())
            return TrainedLevel(t: t, alpha: 1 - t, sigma: t, around: around, weight: 1)
        }
        let noised = NoisedBatch(
            TensorData(data.images.floats, shape: data.images.shape),
            ids: data.ids,
            levels,
            seed: 3,
            coupling
        )
        #expect(noised.target.floats == data.images.floats)
        let partners = data.partners(coupling, seed: 3)
        for row in 0..<8 {
            for place in 0..<5 {
                let clean = data.images.floats[row * 5 + place]
                let noise = data.noise.floats[partners[row] * 5 + place]
                let expected = Double(clean) * levels[row].alpha + Double(noise) * levels[row].sigma
                expectClose(Double(noised.input.floats[row * 5 + place]), expected, absolute: 1e-6)
            }
        }
    }

    @Test("keeps to a finite pairing when an image holds no numbers", arguments: Couplings.methodNames)
    func notANumber(name: String) throws {
        let data = CoupledData(images: [[.nan], [1], [2]], noise: [[0], [1], [.infinity]])
        #expect(try data.partners(coupling(name)).allSatisfy { (0..<3).contains($0) })
    }
}
