public import Configs

/// The slot of models: the networks that can be trained.
public enum Models: MethodSlot {
    /// What the slot holds.
    public typealias Base = any ModelDefinition

    /// The key of run files.
    public static let name = "model"

    /// The models, by name.
    public static let methods: [any Method.Type] = [
        DiT.self,
        UNet.self,
    ]
}
