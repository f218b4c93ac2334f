public import Buffers

/// One training example as it is stored.
public struct Record: Sendable {
    /// An image, in pixels or as the bytes of a PNG, JPEG or WebP file.
    public enum Image: Sendable {
        /// Levels `0...white`, row-major, of shape `[H, W, C]` with 1 or 3 channels.
        case pixels([UInt8], shape: Shape, white: Int)
        /// The bytes of an image file.
        case encoded([UInt8])
    }

    /// The image.
    public var image: Image
    /// The class, from 0 on; nil if the data has no classes.
    public var label: Int?

    /// Makes a record.
    public init(image: Image, label: Int?) {
        self.image = image
        self.label = label
    }
}

/// One training example as a network sees it.
public struct Example: Sendable {
    /// Values in `[-1, 1]`, row-major, of `shape`.
    public var values: [Float]
    /// `[H, W, C]`.
    public let shape: Shape
    /// The class, from 0 on; nil if the data has no classes.
    public var label: Int?

    /// Makes an example; `values` must fill `shape`.
    public init(values: [Float], shape: Shape, label: Int?) {
        precondition(values.count == shape.count && shape.rank == 3, "\(values.count) values for an image of \(shape)")
        self.values = values
        self.shape = shape
        self.label = label
    }
}
