public import Buffers
public import Tensors

/// Noise for a batch, each sample's from a stream of its own, so that it does not depend on how samples are grouped.
public struct SampleNoise: Sendable {
    private var streams: [RandomStream]

    /// Noise from one stream a sample, in the order of the batch.
    public init(_ streams: [RandomStream]) {
        self.streams = streams
    }

    /// Noise for drawing samples: sample `i` uses `RandomStream(seed, .sampling, i)`.
    public init(seed: UInt64, samples: Range<UInt64>) {
        self.init(samples.map { RandomStream(seed: seed, purpose: .sampling, index: $0) })
    }

    /// Standard normal numbers; the first axis of `shape` counts the samples.
    public mutating func normal(_ shape: Shape) -> Tensor {
        draw(WhiteNoise(), shape)
    }

    /// Noise of a law; the first axis of `shape` counts the samples.
    public mutating func draw(_ law: any NoiseLaw, _ shape: Shape) -> Tensor {
        precondition(shape[0] == streams.count, "\(shape) of \(streams.count) streams")
        let row = shape.removing(axis: 0)
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for index in streams.indices { values += law.draw(row, using: &streams[index]).floats }
        return Tensor(values, shape)
    }
}
