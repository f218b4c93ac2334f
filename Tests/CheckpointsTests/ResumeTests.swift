import Checkpoints
import TensorFiles
import TestSupport
import Testing

@Suite("Saving and resuming")
struct ResumeTests {
    @Test("a state survives with all its bits, compressed or not", arguments: [nil, 3])
    func roundTrip(_ level: Int?) throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.file("checkpoints"), compressionLevel: level)
        let id = try store.save(7, samples: 640)
        #expect(id.description == "000000000640")
        #expect(try directory.names("checkpoints") == ["000000000640"])
        let reader = try #require(try store.newestValid().reader)
        #expect(try store.newestState() == SampleState(seed: 7))
        #expect(reader.manifest.state.samples == 640 && reader.manifest.state.step == 7)
        #expect(reader.manifest.state.configDigest == sampleDigest)
        let suffix = level == nil ? "" : ".zst"
        #expect(reader.manifest.files.map(\.name) == ["model.safetensors\(suffix)", "counters.json", "config.yaml"])
    }

    @Test("the newest checkpoint is found and an empty store has none")
    func newest() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.file("checkpoints"))
        #expect(try store.list().isEmpty && store.newestState() == nil)
        for samples in [64, 1_000_000, 128] as [UInt64] {
            try store.save(samples, samples: samples)
        }
        #expect(try store.list().map(\.samples) == [64, 128, 1_000_000])
        #expect(try store.newestState() == SampleState(seed: 1_000_000))
        #expect(try store.open(CheckpointID(samples: 64)).id.samples == 64)
    }

    @Test("a checkpoint of the same samples is replaced whole")
    func replaced() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        try store.save(1, samples: 64)
        try store.save(2, samples: 64)
        #expect(try directory.names() == ["000000000064"])
        #expect(try store.newestState() == SampleState(seed: 2))
    }

    @Test("equal states have equal manifests, other states other ones")
    func digests() throws {
        let first = try TestDirectory()
        let second = try TestDirectory()
        let digests = try [(first, 1), (second, 1), (second, 2)].map { directory, seed in
            let store = CheckpointStore(directory: directory.path)
            return try store.open(store.save(UInt64(seed), samples: 64)).manifest.digest
        }
        #expect(digests[0] == digests[1] && digests[1] != digests[2])
    }

    @Test("a writer that is dropped leaves nothing")
    func dropped() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        do {
            var writer = try store.begin(
                CheckpointState(samples: 1, step: 1, plannedSamples: 2, configDigest: sampleDigest)
            )
            try SampleState(seed: 1).save(&writer)
            #expect(try directory.names().count == 1)
        }
        #expect(try directory.names().isEmpty)
    }

    @Test("what the checkpoint does not have is reported with what to do")
    func missing() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        let reader = try store.open(store.save(1, samples: 64))
        let path = directory.file("000000000064")
        #expect(throws: CheckpointError.noFile(path: path, name: "average.safetensors")) {
            try reader.tensors("average")
        }
        #expect(throws: CheckpointError.noFile(path: path, name: "x.json")) { try reader.value(Int.self, "x") }
        #expect(throws: CheckpointError.self) { try reader.value([Int].self, "counters") }
        #expect(reader.hasTensors("model") && !reader.hasTensors("average"))
        try reader.require("layout", "abc", "the layout")
        let error = #expect(throws: CheckpointError.self) { try reader.require("layout", "def", "the layout") }
        #expect(error?.description == "\(path): expected the layout def, found abc; use a checkpoint of this run")
    }

    @Test("names that could leave the folder are refused", arguments: ["../a", "a/b", ".a", "", "ä", "manifest.json"])
    func names(_ name: String) throws {
        let directory = try TestDirectory()
        var writer = try CheckpointStore(directory: directory.path).begin(
            CheckpointState(samples: 1, step: 1, plannedSamples: 2, configDigest: sampleDigest)
        )
        #expect(throws: CheckpointError.self) { try writer.add(name, bytes: [1]) }
    }
}
