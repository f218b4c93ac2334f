public import Configs

/// The slot of optimisers: how gradients change the parameters.
public enum Optimizers: MethodSlot {
    /// What the slot holds.
    public typealias Base = any Optimizer

    /// The key of run files.
    public static let name = "optimizer"

    /// The optimisers, by name.
    public static let methods: [any Method.Type] = [
        AdamW.self
    ]
}

/// The slot of rate schedules: how the learning rate changes over a run.
public enum RateSchedules: MethodSlot {
    /// What the slot holds.
    public typealias Base = any LearningRateSchedule

    /// The key of run files.
    public static let name = "rate_schedule"

    /// The rate schedules, by name.
    public static let methods: [any Method.Type] = [
        Constant.self,
        WarmupCosine.self,
    ]
}

/// The slot of averages: averaged copies of the parameters.
public enum Averages: MethodSlot {
    /// What the slot holds.
    public typealias Base = any WeightAverage

    /// The key of run files.
    public static let name = "average"

    /// The averages, by name.
    public static let methods: [any Method.Type] = [
        ConsistencyTarget.self,
        Exponential.self,
        Power.self,
        Switch.self,
    ]
}
