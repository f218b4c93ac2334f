public import Buffers
public import Configs
public import Networks
import Tensors

/// Learns the velocity of Brownian bridges between noise and data that a plan of transport has paired.
///
/// Per sample: `t` from the time sampler, `x_t = (1 - t) x_0 + t noise + sigma sqrt(t (1 - t)) fresh` and the velocity
/// `u = noise - x_0 + sigma (1 - 2 t) / (2 sqrt(t (1 - t))) fresh`; the loss is `mean((F - u)^2)`. With the entropic
/// coupling of regularization `2 sigma^2` the velocity belongs to the Schrödinger bridge. The network answers a flow on
/// the schedule `rectified-flow`, and samplers that solve the probability-flow equation follow it: `euler`, `heun`.
///
/// Source: Tong et al. 2024, section 3 (SB-CFM), with the direction of time turned round.
public struct BridgeMatching: Objective {
    /// `bridge-matching`.
    public static let name = "bridge-matching"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport",
        year: 2024,
        link: "arXiv:2302.00482",
        equations: "section 3"
    )

    /// The deviation of the Brownian motion, from 0 to 10; with 0 the bridges are straight lines.
    public var sigma = 1.0
    /// Which noise goes with which image of a micro-batch.
    @Choice<Couplings> public var coupling: any Coupling = EntropicCoupling()
    /// Which places of the bridge are trained.
    @Choice<TimeSamplers> public var time: any TimeSampler = UniformTime()
    /// The share of samples trained without their label, in `[0, 1]`; above 0 it makes guidance possible.
    public var labelDropout = 0.1

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require((0...10).contains(sigma), "sigma", found: sigma, expected: "a number from 0 to 10")
        try ConfigError.require(
            (0...1).contains(labelDropout),
            "labelDropout",
            found: labelDropout,
            expected: "a number from 0 to 1"
        )
    }

    /// None.
    public var averagesNeeded: Int { 0 }

    /// As the coupling does.
    public var couplesSamples: Bool { coupling.couplesSamples }

    /// The rectified flow and its velocity.
    public var process: DiffusionProcess {
        DiffusionProcess(schedule: RectifiedFlow(), prediction: FlowPrediction())
    }

    /// The sum over samples of the mean squared error of the velocity.
    public func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss {
        let places = batch.sampleIDs.map { id in
            var random = RandomStream(seed: context.seed, purpose: .time, index: id)
            let t = time.time(ofSample: id, RectifiedFlow(), at: context.progress, using: &random)
            return BridgePlace(t: t, sigma: sigma)
        }
        let clean = Tensor(batch.images)
        var streams = SampleNoise(
            batch.sampleIDs.map { RandomStream(seed: context.seed, purpose: .noise, index: $0) }
        )
        let drawn = streams.normal(clean.shape)
        let fresh = streams.normal(clean.shape)
        let noise = coupling.coupled(drawn, to: clean, ids: batch.sampleIDs, seed: context.seed)
        let spread = column(places.map(\.spread), rank: clean.shape.rank)
        let drift = column(places.map(\.spreadChange), rank: clean.shape.rank)
        let shares = (places.map { 1 - $0.t }, places.map(\.t))
        let straight =
            clean * column(shares.0, rank: clean.shape.rank) + noise * column(shares.1, rank: clean.shape.rank)
        let answer = model(
            straight + fresh * spread,
            noiseLabel: column(places.map { RectifiedFlow().timeLabel($0.t) }, rank: 1),
            condition: batch.condition.dropping(labelDropout, ids: batch.sampleIDs, seed: context.seed),
            context.forward
        )
        precondition(answer.shape == clean.shape, "output \(answer.shape), images \(clean.shape)")
        let target = noise - clean + fresh * drift
        let errors = (answer - target).squared().mean(Array(1..<answer.shape.rank))
        return Loss(total: errors.sum(), parts: LossPart.byLevel(errors.floats, places.map(\.t)))
    }
}

/// A place of a Brownian bridge from data, `t = 0`, to noise, `t = 1`.
struct BridgePlace {
    /// The bridge's spread has no derivative at its ends, so that they are left out.
    private static let margin = 1e-4

    /// In `[1e-4, 1 - 1e-4]`.
    let t: Double
    /// The deviation around the straight line, `sigma sqrt(t (1 - t))`.
    let spread: Double
    /// Its derivative by `t`.
    let spreadChange: Double

    init(t: Double, sigma: Double) {
        let place = min(1 - Self.margin, max(Self.margin, t))
        let root = (place * (1 - place)).squareRoot()
        self.t = place
        spread = sigma * root
        spreadChange = sigma * (1 - 2 * place) / (2 * root)
    }
}
