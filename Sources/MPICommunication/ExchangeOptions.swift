public import Communication

/// How the ranks of an MPI job exchange values.
///
/// Path and buckets never change the bits of a mean; a compression that is not exact does.
public struct ExchangeOptions: Sendable {
    /// What the values pass through.
    public var path: ExchangePath
    /// Bytes of float32 that are exchanged at a time; nil: 4 MiB, or what `chooseExchange` finds.
    public var bucketBytes: Int?
    /// The codec between hosts; within a host nothing is encoded.
    public var compression: any Compression
    /// Whether ranks bring what the codec has made of their values; sums of several then go as sums do, so that nothing more is dropped.
    public var isProjected = false

    /// The options; every default is the choice of the group.
    public init(
        path: ExchangePath = .automatic,
        bucketBytes: Int? = nil,
        compression: any Compression = Float32Compression()
    ) {
        self.path = path
        self.bucketBytes = bucketBytes
        self.compression = compression
    }
}
