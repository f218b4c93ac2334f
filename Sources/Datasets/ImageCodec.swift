import CImageCodecs

/// 8-bit pixels, row-major, channels last.
public struct Pixels: Sendable, Hashable {
    /// Levels 0...255, `[height, width, channels]`.
    public var bytes: [UInt8]
    /// Pixels across.
    public let width: Int
    /// Pixels down.
    public let height: Int
    /// 1 for grey, 3 for red, green, blue.
    public let channels: Int

    /// Makes an image; `bytes` must fill it.
    public init(bytes: [UInt8], width: Int, height: Int, channels: Int) {
        precondition(
            bytes.count == width * height * channels,
            "\(bytes.count) bytes for \(width)x\(height)x\(channels)"
        )
        self.bytes = bytes
        self.width = width
        self.height = height
        self.channels = channels
    }
}

/// Image files to pixels and pixels to PNG.
///
/// A file's header is judged before memory for its pixels is taken; see ``ImageFault`` for the limits. Transparent
/// images are laid on white.
public enum ImageCodec {
    /// The longest file that is decoded, in bytes.
    public static let maximumFileSize = 64 << 20

    /// The width, height and channels that the header of a PNG, JPEG or WebP file states.
    public static func inspect(_ file: [UInt8]) throws(ImageFault) -> (width: Int, height: Int, channels: Int) {
        guard file.count <= maximumFileSize else { throw .tooLarge }
        var info = ci_info()
        try check(file.withUnsafeBufferPointer { ci_inspect($0.baseAddress, $0.count, &info) })
        return (Int(info.width), Int(info.height), Int(info.channels))
    }

    /// Decodes a PNG, JPEG or WebP file.
    ///
    /// Grey files give one channel, all others three.
    public static func decode(_ file: [UInt8]) throws(ImageFault) -> Pixels {
        let size = try inspect(file)
        let count = size.width * size.height * size.channels
        var status = ci_ok
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
            // Rows that a broken file does not fill must not show what the memory held before.
            pixels.initialize(repeating: 0)
            status = file.withUnsafeBufferPointer {
                ci_decode($0.baseAddress, $0.count, pixels.baseAddress, count)
            }
            initialized = count
        }
        try check(status)
        return Pixels(bytes: bytes, width: size.width, height: size.height, channels: size.channels)
    }

    /// Encodes 8-bit pixels of 1 or 3 channels as a PNG file; the same pixels give the same bytes.
    public static func encodePNG(_ image: Pixels) throws(ImageFault) -> [UInt8] {
        guard image.channels == 1 || image.channels == 3 else { throw .unsupported }
        let side = 1...Int(CI_MAXIMUM_SIDE)
        guard side.contains(image.width), side.contains(image.height) else { throw .tooLarge }
        let (width, height, channels) = (Int32(image.width), Int32(image.height), Int32(image.channels))
        let capacity = ci_png_bound(width, height, channels)
        var status = ci_ok
        let file = [UInt8](unsafeUninitializedCapacity: capacity) { bytes, initialized in
            status = image.bytes.withUnsafeBufferPointer {
                ci_encode_png($0.baseAddress, width, height, channels, bytes.baseAddress, capacity, &initialized)
            }
        }
        try check(status)
        return file
    }

    private static func check(_ status: ci_status) throws(ImageFault) {
        switch status {
        case ci_ok: return
        case ci_unknown_format: throw .unknownFormat
        case ci_truncated: throw .truncated
        case ci_too_large: throw .tooLarge
        case ci_unsupported: throw .unsupported
        case ci_out_of_memory: throw .outOfMemory
        default: throw .corrupt
        }
    }
}
