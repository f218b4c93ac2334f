public import Buffers
import CKernels

extension CPUBackend {
    /// Changes the resolution of images by a factor of two.
    public func resample(_ kind: Resampling, _ shape: ImageShape, _ x: Region, into y: Region) {
        if kind == .nearestUp2, shape.channels.isMultiple(of: 2), let source = x.pairs, let target = y.pairs {
            var half = shape
            half.channels /= 2
            return resample(kind, half, source, into: target)
        }
        if x.dtype != .float32 || y.dtype != .float32 {
            return inFloat32(y) { resample(kind, shape, float32(x), into: $0) }
        }
        let (source, target) = (x.floats, y.floats)
        let (height, width, channels) = (shape.height, shape.width, shape.channels)
        let isDown = kind == .averageDown2
        let rows = isDown ? height / 2 : 2 * height
        let result = rows * (isDown ? width / 2 : 2 * width) * channels
        forImageRows(shape.batch, rows, elements: result) { image, from, to in
            let (input, output) = (source + image * height * width * channels, target + image * result)
            switch kind {
            case .nearestUp2: ck_nearest_up(input, output, width, channels, from, to)
            case .bilinearUp2: ck_bilinear_up(input, output, height, width, channels, from, to)
            case .averageDown2: ck_average_down(input, output, width, channels, from, to)
            }
        }
        tally.add(floats: x.count + y.count)
    }

    /// The gradient of `resample`; `shape` is that of its input.
    public func resampleGradient(_ kind: Resampling, _ shape: ImageShape, _ dy: Region, into dx: Region) {
        if dy.dtype != .float32 || dx.dtype != .float32 {
            return inFloat32(dx) { resampleGradient(kind, shape, float32(dy), into: $0) }
        }
        let (upstream, target) = (dy.floats, dx.floats)
        let (height, width, channels) = (shape.height, shape.width, shape.channels)
        let isDown = kind == .averageDown2
        let image = height * width * channels
        let result = isDown ? (height / 2) * (width / 2) * channels : 4 * image
        forImageRows(shape.batch, height, elements: image) { index, from, to in
            let (input, output) = (upstream + index * result, target + index * image)
            switch kind {
            case .nearestUp2: ck_nearest_up_gradient(input, output, width, channels, from, to)
            case .bilinearUp2: ck_bilinear_up_gradient(input, output, height, width, channels, from, to)
            case .averageDown2: ck_average_down_gradient(input, output, height, width, channels, from, to)
            }
        }
        tally.add(floats: dy.count + dx.count)
    }

    // Ranges of rows of each image, large enough for a block; `elements` are those of one image.
    private func forImageRows(_ batch: Int, _ rows: Int, elements: Int, _ body: (Int, Int, Int) -> Void) {
        guard batch * rows * elements > 0 else { return }
        let size = min(rows, max(1, CPUBackend.blockSize * rows / elements))
        let pieces = (rows + size - 1) / size
        let together = max(1, CPUBackend.blockSize / elements)
        forBlocks(batch * pieces, of: together) { units in
            for unit in units {
                let start = unit % pieces * size
                body(unit / pieces, start, min(rows, start + size))
            }
        }
    }
}
