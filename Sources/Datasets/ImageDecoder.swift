public import Buffers

/// Stored images to examples of a run's image shape.
///
/// Image files are decoded, grey is repeated over three channels or colours are weighted to grey (ITU-R BT.601), the
/// image is scaled and cut to size (``Resampling``), and levels become `2 * level / white - 1`.
public struct ImageDecoder: Sendable {
    /// The shape that every example has, `[H, W, C]` with 1 or 3 channels.
    public let shape: Shape

    /// A decoder to `shape`, which must be `[H, W, 1]` or `[H, W, 3]` and not empty.
    public init(shape: Shape) {
        precondition(shape.rank == 3 && shape.count > 0 && (shape[2] == 1 || shape[2] == 3), "image shape \(shape)")
        self.shape = shape
    }

    /// Decodes a record.
    public func decode(_ record: Record) throws(ImageFault) -> Example {
        switch record.image {
        case .pixels(let bytes, let size, let white):
            return example(bytes, size, white: white, label: record.label)
        case .encoded(let file):
            let image = try ImageCodec.decode(file)
            let size: Shape = [image.height, image.width, image.channels]
            return example(image.bytes, size, white: 255, label: record.label)
        }
    }

    private func example(_ bytes: [UInt8], _ size: Shape, white: Int, label: Int?) -> Example {
        // Dividing by half the white level is exact for white 16 and rounds once for 255.
        let half = Float(white) / 2
        var values = bytes.map { Float($0) / half - 1 }
        if size[2] == 1 && shape[2] == 3 {
            values = values.flatMap { [$0, $0, $0] }
        } else if size[2] == 3 && shape[2] == 1 {
            values = stride(from: 0, to: values.count, by: 3).map {
                0.299 * values[$0] + 0.587 * values[$0 + 1] + 0.114 * values[$0 + 2]
            }
        }
        let resampling = Resampling(from: (size[0], size[1]), to: (shape[0], shape[1]))
        // Weights sum to 1 only up to rounding.
        values = resampling(values, channels: shape[2]).map { max(-1, min(1, $0)) }
        return Example(values: values, shape: shape, label: label)
    }
}
