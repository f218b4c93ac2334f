import Buffers
import Datasets
import TensorFiles
import TestSupport
import Testing

@Suite("The shard cache")
struct ShardCacheTests {
    /// A data set in three shards, and the bytes of each.
    private func dataSet(_ directory: TestDirectory) throws -> (DatasetManifest, [[UInt8]]) {
        let manifest = try ShardWriter.export(Digits(), to: directory.file("data"), shardBytes: 40_000)
        let files = try manifest.shards.map { try directory.read("data/\($0.digest).safetensors") }
        return (manifest, files)
    }

    @Test("fetched shards and their manifest are a data source")
    func asSource() throws {
        let directory = try TestDirectory()
        let (manifest, files) = try dataSet(directory)
        let cache = try ShardCache(directory: directory.file("cache"), capacity: 1 << 20)
        #expect(cache.missing(from: manifest) == manifest.shards)
        for (info, file) in zip(manifest.shards, files) { try cache.store(file, digest: info.digest) }
        try cache.store(manifest)
        #expect(cache.missing(from: manifest).isEmpty)
        #expect(cache.byteCount == UInt64(files.reduce(0) { $0 + $1.count }))
        let image = manifest.image
        let copy = try BatchLoader(source: ShardDirectory(path: cache.directory), image: image, seed: 1).records(
            0..<1500
        )
        let original = try BatchLoader(source: Digits(), image: image, seed: 1).records(0..<1500)
        #expect(copy.images.floats == original.images.floats && copy.condition.labels == original.condition.labels)
    }

    @Test("bytes that are not those asked for are refused and not kept")
    func wrongBytes() throws {
        let directory = try TestDirectory()
        let (manifest, files) = try dataSet(directory)
        let cache = try ShardCache(directory: directory.file("cache"), capacity: 1 << 20)
        var damaged = files[0]
        damaged[100] ^= 1
        #expect(throws: DatasetError.self) { try cache.store(damaged, digest: manifest.shards[0].digest) }
        #expect(!cache.contains(manifest.shards[0].digest))
        #expect(try directory.names("cache").isEmpty)
        #expect(throws: DatasetError.self) { try cache.shard(manifest.shards[0].digest) }
    }

    @Test("the least recently used copy makes room, and a cache opened again knows its copies")
    func eviction() throws {
        let directory = try TestDirectory()
        let (manifest, files) = try dataSet(directory)
        let digests = manifest.shards.map(\.digest)
        let capacity = UInt64(max(files[0].count, files[2].count) + files[1].count)
        let cache = try ShardCache(directory: directory.file("cache"), capacity: capacity)
        try cache.store(files[0], digest: digests[0])
        try cache.store(files[1], digest: digests[1])
        #expect(try cache.shard(digests[0]).count == manifest.shards[0].count)
        try cache.store(files[2], digest: digests[2])
        #expect(!cache.contains(digests[1]) && cache.contains(digests[2]))
        #expect(cache.byteCount <= capacity)
        let again = try ShardCache(directory: directory.file("cache"), capacity: capacity)
        #expect(again.byteCount == cache.byteCount && again.contains(digests[2]))
        #expect(throws: DatasetError.self) {
            try ShardCache(directory: directory.file("tiny"), capacity: 10).store(files[0], digest: digests[0])
        }
    }

    @Test("a copy that went bad on the disk is removed when it is opened")
    func rotten() throws {
        let directory = try TestDirectory()
        let (manifest, files) = try dataSet(directory)
        let digest = manifest.shards[0].digest
        let cache = try ShardCache(directory: directory.file("cache"), capacity: 1 << 20)
        try cache.store(files[0], digest: digest)
        try directory.write(Array(files[0].dropLast()), to: "cache/\(digest).safetensors")
        #expect(throws: DatasetError.self) { try cache.shard(digest) }
        #expect(!cache.contains(digest))
        try cache.store(files[0], digest: digest)
        #expect(try cache.shard(digest).count == manifest.shards[0].count)
    }
}
