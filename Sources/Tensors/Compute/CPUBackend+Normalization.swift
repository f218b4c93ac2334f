public import Buffers
import CKernels

extension CPUBackend {
    /// Group norm with a fused activation.
    public func groupNorm(
        _ shape: GroupNormShape,
        activation: Activation,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        let (weight, offset) = (scale.map(float32), shift.map(float32))
        let scratch = scratch(2 * shape.channels)
        forSlices(shape, activation) { slice in
            scratch.borrow { memory in
                ck_group_norm_forward(
                    slice.shape,
                    x.type,
                    x.address(slice.start),
                    weight.map { $0.floats + slice.channel },
                    offset.map { $0.floats + slice.channel },
                    y.address(slice.start),
                    statistics.floats + slice.statistics,
                    memory
                )
            }
        }
        tally.add(reading: [x, x], writing: [y])
    }

    /// Gradients of `groupNorm`.
    public func groupNormGradient(
        _ shape: GroupNormShape,
        activation: Activation,
        x: Region,
        scale: Region?,
        shift: Region?,
        statistics: Region,
        dy: Region,
        into dx: Region,
        dScale: Region?,
        dShift: Region?
    ) {
        let (weight, offset) = (scale.map(float32), shift.map(float32))
        let scratch = scratch(5 * shape.channels)
        let partial = temporary(2 * shape.batch * shape.channels)
        let sums = partial.floats
        forSlices(shape, activation) { slice in
            scratch.borrow { memory in
                ck_group_norm_backward(
                    slice.shape,
                    x.type,
                    x.address(slice.start),
                    weight.map { $0.floats + slice.channel },
                    offset.map { $0.floats + slice.channel },
                    statistics.floats + slice.statistics,
                    dy.address(slice.start),
                    dx.address(slice.start),
                    sums + 2 * (slice.image * shape.channels + slice.channel),
                    memory
                )
            }
        }
        for slice in CPUBackend.slices(shape, activation) {
            let width = slice.shape.groups * slice.shape.width
            for (region, place) in [(dScale, 0), (dShift, width)] {
                guard let region else { continue }
                ck_reduce_columns(
                    CK_SUM,
                    sums + 2 * slice.channel + place,
                    2 * shape.channels,
                    region.floats + slice.channel,
                    shape.batch,
                    width,
                    1
                )
            }
        }
        withExtendedLifetime(partial) {}
        tally.add(reading: [x, x, dy], writing: [dx, dx])
    }

    /// Layer norm or RMS norm over the last axis.
    public func layerNorm(
        _ shape: LayerNormShape,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        let (weight, offset) = (scale.map(float32), shift.map(float32))
        let staging = Staging(self, reading: [x], writing: [y], most: shape.parts.most)
        forParts(shape.parts) { _, sample, rows in
            staging.run(rows.of(shape.columns)) { inputs, outputs in
                ck_layer_norm_forward(
                    inputs[0],
                    weight.map { $0.floats + sample * shape.columns },
                    offset.map { $0.floats + sample * shape.columns },
                    outputs[0],
                    statistics.floats + 2 * rows.lowerBound,
                    rows.count,
                    shape.columns,
                    shape.epsilon,
                    shape.centered
                )
            }
        }
        tally.add(reading: [x], writing: [y])
    }

    /// Gradients of `layerNorm`.
    public func layerNormGradient(
        _ shape: LayerNormShape,
        x: Region,
        scale: Region?,
        statistics: Region,
        dy: Region,
        into dx: Region,
        dScale: Region?,
        dShift: Region?
    ) {
        let (weight, columns, parts) = (scale.map(float32), shape.columns, shape.parts)
        let staging = Staging(self, reading: [x, dy], writing: [dx], most: parts.most)
        let needsSums = dScale != nil || dShift != nil
        let partial = needsSums ? temporary(max(1, parts.samples * parts.count * 2 * columns)) : nil
        let sums = partial?.floats
        forParts(parts) { part, sample, rows in
            staging.run(rows.of(columns)) { inputs, outputs in
                ck_layer_norm_backward(
                    inputs[0],
                    weight.map { $0.floats + sample * columns },
                    statistics.floats + 2 * rows.lowerBound,
                    inputs[1],
                    outputs[0],
                    sums.map { $0 + part * 2 * columns },
                    rows.count,
                    columns,
                    shape.centered
                )
            }
        }
        if let sums {
            if let dScale { joinSums(parts, sums, stride: 2 * columns, into: dScale) }
            if let dShift { joinSums(parts, sums + columns, stride: 2 * columns, into: dShift) }
        }
        withExtendedLifetime(partial) {}
        tally.add(reading: [x, dy], writing: [dx])
    }
}

extension LayerNormShape {
    fileprivate var parts: SampleParts { SampleParts(samples: samples, rows: rowsOfSample, width: columns) }
}

/// Some groups of one image.
private struct GroupSlice {
    var image: Int
    var channel: Int
    var start: Int
    var statistics: Int
    var shape: ck_group_norm
}

extension CPUBackend {
    /// Slices of the channels; few images are cut, so that all threads have work.
    private static func slices(_ shape: GroupNormShape, _ activation: Activation) -> [GroupSlice] {
        let width = shape.channels / shape.groups
        let parts = shape.batch >= 8 ? 1 : max(1, min(shape.groups, shape.channels / 32, 8))
        let size = (shape.groups + parts - 1) / parts
        return stride(from: 0, to: shape.groups, by: size).map { first in
            let part = ck_group_norm(
                positions: shape.positions,
                stride: shape.channels,
                groups: min(size, shape.groups - first),
                width: width,
                epsilon: shape.epsilon,
                silu: activation == .silu,
                known: shape.hasStatistics
            )
            return GroupSlice(
                image: 0,
                channel: first * width,
                start: first * width,
                statistics: 2 * first,
                shape: part
            )
        }
    }

    private func forSlices(_ shape: GroupNormShape, _ activation: Activation, _ body: (GroupSlice) -> Void) {
        guard shape.positions > 0 else { return }
        let slices = CPUBackend.slices(shape, activation)
        let image = shape.positions * shape.channels
        let together = max(1, CPUBackend.blockSize / max(1, image / slices.count))
        forBlocks(shape.batch * slices.count, of: together) { units in
            for unit in units {
                var slice = slices[unit % slices.count]
                slice.image = unit / slices.count
                slice.start += slice.image * image
                slice.statistics += slice.image * 2 * shape.groups
                body(slice)
            }
        }
    }
}
