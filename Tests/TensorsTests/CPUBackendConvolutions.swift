import Buffers
import Tensors

extension KernelCase {
    /// Convolutions: few and many channels, strides, groups, uneven padding, batches that do not divide.
    static func convolutions() -> [KernelCase] {
        // Batch, height, width, input and output channels, kernel, stride, padding before, after, groups.
        let sizes: [[Int]] = [
            [1, 5, 7, 3, 4, 3, 1, 1, 1, 1], [5, 8, 8, 8, 16, 3, 1, 1, 1, 1], [17, 8, 8, 1, 16, 3, 1, 1, 1, 1],
            [3, 9, 6, 8, 8, 3, 2, 0, 1, 1], [2, 6, 6, 12, 20, 1, 1, 0, 0, 1], [4, 7, 7, 8, 8, 5, 1, 2, 2, 8],
            [3, 6, 5, 8, 12, 3, 1, 1, 1, 4], [2, 8, 8, 4, 8, 2, 2, 0, 0, 1], [3, 6, 6, 6, 10, 1, 2, 0, 0, 1],
            [2, 4, 4, 3, 5, 4, 4, 0, 0, 1], [9, 8, 8, 16, 24, 3, 1, 1, 1, 1],
            // Winograd: tiles of 4 and 2, odd channels, paddings of 0 and 2, parts of tiles and of channels.
            [8, 8, 8, 20, 36, 3, 1, 1, 1, 1], [4, 6, 6, 16, 24, 3, 1, 1, 1, 1], [16, 8, 8, 16, 16, 3, 1, 0, 1, 1],
            [9, 6, 6, 17, 16, 3, 1, 2, 2, 1], [16, 16, 16, 16, 16, 3, 1, 1, 1, 1], [4, 12, 12, 130, 16, 3, 1, 1, 1, 1],
        ]
        return sizes.flatMap { size -> [KernelCase] in
            let shape = ConvolutionShape(
                input: ImageShape(batch: size[0], height: size[1], width: size[2], channels: size[3]),
                outputChannels: size[4],
                kernelHeight: size[5],
                kernelWidth: size[5],
                stride: size[6],
                padding: Padding(top: size[7], left: size[7], bottom: size[8], right: size[8]),
                groups: size[9]
            )
            return [true, false].flatMap { [forward(shape, $0), weightGradient(shape, $0)] } + [inputGradient(shape)]
        }
    }

    private static func forward(_ shape: ConvolutionShape, _ hasBias: Bool) -> KernelCase {
        KernelCase(name: "convolution \(shape.input) \(shape.outputChannels) \(shape.groups) \(hasBias)") { backend in
            let y = Region.random(shape.resultCount, seed: 0)
            let bias = hasBias ? Region.random(shape.outputChannels, seed: 3) : nil
            let (x, w) = (Region.random(shape.imageCount, seed: 1), Region.random(shape.weightCount, seed: 2))
            backend.convolution(shape, x, w, bias, into: y)
            return y.values
        }
    }

    private static func inputGradient(_ shape: ConvolutionShape) -> KernelCase {
        KernelCase(name: "input gradient \(shape.input) \(shape.outputChannels) \(shape.groups)") { backend in
            let dx = Region.random(shape.imageCount, seed: 0)
            let (dy, w) = (Region.random(shape.resultCount, seed: 1), Region.random(shape.weightCount, seed: 2))
            backend.convolutionInputGradient(shape, dy, w, into: dx)
            return dx.values
        }
    }

    private static func weightGradient(_ shape: ConvolutionShape, _ hasBias: Bool) -> KernelCase {
        KernelCase(name: "weight gradient \(shape.input) \(shape.outputChannels) \(shape.groups) \(hasBias)") {
            backend in
            let dw = Region.random(shape.weightCount, seed: 0)
            let db = hasBias ? Region.random(shape.outputChannels, seed: 0) : nil
            let (x, dy) = (Region.random(shape.imageCount, seed: 1), Region.random(shape.resultCount, seed: 2))
            backend.convolutionWeightGradient(shape, x, dy, into: dw, bias: db)
            return dw.values + (db?.values ?? [])
        }
    }
}

extension ConvolutionShape {
    fileprivate var imageCount: Int { input.batch * input.height * input.width * input.channels }
    fileprivate var resultCount: Int { input.batch * outputHeight * outputWidth * outputChannels }
    fileprivate var weightCount: Int { outputChannels * input.channels / groups * kernelHeight * kernelWidth }
}
