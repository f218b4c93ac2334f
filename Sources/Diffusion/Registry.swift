public import Configs

/// The slot `schedule`: how much noise there is at each level.
public enum Schedules: MethodSlot {
    /// Any schedule.
    public typealias Base = any NoiseSchedule
    /// `schedule`.
    public static let name = "schedule"
    /// All schedules, in alphabetical order.
    public static let methods: [any Method.Type] = [
        CosineSchedule.self,
        FlowMatchingSchedule.self,
        LinearSchedule.self,
        RectifiedFlow.self,
        VarianceExploding.self,
    ]
}

/// The slot `prediction`: what the network answers.
public enum Predictions: MethodSlot {
    /// Any prediction.
    public typealias Base = any Prediction
    /// `prediction`.
    public static let name = "prediction"
    /// All predictions, in alphabetical order.
    public static let methods: [any Method.Type] = [
        CleanPrediction.self,
        ConsistencyPrediction.self,
        EDMPrediction.self,
        FlowPrediction.self,
        NoisePrediction.self,
        PathVelocityPrediction.self,
        VelocityPrediction.self,
    ]
}

/// The slot `time`: which noise levels are trained.
public enum TimeSamplers: MethodSlot {
    /// Any time sampler.
    public typealias Base = any TimeSampler
    /// `time`.
    public static let name = "time"
    /// All time samplers, in alphabetical order.
    public static let methods: [any Method.Type] = [
        LogNormalTime.self,
        LogitNormalTime.self,
        StratifiedTime.self,
        UniformTime.self,
    ]
}

/// The slot `weighting`: how much each noise level counts.
public enum Weightings: MethodSlot {
    /// Any weighting.
    public typealias Base = any LossWeighting
    /// `weighting`.
    public static let name = "weighting"
    /// All weightings, in alphabetical order.
    public static let methods: [any Method.Type] = [
        EDMWeighting.self,
        InverseSNR.self,
        MinSNR.self,
        SNRWeighting.self,
        UniformWeighting.self,
    ]
}

/// The slot `noise`: how noise is drawn.
public enum NoiseLaws: MethodSlot {
    /// Any law of noise.
    public typealias Base = any NoiseLaw
    /// `noise`.
    public static let name = "noise"
    /// All laws, in alphabetical order.
    public static let methods: [any Method.Type] = [
        BetaPrimeNoise.self,
        WhiteNoise.self,
    ]
}

/// The slot `coupling`: which noise goes with which training example.
public enum Couplings: MethodSlot {
    /// Any coupling.
    public typealias Base = any Coupling
    /// `coupling`.
    public static let name = "coupling"
    /// All couplings, in alphabetical order.
    public static let methods: [any Method.Type] = [
        EntropicCoupling.self,
        IndependentCoupling.self,
        OptimalTransportCoupling.self,
    ]
}

/// The slot `objective`: what is minimised.
public enum Objectives: MethodSlot {
    /// Any objective.
    public typealias Base = any Objective
    /// `objective`.
    public static let name = "objective"
    /// All objectives, in alphabetical order.
    public static let methods: [any Method.Type] = [
        BridgeMatching.self,
        ConsistencyTraining.self,
        Denoising.self,
        DREAM.self,
    ]
}

/// The slot `sampler`: how noise becomes a sample.
public enum Samplers: MethodSlot {
    /// Any sampler.
    public typealias Base = any Sampler
    /// `sampler`.
    public static let name = "sampler"
    /// All samplers, in alphabetical order.
    public static let methods: [any Method.Type] = [
        Ancestral.self,
        DDIM.self,
        Euler.self,
        Heun.self,
        MultistepConsistency.self,
    ]
}

/// The slot `guidance`: how several predictions combine.
public enum Guidances: MethodSlot {
    /// Any guidance.
    public typealias Base = any Guidance
    /// `guidance`.
    public static let name = "guidance"
    /// All guidances, in alphabetical order.
    public static let methods: [any Method.Type] = [
        ClassifierFree.self,
        NoGuidance.self,
    ]
}
