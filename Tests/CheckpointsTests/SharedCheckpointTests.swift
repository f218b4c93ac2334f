import Buffers
import Checkpoints
import TensorFiles
import TestSupport
import Testing

@Suite("Checkpoints of several ranks")
struct SharedCheckpointTests {
    private static let state = CheckpointState(samples: 64, step: 1, plannedSamples: 1000, configDigest: sampleDigest)
    private let directory: TestDirectory
    private let store: CheckpointStore

    init() throws {
        directory = try TestDirectory()
        store = CheckpointStore(directory: directory.path)
    }

    private static func values(_ range: Range<Int>) -> [NamedTensor] {
        [NamedTensor("values", TensorData(range.map { Float($0) }, shape: [range.count]))]
    }

    /// Saves the whole of `total` elements as these parts, one a rank; `leavingOut` ranks write nothing.
    private func save(_ parts: [Range<Int>], of total: Int = 10, leavingOut: Set<Int> = []) throws {
        var first = try store.begin(Self.state, count: parts.count)
        if !leavingOut.contains(0) { try first.addPart("model", Self.values(parts[0]), parts[0], of: total) }
        for rank in 1..<parts.count where !leavingOut.contains(rank) {
            try first.include(
                try Self.join(first.folderPath, rank, parts.count) { (writer) throws(CheckpointError) in
                    try writer.addPart("model", Self.values(parts[rank]), parts[rank], of: total)
                }
            )
        }
        _ = try first.commit()
    }

    private static func join(
        _ folder: String,
        _ rank: Int,
        _ count: Int,
        _ body: (inout CheckpointWriter) throws(CheckpointError) -> Void
    ) throws -> [CheckpointFile] {
        var writer = CheckpointWriter(state, joining: folder, compressionLevel: 3, rank: rank, of: count)
        try body(&writer)
        return writer.files
    }

    private func read(_ total: Int = 10) throws(CheckpointError) -> [Float] {
        let reader = try store.open(CheckpointID(samples: 64))
        var values: [Float] = []
        try reader.eachPart("model", of: total) { values += $0.tensors[0].data.floats }
        return values
    }

    @Test("parts are put together, empty ones too", arguments: [[0..<4, 4..<10], [0..<0, 0..<3, 3..<10, 10..<10]])
    func parts(_ ranges: [Range<Int>]) throws {
        try save(ranges)
        #expect(try read() == (0..<10).map { Float($0) })
        let reader = try store.open(CheckpointID(samples: 64))
        #expect(reader.hasParts("model") && !reader.hasParts("other"))
        #expect(reader.manifest.files[1].name == "model.part-1-of-\(ranges.count).safetensors.zst")
    }

    @Test("a missing part is refused when the checkpoint is opened, so that an older one is used", arguments: 0..<3)
    func missing(_ rank: Int) throws {
        try save([0..<4, 4..<6, 6..<10], leavingOut: [rank])
        let newest = try store.newestValid()
        #expect(newest.reader == nil)
        #expect(
            newest.refused.first?.error.description
                == "\(store.path(of: CheckpointID(samples: 64))): expected parts of 'model' that cover it once, "
                + "found none of rank \(rank) of 3; use another checkpoint"
        )
    }

    @Test(
        "parts that overlap, leave a gap or belong to another whole are refused in one sentence",
        arguments: [
            ([0..<4, 3..<10], 10, "an overlap before element 4"), ([0..<4, 5..<10], 10, "a gap at element 5"),
            ([0..<4, 4..<9], 10, "a gap at element 9"), ([0..<4, 4..<10], 11, "10 elements instead of 11"),
        ]
    )
    func badParts(_ ranges: [Range<Int>], _ total: Int, _ words: String) throws {
        try save(ranges)
        let error = #expect(throws: CheckpointError.self) { try read(total) }
        #expect(error?.description.contains("expected parts of 'model' that cover it once, found \(words);") == true)
    }

    @Test("rank 0 writes what all hold alike, and each rank what it has for itself")
    func own() throws {
        var first = try store.begin(Self.state, count: 3)
        func add(_ writer: inout CheckpointWriter) throws(CheckpointError) {
            try writer.add("shared", Self.values(0..<2))
            try writer.add("numbers", value: [1])
            try writer.add("run.yaml", bytes: [1])
            let rank = writer.rank
            try writer.addOwn("mine", Self.values(rank..<rank + 1))
            try writer.addOwn("mine", value: [rank])
        }
        try add(&first)
        for rank in 1..<3 { try first.include(Self.join(first.folderPath, rank, 3, add)) }
        _ = try first.commit()
        var reader = try store.open(CheckpointID(samples: 64))
        #expect(reader.manifest.files.count == 9)
        for rank in 0..<7 {
            reader.rank = rank
            #expect(try reader.tensors(reader.own("mine"))[0].data.floats == [Float(rank % 3)])
            #expect(try reader.value([Int].self, reader.own("mine")) == [rank % 3])
            #expect(reader.own("shared") == "shared")
        }
    }

    @Test("two ranks cannot add the same file, and a writer that is dropped removes the files of all")
    func dropped() throws {
        do {
            var first = try store.begin(Self.state, count: 2)
            try first.addOwn("mine", Self.values(0..<1))
            let files = try Self.join(first.folderPath, 1, 2) { (writer) throws(CheckpointError) in
                try writer.addOwn("mine", Self.values(1..<2))
            }
            #expect(files.map(\.name) == ["mine.rank-1-of-2.safetensors.zst"])
            try first.include(files)
            #expect(throws: CheckpointError.self) { try first.include(files) }
        }
        #expect(try directory.names().isEmpty)
    }
}
