public import Buffers
public import Checkpoints
public import Configs
public import Optimization
import TensorFiles

/// Everything of a player that must survive a stop; owned by the trainer's thread.
///
/// A player is a network with its own layout, parameters, optimiser state and averages. The usual run has one, `model`.
public final class TrainState: Checkpointable {
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
    /// The averaged copies of the parameters.
    public let averages: AverageTracker
    /// Where the run stands.
    public var progress: Progress

    /// The state at the start of a run.
    public init(
        player: String = "model",
        layout: ParameterLayout,
        parameters: FlatBuffer,
        optimizer: any Optimizer,
        averages: [any WeightAverage],
        progress: Progress
    ) {
        self.player = player
        self.layout = layout
        self.parameters = parameters
        self.progress = progress
        gradients = FlatBuffer(count: layout.count)
        self.optimizer = optimizer.makeState(layout)
        self.averages = AverageTracker(averages, parameters: parameters)
    }

    /// The weights that samples are drawn with: the first average, or the parameters where there is none.
    public var evaluated: FlatBuffer { averages.buffers.first ?? parameters }

    /// The file of an average.
    static func averageFile(_ player: String, _ index: Int) -> String { "\(player).\(AverageTracker.name(of: index))" }

    /// Adds parameters, averages and optimiser state; progress stands in the manifest.
    public func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add("\(player).parameters", named(parameters))
        for (index, average) in averages.buffers.enumerated() {
            try writer.add(TrainState.averageFile(player, index), named(average))
        }
        let moments = optimizer.buffers.sorted { $0.key < $1.key }.map { NamedTensor($0.key, $0.value.snapshot()) }
        try writer.add("\(player).optimizer", moments)
        try writer.add("\(player).optimizer-scalars", value: optimizer.scalars)
    }

    /// Takes over the state of a verified checkpoint of the same layout.
    public func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        try read(parameters, from: "\(player).parameters", reader)
        for (index, average) in averages.buffers.enumerated() {
            try read(average, from: TrainState.averageFile(player, index), reader)
        }
        let moments = try reader.tensors("\(player).optimizer")
        for (name, buffer) in optimizer.buffers {
            buffer.copy(from: try TrainState.find(name, in: moments, [buffer.count], reader))
        }
        optimizer.scalars = try reader.value([String: Double].self, "\(player).optimizer-scalars")
        let saved = reader.manifest.state
        progress = Progress(step: saved.step, samples: saved.samples, plannedSamples: saved.plannedSamples)
    }

    private func named(_ buffer: FlatBuffer) -> [NamedTensor] {
        let copy = buffer.snapshot()
        return layout.parameters.map { parameter in
            NamedTensor(parameter.name, TensorData(copy.region.part(parameter.range), shape: parameter.shape))
        }
    }

    private func read(_ buffer: FlatBuffer, from file: String, _ reader: CheckpointReader) throws(CheckpointError) {
        try TrainState.read(buffer, layout, from: file, reader)
    }

    /// Reads the parameters of a layout by name.
    static func read(
        _ buffer: FlatBuffer,
        _ layout: ParameterLayout,
        from file: String,
        _ reader: CheckpointReader
    ) throws(CheckpointError) {
        let tensors = try reader.tensors(file)
        for parameter in layout.parameters {
            buffer.copy(from: try find(parameter.name, in: tensors, parameter.shape, reader), at: parameter.offset)
        }
    }

    private static func find(
        _ name: String,
        in tensors: [NamedTensor],
        _ shape: Shape,
        _ reader: CheckpointReader
    ) throws(CheckpointError) -> TensorData {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            throw .noFile(path: reader.path, name: name)
        }
        guard tensor.data.shape == shape, tensor.data.dtype == .float32 else {
            throw .incompatible(
                path: reader.path,
                what: "\(name) as float32",
                expected: "\(shape)",
                found: "\(tensor.data.dtype.rawValue) \(tensor.data.shape)"
            )
        }
        return tensor.data
    }
}
