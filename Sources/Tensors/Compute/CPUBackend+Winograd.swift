import Buffers
import CKernels

/// Convolutions with kernels of 3 x 3 and stride 1 take fewer multiplications (Lavin and Gray, arXiv:1509.09308).
extension CPUBackend {
    /// `y = convolution(x, w) + bias`; with `mirrored` the gradient for the input of a convolution with weights `w` and result `x`.
    func winograd(
        _ shape: ck_winograd,
        _ x: Region,
        _ w: Region,
        mirrored: Bool = false,
        bias: Region? = nil,
        into y: Region
    ) {
        let (source, weights, offset, target) = (x.address, w.address, bias?.floats, y.address)
        let transformed = temporary(ck_winograd_weight_count(shape))
        let place = transformed.floats
        forBlocks(ck_winograd_panels(shape), of: 1) { panels in
            ck_winograd_weights(shape, weights, mirrored, place, panels.lowerBound, panels.upperBound)
        }
        let scratch = scratch(ck_winograd_scratch(shape))
        forBlocks(ck_winograd_tiles(shape), of: ck_winograd_block(shape)) { tiles in
            scratch.borrow { memory in
                ck_winograd_forward(
                    shape,
                    source,
                    place,
                    offset,
                    target,
                    memory,
                    tiles.lowerBound,
                    tiles.upperBound
                )
            }
        }
        withExtendedLifetime((transformed, bias)) {}
    }

    /// The gradient for the weight.
    func winogradWeightGradient(_ shape: ck_winograd, _ x: Region, _ dy: Region, into dw: Region) {
        let cut = WinogradCut(shape)
        let (source, upstream) = (x.address, dy.address)
        let partial = cut.tileParts > 1 ? temporary(cut.tileParts * dw.count) : dw
        let (sums, count) = (partial.floats, dw.count)
        let scratch = scratch(ck_winograd_gradient_scratch(shape, cut.channels(0).count))
        pool.parallelFor(cut.tileParts * cut.channelParts) { index in
            let tiles = cut.tiles(index / cut.channelParts)
            let channels = cut.channels(index % cut.channelParts)
            let part = ck_winograd_part(
                from: tiles.lowerBound,
                to: tiles.upperBound,
                first_channel: channels.lowerBound,
                last_channel: channels.upperBound
            )
            let target = sums + index / cut.channelParts * count
            scratch.borrow { ck_winograd_weight_gradient(shape, source, upstream, target, $0, part) }
        }
        guard cut.tileParts > 1 else { return }
        let target = dw.floats
        forBlocks(count, of: max(64, CPUBackend.blockSize / cut.tileParts)) { range in
            let start = range.lowerBound
            ck_reduce_columns(CK_SUM, sums + start, count, target + start, cut.tileParts, range.count, 1)
        }
        withExtendedLifetime(partial) {}
    }
}

extension ConvolutionShape {
    /// The shape for Winograd's algorithm; nil where the direct form is as fast, that is, for few channels and few tiles.
    func winograd(_ images: ck_type, _ weights: ck_type) -> ck_winograd? {
        let isFit = kernelHeight == 3 && kernelWidth == 3 && stride == 1 && groups == 1
        let channels = min(input.channels, outputChannels)
        guard isFit, channels >= 16, max(padding.top, padding.left) <= 2, min(padding.top, padding.left) >= 0 else {
            return nil
        }
        for tile in [4, 2] {
            let (rows, columns) = ((outputHeight + tile - 1) / tile, (outputWidth + tile - 1) / tile)
            // What is computed beyond the edges costs as much as the rest.
            let isFull = rows * columns * tile * tile * 3 <= 4 * outputHeight * outputWidth
            guard isFull, input.batch * rows * columns >= 32 else { continue }
            return ck_winograd(
                batch: input.batch,
                height: input.height,
                width: input.width,
                input_channels: input.channels,
                output_height: outputHeight,
                output_width: outputWidth,
                output_channels: outputChannels,
                top: padding.top,
                left: padding.left,
                tile: tile,
                type: images,
                weight_type: weights
            )
        }
        return nil
    }
}

extension ck_winograd {
    /// The convolution of the gradient of the result that gives the gradient for the input.
    var mirrored: ck_winograd {
        ck_winograd(
            batch: batch,
            height: output_height,
            width: output_width,
            input_channels: output_channels,
            output_height: height,
            output_width: width,
            output_channels: input_channels,
            top: 2 - top,
            left: 2 - left,
            tile: tile,
            type: type,
            weight_type: weight_type
        )
    }
}

/// How the gradient for a weight is cut, a function of the shape alone: sums over tiles are made in parts of some tiles and some channels.
private struct WinogradCut {
    let tileParts: Int
    let channelParts: Int
    private let tileCount: Int
    private let channelCount: Int
    private let channelSize: Int

    /// Parts that are worth having.
    private static let wanted = 8
    /// Channels whose transformed sums stay in the second level cache.
    private static let channelsTogether = 64
    /// Tiles that are worth a part.
    private static let tilesTogether = 128

    init(_ shape: ck_winograd) {
        channelCount = shape.input_channels
        tileCount = ck_winograd_tiles(shape)
        let parts = max(1, min(WinogradCut.wanted, channelCount / WinogradCut.channelsTogether))
        channelSize = ((channelCount + parts - 1) / parts + 15) & ~15
        channelParts = (channelCount + channelSize - 1) / channelSize
        tileParts = max(1, min(WinogradCut.wanted / channelParts, tileCount / WinogradCut.tilesTogether))
    }

    func tiles(_ part: Int) -> Range<Int> {
        tileCount * part / tileParts..<tileCount * (part + 1) / tileParts
    }

    /// The first part is the largest.
    func channels(_ part: Int) -> Range<Int> {
        part * channelSize..<min(channelCount, (part + 1) * channelSize)
    }
}
