import Buffers
import RealModule
import Tensors

/// One of the noise levels between which a consistency model is trained.
struct ConsistencyLevel {
    let t: Double
    let alpha: Double
    let sigma: Double
    let around: Preconditioning

    init(_ t: Double, _ schedule: any NoiseSchedule, _ prediction: any Prediction) {
        self.t = t
        alpha = schedule.alpha(t)
        sigma = schedule.sigma(t)
        around = prediction.preconditioning(at: t, schedule)
    }
}

/// Two adjacent noise levels of one sample.
struct ConsistencyPair {
    /// The level at which the trained network answers.
    let noisier: ConsistencyLevel
    /// The level at which the target answers.
    let cleaner: ConsistencyLevel

    /// Draws one of the pairs of falling levels, all alike; at least 2 levels.
    init(among levels: [ConsistencyLevel], using random: inout RandomStream) {
        precondition(levels.count >= 2, "\(levels.count) levels have no pair")
        let place = min(levels.count - 2, Int(random.uniform() * Double(levels.count - 1)))
        noisier = levels[place]
        cleaner = levels[place + 1]
    }
}

/// Images noised to a level of their own each, and how a network's answer to them is read.
struct ConsistencyInput {
    /// `[B, H, W, C]`.
    let noised: Tensor
    private let levels: [ConsistencyLevel]

    /// `alpha x_0 + sigma noise`.
    init(_ clean: Tensor, _ noise: Tensor, _ levels: [ConsistencyLevel]) {
        let rank = clean.shape.rank
        noised = clean * column(levels.map(\.alpha), rank: rank) + noise * column(levels.map(\.sigma), rank: rank)
        self.levels = levels
    }

    /// What the network reads.
    var scaled: Tensor { noised * column(levels.map(\.around.inputScale), rank: noised.shape.rank) }

    /// One label a sample.
    var labels: Tensor { column(levels.map(\.around.noiseLabel), rank: 1) }

    /// The end of the path that a network's output stands for.
    func end(_ output: Tensor) -> Tensor {
        precondition(output.shape == noised.shape, "output \(output.shape), images \(noised.shape)")
        let rank = noised.shape.rank
        return noised * column(levels.map(\.around.skip), rank: rank)
            + output * column(levels.map(\.around.output), rank: rank)
    }
}
