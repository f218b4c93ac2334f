import Buffers
public import Checkpoints
import Configs
import Optimization
import TensorFiles

extension TrainState: Checkpointable {
    /// The tensor of an average's part.
    private static let values = "values"

    /// The file of an average.
    static func averageFile(_ player: String, _ index: Int) -> String { "\(player).\(AverageTracker.name(of: index))" }

    /// Adds parameters, averages and optimiser state; progress stands in the manifest.
    ///
    /// Rank 0 writes what all ranks hold alike. Of a sharded state each rank adds its part of the averages and of the optimiser state; of a
    /// local one its own parameters and optimiser state.
    public func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        switch sharing {
        case .sharded where writer.count > 1: try saveParts(&writer)
        case .local where writer.count > 1: try saveOwn(&writer)
        default:
            precondition(part.count == layout.count, "one rank saves a part, \(part), of a state")
            guard writer.rank == 0 else { return }
            try writer.add("\(player).parameters", named(parameters))
            try saveAverages(&writer)
            try writer.add("\(player).optimizer", moments)
            try writer.add("\(player).optimizer-scalars", value: optimizer.scalars)
        }
    }

    /// Takes over the state of a verified checkpoint of the same layout, whatever number of ranks wrote it.
    public func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        let isLocal = sharing == .local
        let name = { (name: String) in isLocal ? reader.own(name) : name }
        try TrainState.read(parameters, 0..<layout.count, layout, from: name("\(player).parameters"), reader)
        for (index, average) in averages.buffers.enumerated() {
            try TrainState.read(average, part, layout, from: TrainState.averageFile(player, index), reader)
        }
        try restoreOptimizer(name("\(player).optimizer"), reader)
        optimizer.scalars = try reader.value([String: Double].self, name("\(player).optimizer-scalars"))
        let saved = reader.manifest.state
        progress = Progress(step: saved.step, samples: saved.samples, plannedSamples: saved.plannedSamples)
    }

    private var moments: [NamedTensor] {
        optimizer.buffers.sorted { $0.key < $1.key }.map { NamedTensor($0.key, $0.value.snapshot()) }
    }

    private func saveAverages(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        for (index, average) in averages.buffers.enumerated() {
            try writer.add(TrainState.averageFile(player, index), named(average))
        }
    }

    private func saveParts(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        if writer.rank == 0 { try writer.add("\(player).parameters", named(parameters)) }
        for (index, average) in averages.buffers.enumerated() {
            let values = NamedTensor(TrainState.values, average.snapshot())
            try writer.addPart(TrainState.averageFile(player, index), [values], part, of: layout.count)
        }
        try writer.addPart("\(player).optimizer", moments, part, of: layout.count)
        try writer.add("\(player).optimizer-scalars", value: optimizer.scalars)
    }

    private func saveOwn(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.addOwn("\(player).parameters", named(parameters))
        if writer.rank == 0 { try saveAverages(&writer) }
        try writer.addOwn("\(player).optimizer", moments)
        try writer.addOwn("\(player).optimizer-scalars", value: optimizer.scalars)
    }

    private func named(_ buffer: FlatBuffer) -> [NamedTensor] {
        let copy = buffer.snapshot()
        return layout.parameters.map { parameter in
            NamedTensor(parameter.name, TensorData(copy.region.part(parameter.range), shape: parameter.shape))
        }
    }

    private func restoreOptimizer(_ file: String, _ reader: CheckpointReader) throws(CheckpointError) {
        if reader.hasParts(file) {
            try reader.eachPart(file, of: layout.count) { (piece) throws(CheckpointError) in
                for (name, buffer) in optimizer.buffers {
                    let data = try TrainState.find(name, in: piece.tensors, [piece.range.count], reader)
                    TrainState.copy(data, of: piece.range, into: buffer, part)
                }
            }
            return
        }
        let tensors = try reader.tensors(file)
        for (name, buffer) in optimizer.buffers {
            // An optimiser that works on the whole may keep buffers of another length than the parameters.
            let isWhole = part.count == layout.count
            let saved = 0..<(isWhole ? buffer.count : layout.count)
            let data = try TrainState.find(name, in: tensors, [saved.count], reader)
            TrainState.copy(data, of: saved, into: buffer, isWhole ? saved : part)
        }
    }

    /// Reads the elements `part` of a layout's parameters, from a file that names parameters or from the parts of several ranks.
    static func read(
        _ buffer: FlatBuffer,
        _ part: Range<Int>,
        _ layout: ParameterLayout,
        from file: String,
        _ reader: CheckpointReader
    ) throws(CheckpointError) {
        if reader.hasParts(file) {
            try reader.eachPart(file, of: layout.count) { (piece) throws(CheckpointError) in
                let data = try find(values, in: piece.tensors, [piece.range.count], reader)
                copy(data, of: piece.range, into: buffer, part)
            }
            return
        }
        let tensors = try reader.tensors(file)
        for parameter in layout.parameters where parameter.range.overlaps(part) {
            let data = try find(parameter.name, in: tensors, parameter.shape, reader)
            copy(data, of: parameter.range, into: buffer, part)
        }
    }

    // Copies those of the elements `range` that lie in `part`, which the buffer holds.
    private static func copy(_ data: TensorData, of range: Range<Int>, into buffer: FlatBuffer, _ part: Range<Int>) {
        let shared = range.clamped(to: part)
        guard !shared.isEmpty else { return }
        let source = shared.lowerBound - range.lowerBound
        buffer.copy(from: data.elements(source..<source + shared.count), at: shared.lowerBound - part.lowerBound)
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
