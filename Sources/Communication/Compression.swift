public import Buffers
public import Configs

/// How float32 values become bytes on the wire, and back.
///
/// A codec is a pure function of values and random numbers; it holds no state between calls. Bytes come from other machines: `decode`
/// must judge them and never trap.
public protocol Compression: Method {
    /// The codec's number in frames; unique, and never used again for another format.
    static var wireID: UInt8 { get }
    /// The codec of the mean of values that came in this one; itself unless that would drop too much of them.
    ///
    /// The mean of several members' sparse values is denser than each of them, and nobody keeps what is dropped of it. The `forMean` of
    /// this codec is the codec itself.
    var forMean: any Compression { get }
    /// The values that must stay together: a part of a round begins at a multiple of it.
    ///
    /// A power of two, at most 4096; 1, by default, if parts may begin anywhere.
    var alignment: Int { get }
    /// Whether values that were decoded, times any positive number, are encoded again without a change; false by default.
    ///
    /// It holds for parts that begin at multiples of `alignment`, as long as no number leaves the range of normal float32 numbers. Only such
    /// a codec can tell a worker what the others will make of its values, as error feedback must know.
    var isProjection: Bool { get }
    /// The largest number of bytes that `count` values can take; a deterministic function of `count`.
    func maximumSize(of count: Int) -> Int
    /// Writes values into the front of `bytes`, which holds at least `maximumSize(of: values.count)`, and returns the bytes used.
    ///
    /// The values are finite and at most 1e30 in magnitude.
    func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int
    /// Reads exactly `values.count` values from all of `bytes`.
    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError)
}

extension Compression {
    /// The codec itself.
    public var forMean: any Compression { self }

    /// Anywhere.
    public var alignment: Int { 1 }

    /// Not known to be one.
    public var isProjection: Bool { false }
}

/// Why bytes are not values.
public enum CompressionError: Error, Sendable, Equatable {
    /// The payload has another length than this many values take.
    case size(expected: Int, found: Int)
    /// A number in the payload is not allowed; `offset` counts bytes from the start of the payload.
    case invalidValue(offset: Int)
}

extension CompressionError: CustomStringConvertible {
    /// One sentence: what was expected and what was found.
    public var description: String {
        switch self {
        case .size(let expected, let found):
            "the compressed part should have \(expected) bytes but has \(found); the sender uses another codec or is faulty"
        case .invalidValue(let offset):
            "the compressed part holds a number that is not allowed at byte \(offset); the sender is faulty"
        }
    }
}
