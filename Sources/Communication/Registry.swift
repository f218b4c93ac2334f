public import Configs

/// The slot `compression`: which bytes carry values between members.
public enum Compressions: MethodSlot {
    /// Any codec.
    public typealias Base = any Compression
    /// `compression`.
    public static let name = "compression"
    /// All codecs, in alphabetical order.
    public static let methods: [any Method.Type] = [
        BFloat16Compression.self,
        Float16Compression.self,
        Float32Compression.self,
        Int8BlockCompression.self,
        OneBitCompression.self,
        Quantile8Compression.self,
        Sparse8Compression.self,
        TernaryCompression.self,
        TopKCompression.self,
        Uniform8Compression.self,
    ]
}

/// The slot `aggregator`: how the members' values become one.
public enum Aggregators: MethodSlot {
    /// Any aggregator.
    public typealias Base = any Aggregator
    /// `aggregator`.
    public static let name = "aggregator"
    /// All aggregators, in alphabetical order.
    public static let methods: [any Method.Type] = [
        CenteredClip.self,
        MedianAggregator.self,
        NormBoundedMean.self,
        TrimmedMeanAggregator.self,
        WeightedMean.self,
    ]
}
