public import Configs

/// The slot `data`: where training examples come from.
public enum DataSources: MethodSlot {
    /// The key under which a run file names a source.
    public static let name = "data"
    /// All sources, by name.
    public static let methods: [any Method.Type] = [
        Digits.self,
        ImageFolder.self,
        ShardDirectory.self,
    ]

    /// What the slot holds.
    public typealias Base = any DataSource
}

/// The slot `augmentation`: changes made to examples as they are read.
public enum Augmentations: MethodSlot {
    /// The name of the slot.
    public static let name = "augmentation"
    /// All augmentations, by name.
    public static let methods: [any Method.Type] = [
        HorizontalFlip.self
    ]

    /// What the slot holds.
    public typealias Base = any Augmentation
}
