public import Buffers
public import Configs

/// Where training examples come from.
///
/// Records are numbered through all shards in the order of the manifest, and the same number is the same record on
/// every machine. A source is a value without open files, so that readers on several threads may use copies of it.
public protocol DataSource: Method {
    /// Changes made to each example as it is read, in order.
    var augmentations: [any Augmentation] { get }

    /// What the data is: its shards, image shape and classes.
    func manifest() throws(DatasetError) -> DatasetManifest

    /// Opens the shard at a place of the manifest, verified.
    func shard(_ index: Int) throws(DatasetError) -> Shard
}

/// A change made to an example as it is read, such as mirroring.
public protocol Augmentation: Method {
    /// Changes an example as a pure function of it and of the numbers of `random`, which belong to this sample alone.
    func apply(_ example: inout Example, using random: inout RandomStream)
}
