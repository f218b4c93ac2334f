public import Buffers
public import Configs
public import Optimization

/// Everything of a player that must survive a stop; owned by the trainer's thread.
///
/// A player is a network with its own layout, parameters, optimiser state and averages. The usual run has one, `model`.
public final class TrainState {
    /// The player's name, which starts the names of its files.
    public let player: String
    /// The names and places of its parameters.
    public let layout: ParameterLayout
    /// The parameters.
    public let parameters: FlatBuffer
    /// The gradient of the step that is being computed.
    public let gradients: FlatBuffer
    /// The optimiser's moments.
    public var optimizer: OptimizerState
    /// The averaged copies of the parameters, or of this worker's part of them.
    public let averages: AverageTracker
    /// What this worker holds of a state that several have.
    public let sharing: StateSharing
    /// The elements that this worker updates; all of them unless the state is sharded.
    public let part: Range<Int>
    /// This worker's part of the parameters, in the same memory.
    public let ownParameters: FlatBuffer
    /// The names and places in that part.
    public let ownLayout: ParameterLayout
    /// Where the run stands.
    public var progress: Progress

    /// The state at the start of a run; a sharded one has optimiser state and averages of its part alone.
    public init(
        player: String = "model",
        layout: ParameterLayout,
        parameters: FlatBuffer,
        optimizer: any Optimizer,
        averages: [any WeightAverage],
        progress: Progress,
        sharing: StateSharing = .replicated
    ) {
        self.player = player
        self.layout = layout
        self.parameters = parameters
        self.progress = progress
        gradients = FlatBuffer(count: layout.count)
        self.sharing = sharing
        if case .sharded(let part) = sharing, part != 0..<layout.count {
            self.part = part
            ownParameters = parameters.window(part)
            ownLayout = layout.part(part)
        } else {
            part = 0..<layout.count
            ownParameters = parameters
            ownLayout = layout
        }
        self.optimizer = optimizer.makeState(ownLayout)
        self.averages = AverageTracker(averages, parameters: ownParameters)
    }

    /// The weights that samples are drawn with: the first average, or the parameters where there is none.
    ///
    /// Of a sharded state it is this worker's part; `Trainer.evaluatedWeights()` puts the parts together.
    public var evaluated: FlatBuffer { averages.buffers.first ?? parameters }

    /// This worker's part of a buffer as long as the parameters, in the same memory.
    func own(_ buffer: FlatBuffer) -> FlatBuffer {
        part == 0..<buffer.count ? buffer : buffer.window(part)
    }
}
