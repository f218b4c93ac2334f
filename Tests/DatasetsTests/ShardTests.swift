import Buffers
import TensorFiles
import TestSupport
import Testing

@testable import Datasets

@Suite("Shards")
struct ShardTests {
    private func write(_ tensors: [NamedTensor], metadata: [String: String]) throws -> Shard {
        try Shard(SafetensorsReader(bytes: SafetensorsWriter.encode(tensors, metadata: metadata), name: "test"))
    }

    private let metadata = ShardFormat.metadata(white: 16)
    private let images = NamedTensor("images", TensorData([UInt8](0..<8), shape: [2, 2, 2, 1]))

    @Test("digits written as shards are read back record by record, the same bytes every time")
    func roundTrip() throws {
        let (first, second) = (try TestDirectory(), try TestDirectory())
        let manifest = try ShardWriter.export(Digits(), to: first.path, shardBytes: 20_000)
        #expect(try ShardWriter.export(Digits(), to: second.path, shardBytes: 20_000) == manifest)
        #expect(try first.names() == second.names())
        // 312 images of 64 bytes fit into 20,000.
        #expect(manifest.shards.map(\.count) == [312, 312, 312, 312, 252])
        let source = ShardDirectory(path: first.path)
        #expect(try source.manifest() == manifest)
        let original = try Digits().shard(0)
        for record in [0, 311, 312, 1000, 1499] {
            let place = manifest.place(of: record)
            let found = try source.shard(place.shard).record(place.row)
            let expected = try original.record(record)
            let decoder = ImageDecoder(shape: [8, 8, 1])
            #expect(try decoder.decode(found).values == decoder.decode(expected).values)
            #expect(found.label == expected.label)
        }
    }

    @Test("image files and pixels may follow each other, each kind in its own shard")
    func mixedKinds() throws {
        let directory = try TestDirectory()
        let writer = try ShardWriter(directory: directory.path, name: "mixed", image: [4, 6, 3], classes: 0)
        try writer.add(Record(image: .encoded(Fixtures.jpeg), label: nil))
        try writer.add(Record(image: .encoded(Fixtures.webp), label: nil))
        try writer.add(Record(image: .pixels([1, 2, 3], shape: [1, 1, 3], white: 255), label: nil))
        let manifest = try writer.finish()
        #expect(manifest.shards.map(\.count) == [2, 1])
        let shard = try ShardDirectory(path: directory.path).shard(0)
        guard case .encoded(let bytes) = try shard.record(1).image else { throw Unexpected() }
        #expect(bytes == Fixtures.webp)
        #expect(try shard.record(1).label == nil)
        let loader = try BatchLoader(source: ShardDirectory(path: directory.path), image: [4, 6, 3], seed: 1)
        #expect(try loader.records(0..<3).condition.labels == nil)
    }

    @Test("a record whose label is no class is not written")
    func badLabel() throws {
        let directory = try TestDirectory()
        let writer = try ShardWriter(directory: directory.path, name: "a", image: [1, 1, 1], classes: 2)
        for label in [nil, -1, 2] {
            let record = Record(image: .pixels([1], shape: [1, 1, 1], white: 1), label: label)
            #expect(throws: DatasetError.self) { try writer.add(record) }
        }
        #expect(throws: DatasetError.self) { try writer.finish() }
        #expect(try directory.names().isEmpty)
    }

    @Test("a manifest that contradicts itself is refused")
    func badManifest() throws {
        let good = String(decoding: try Digits().manifest().encoded(), as: UTF8.self)
        #expect(try DatasetManifest.decoded(Array(good.utf8), path: "m") == Digits().manifest())
        let changes = [
            ("\"version\" : 1", "\"version\" : 2"), ("\"classes\" : 10", "\"classes\" : 11"), ("\"name\"", "\"nome\""),
            ("\"count\" : 1500,\n  \"image\"", "\"count\" : 1499,\n  \"image\""),
            ("\"digest\" : \"", "\"digest\" : \"../"),
            ("    8,\n    8,", "    8,\n    0,"), ("\"bytes\" : ", "\"bytes\" : -"),
            ("\"bytes\" : ", "\"bytes\" : 1e30"),
        ]
        for (old, new) in changes {
            let bad = good.replacing(old, with: new)
            #expect(bad != good, "\(old)")
            #expect(throws: DatasetError.self, "\(new)") { try DatasetManifest.decoded(Array(bad.utf8), path: "m") }
        }
    }

    @Test("a shard with wrong tensors, offsets, labels or metadata is refused")
    func hostile() throws {
        let offsets = { (values: [Int64]) in NamedTensor("offsets", TensorData(values, shape: [values.count])) }
        let labels = { (values: [Int64]) in NamedTensor("labels", TensorData(values, shape: [values.count])) }
        let bytes = NamedTensor("bytes", TensorData([UInt8](0..<8), shape: [8]))
        let bad: [[NamedTensor]] = [
            [], [bytes], [offsets([0, 8])],
            [NamedTensor("images", TensorData([UInt8](0..<8), shape: [2, 4]))],
            [NamedTensor("images", TensorData([UInt8](0..<8), shape: [1, 2, 2, 2]))],
            [NamedTensor("images", TensorData([UInt8](), shape: [0, 2, 2, 1]))],
            [NamedTensor("images", TensorData([Float](repeating: 0, count: 8), shape: [2, 2, 2, 1]))],
            [bytes, offsets([0])], [bytes, offsets([1, 8])], [bytes, offsets([0, 5, 4, 8])], [bytes, offsets([0, 9])],
            [bytes, offsets([0, 7])], [bytes, offsets([0, -1, 8])], [bytes, offsets([0, .max, 8])],
            [images, labels([1])], [images, labels([1, -1])], [images, labels([1, .max])],
        ]
        for tensors in bad {
            let names = tensors.map { "\($0.name) \($0.data.shape)" }
            #expect(throws: DatasetError.self, "\(names)") { try write(tensors, metadata: metadata) }
        }
        for (key, value) in [("format", "other"), ("version", "2"), ("white", "0"), ("white", "256"), ("white", "x")] {
            #expect(throws: DatasetError.self) { try write([images], metadata: metadata.merging([key: value]) { $1 }) }
        }
        #expect(try write([images, labels([0, 1])], metadata: metadata).count == 2)
        #expect(try write([bytes, offsets([0, 0, 8])], metadata: metadata).count == 2)
    }

    @Test("damaged shards and manifests give errors, never a trap")
    func fuzzed() throws {
        let labels = NamedTensor("labels", TensorData([Int64](0..<2), shape: [2]))
        let bytes = NamedTensor("bytes", TensorData(Fixtures.webp, shape: [Fixtures.webp.count]))
        let offsets = NamedTensor("offsets", TensorData([0, 60, Int64(Fixtures.webp.count)], shape: [3]))
        let corpus = [
            SafetensorsWriter.encode([labels, images], metadata: metadata),
            SafetensorsWriter.encode([labels, offsets, bytes], metadata: metadata),
        ]
        let decoder = ImageDecoder(shape: [3, 5, 3])
        try fuzz(corpus: corpus, dictionary: ["images", "offsets", "\"U8\"", "[2,2,2,1]"]) { file in
            guard let shard = try? Shard(SafetensorsReader(bytes: file, name: "fuzz")), shard.count < 1000 else {
                return
            }
            for row in 0..<shard.count {
                guard let example = try? decoder.decode(shard.record(row)) else { continue }
                try #require(example.values.allSatisfy { $0 >= -1 && $0 <= 1 })
            }
        }
        try fuzz(corpus: [try Digits().manifest().encoded()], rounds: 500, dictionary: ["\"count\"", "1e99"]) { file in
            guard let manifest = try? DatasetManifest.decoded(file, path: "fuzz") else { return }
            try #require(manifest.count == manifest.shards.reduce(0) { $0 + $1.count })
        }
    }
}

private struct Unexpected: Error {}
