public import Buffers
import Datasets

/// A sheet of images in rows, to look at.
public enum SampleGrid {
    /// Encodes images as one PNG.
    ///
    /// - Parameters:
    ///   - images: `[N, H, W, C]` in `[-1, 1]` with 1 or 3 channels; values outside are clamped.
    ///   - columns: Images in a row.
    ///   - scale: Every pixel becomes `scale` x `scale` pixels.
    /// - Returns: The bytes of a PNG file.
    /// - Throws: `TrainingError.data` if the sheet is larger than a PNG may be.
    public static func png(_ images: TensorData, columns: Int, scale: Int) throws(TrainingError) -> [UInt8] {
        do {
            return try ImageCodec.encodePNG(layOut(images, columns: columns, scale: scale))
        } catch {
            throw .file(path: "the sheet of samples", reason: "\(error)")
        }
    }

    /// Columns for a number of images: whole rows of ten classes if possible, else about square.
    public static func columns(for count: Int) -> Int {
        if count % 10 == 0, count <= 200 { return 10 }
        return max(1, Int(Double(count).squareRoot().rounded(.up)))
    }

    /// A scale at which small images can be seen.
    public static func scale(forWidth width: Int) -> Int {
        max(1, 64 / max(1, width))
    }

    static func layOut(_ images: TensorData, columns: Int, scale: Int) -> Pixels {
        let (count, height, width, channels) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let shown = channels == 1 ? 1 : 3
        let gap = max(1, scale / 2)
        let rows = (count + columns - 1) / columns
        let cellWidth = width * scale + gap
        let cellHeight = height * scale + gap
        let sheetWidth = columns * cellWidth + gap
        var bytes = [UInt8](repeating: 255, count: sheetWidth * (rows * cellHeight + gap) * shown)
        let values = images.floats
        for index in 0..<count {
            let left = gap + index % columns * cellWidth
            let top = gap + index / columns * cellHeight
            for y in 0..<height * scale {
                for x in 0..<width * scale {
                    let source = ((index * height + y / scale) * width + x / scale) * channels
                    let target = ((top + y) * sheetWidth + left + x) * shown
                    for channel in 0..<shown {
                        bytes[target + channel] = level(values[source + min(channel, channels - 1)])
                    }
                }
            }
        }
        return Pixels(bytes: bytes, width: sheetWidth, height: rows * cellHeight + gap, channels: shown)
    }

    private static func level(_ value: Float) -> UInt8 {
        guard value.isFinite else { return 0 }
        return UInt8(max(0, min(255, ((value + 1) * 127.5).rounded())))
    }
}
