/// Group norm of `[batch, positions, channels]`: statistics over positions and the channels of a group, biased variance.
public struct GroupNormShape: Sendable, Hashable {
    /// Independent samples.
    public var batch: Int
    /// Positions of a sample.
    public var positions: Int
    /// Channels of a position, a multiple of `groups`.
    public var channels: Int
    /// Parts into which the channels are cut.
    public var groups: Int
    /// Added to the variance.
    public var epsilon: Float
    /// Whether `statistics` holds what the same numbers gave before, so that they need not be read twice.
    public var hasStatistics = false

    /// Makes a group norm.
    public init(batch: Int, positions: Int, channels: Int, groups: Int, epsilon: Float) {
        self.batch = batch
        self.positions = positions
        self.channels = channels
        self.groups = groups
        self.epsilon = epsilon
    }
}

/// Layer norm of `[rows, columns]`, or RMS norm if not centred.
public struct LayerNormShape: Sendable, Hashable {
    /// Independent rows.
    public var rows: Int
    /// Numbers of a row.
    public var columns: Int
    /// Added to the variance or mean square.
    public var epsilon: Float
    /// Whether the mean is subtracted.
    public var centered: Bool
    /// Samples of equally many rows, each with a scale and a shift of its own; with 1 all rows share them.
    public var samples: Int

    /// Makes a layer norm.
    public init(rows: Int, columns: Int, epsilon: Float, centered: Bool = true, samples: Int = 1) {
        self.rows = rows
        self.columns = columns
        self.epsilon = epsilon
        self.centered = centered
        self.samples = samples
    }

    /// Rows of one sample.
    var rowsOfSample: Int { rows / max(1, samples) }
}

/// Attention of `[B, N, H, D]` queries over `[B, M, H, D]` keys and values.
///
/// Results and biases are dense. Queries, keys and values may lie further apart, so that they can be read where one product has put them
/// side by side; the samples of each follow one another without a gap.
public struct AttentionShape: Sendable, Hashable {
    /// The number B of sequences.
    public var batch: Int
    /// The number N of queries.
    public var queries: Int
    /// The number M of keys and values.
    public var keys: Int
    /// The number H of heads.
    public var heads: Int
    /// The number D of elements of a head's vectors.
    public var headSize: Int
    /// The factor of the products of queries and keys.
    public var scale: Float
    /// Batches of the bias `[1 or B, H, N, M]`; 0 without one.
    public var biasBatch: Int
    /// Elements from one token to the next of the queries and of their gradient.
    public var queryStride: Int
    /// Elements from one token to the next of the keys, of the values and of their gradients.
    public var keyStride: Int

    /// Makes an attention of dense tensors; strides can be set afterwards.
    public init(batch: Int, queries: Int, keys: Int, heads: Int, headSize: Int, scale: Float, biasBatch: Int) {
        self.batch = batch
        self.queries = queries
        self.keys = keys
        self.heads = heads
        self.headSize = headSize
        self.scale = scale
        self.biasBatch = biasBatch
        queryStride = heads * headSize
        keyStride = heads * headSize
    }
}
