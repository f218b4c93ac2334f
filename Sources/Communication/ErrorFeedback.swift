public import Buffers
import Configs

/// What a codec dropped of a worker's values, kept for the values that come next.
///
/// With the residual `e`, 0 at first, and values `v`: `a = v + decay e`, `v' = decode(encode(a))`, `e = a - v'` once `v'` was counted. Added
/// up over time nothing is lost but by decay, so that a codec whose error is not 0 on average still leads where it should.
///
/// Source: Karimireddy et al. 2019, arXiv:1901.09847, algorithm 1, for `decay` 1; Sarfi et al. 2025, arXiv:2508.15706, algorithm 1, below 1.
public final class ErrorFeedback {
    /// What was dropped and not sent since.
    public private(set) var residual: FlatBuffer
    private var next: FlatBuffer
    private let codec: any Compression
    private let decay: Float
    private var bytes: [UInt8]

    // Whole blocks of every codec, small enough to stay in a cache.
    private static let piece = 16 * 4096

    /// Nothing is dropped yet of `count` values; `decay` is in `[0, 1]`, and the codec a projection.
    public init(_ codec: any Compression, decay: Float, count: Int) {
        precondition(codec.isProjection && (0...1).contains(decay), "\(type(of: codec).name), decay \(decay)")
        self.codec = codec
        self.decay = decay
        residual = FlatBuffer(count: count)
        next = FlatBuffer(count: count)
        bytes = [UInt8](repeating: 0, count: codec.maximumSize(of: min(count, Self.piece)))
    }

    /// Adds what was dropped before and leaves what the codec makes of the sum; the residual stays as it is until `commit`.
    ///
    /// `round` and `rank` choose the codec's random numbers. False if a sum is not finite or above 1e30; then nothing was written.
    public func compress(_ values: FlatBuffer, round: UInt64, rank: Int) -> Bool {
        precondition(values.count == residual.count, "\(values.count) values for a residual of \(residual.count)")
        next.copy(from: values)
        next.add(residual, scale: decay)
        guard next.withFloats(isUsable) else { return false }
        for start in stride(from: 0, to: values.count, by: Self.piece) {
            let range = start..<min(start + Self.piece, values.count)
            let index = UInt64(rank) << 32 | UInt64(start)
            var random = RandomStream(seed: round, purpose: .rounding, index: index)
            next.withFloats { source in
                values.withMutableFloats { target in
                    project(source.extracting(range), into: target.extracting(range), &random)
                }
            }
        }
        next.add(values, scale: -1)
        return true
    }

    /// The values of the last `compress` were counted: what they lack is the residual now.
    public func commit() {
        swap(&residual, &next)
    }

    /// Forgets what was dropped.
    public func reset() {
        residual.fill(0)
    }

    private func project(
        _ source: UnsafeBufferPointer<Float>,
        into target: UnsafeMutableBufferPointer<Float>,
        _ random: inout RandomStream
    ) {
        let used = bytes.withUnsafeMutableBytes {
            var span = $0.mutableBytes
            return codec.encode(source.span, into: &span, using: &random)
        }
        do throws(CompressionError) {
            try bytes.withUnsafeBufferPointer { (all) throws(CompressionError) in
                var span = target.mutableSpan
                try codec.decode(UnsafeRawBufferPointer(all.extracting(0..<used)).bytes, into: &span)
            }
        } catch {
            preconditionFailure("\(type(of: codec).name) refuses its own bytes: \(error)")
        }
    }
}
