import Communication
public import Configs
import Datasets
import Diffusion
import Networks
import Optimization

/// The slot `synchronization`: when, and what, workers average.
public enum SyncStrategies: MethodSlot {
    /// The key under which a run file names a strategy.
    public static let name = "synchronization"
    /// All strategies, by name.
    public static let methods: [any Method.Type] = [
        DiLoCo.self,
        EveryStep.self,
        LocalSteps.self,
        LowRank.self,
        Sharded.self,
        SparseLoCo.self,
    ]

    /// What the slot holds.
    public typealias Base = any SyncStrategy
}

/// Every slot of the system in one list, for commands and tests that walk over all methods.
public enum AllMethods {
    /// The slots by the order of a run file.
    public static let slots: [any MethodSlot.Type] = [
        DataSources.self, Augmentations.self, Models.self, Objectives.self, Schedules.self, Predictions.self,
        TimeSamplers.self, Weightings.self, NoiseLaws.self, Couplings.self, Samplers.self, Guidances.self,
        Optimizers.self, RateSchedules.self, Averages.self, SyncStrategies.self, Compressions.self, Aggregators.self,
    ]

    /// The slot of a name, or nil.
    public static func slot(named name: String) -> (any MethodSlot.Type)? {
        slots.first { $0.name == name }
    }
}
