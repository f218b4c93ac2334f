/// Images `[B, H, W, C]`.
public struct ImageShape: Sendable, Hashable {
    /// The number of images.
    public var batch: Int
    /// Rows of pixels.
    public var height: Int
    /// Columns of pixels.
    public var width: Int
    /// Numbers of a pixel.
    public var channels: Int

    /// Makes an image shape.
    public init(batch: Int, height: Int, width: Int, channels: Int) {
        self.batch = batch
        self.height = height
        self.width = width
        self.channels = channels
    }
}

/// Rows and columns added around an image.
public struct Padding: Sendable, Hashable {
    /// Rows above.
    public var top: Int
    /// Columns on the left.
    public var left: Int
    /// Rows below.
    public var bottom: Int
    /// Columns on the right.
    public var right: Int

    /// No padding.
    public static let zero = Padding(0)

    /// The same number on all four sides.
    public init(_ all: Int) {
        self.init(top: all, left: all, bottom: all, right: all)
    }

    /// Each side on its own.
    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }
}

/// A convolution of images.
public struct ConvolutionShape: Sendable, Hashable {
    /// The shape of the input.
    public var input: ImageShape
    /// Channels of the result, a multiple of `groups`.
    public var outputChannels: Int
    /// Rows of the kernel.
    public var kernelHeight: Int
    /// Columns of the kernel.
    public var kernelWidth: Int
    /// Pixels from one place of the kernel to the next, on both axes.
    public var stride: Int
    /// Zeros around the input.
    public var padding: Padding
    /// Parts into which the channels are cut; each sees only its own.
    public var groups: Int

    /// Makes a convolution.
    public init(
        input: ImageShape,
        outputChannels: Int,
        kernelHeight: Int,
        kernelWidth: Int,
        stride: Int,
        padding: Padding,
        groups: Int
    ) {
        self.input = input
        self.outputChannels = outputChannels
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.stride = stride
        self.padding = padding
        self.groups = groups
    }

    /// The height of the result.
    public var outputHeight: Int { (input.height + padding.top + padding.bottom - kernelHeight) / stride + 1 }
    /// The width of the result.
    public var outputWidth: Int { (input.width + padding.left + padding.right - kernelWidth) / stride + 1 }
    /// The shape of the result.
    public var output: ImageShape {
        ImageShape(batch: input.batch, height: outputHeight, width: outputWidth, channels: outputChannels)
    }
}
