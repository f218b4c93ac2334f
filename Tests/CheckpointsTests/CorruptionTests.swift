import Checkpoints
import TensorFiles
import TestSupport
import Testing

@Suite("Corruption")
struct CorruptionTests {
    private let directory: TestDirectory
    private let store: CheckpointStore

    init() throws {
        directory = try TestDirectory()
        store = CheckpointStore(directory: directory.path)
        try store.save(1, samples: 64)
        try store.save(2, samples: 128)
    }

    private let id = CheckpointID(samples: 128)

    private func refusal() -> String? {
        do throws(CheckpointError) {
            _ = try store.open(id)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a truncated file is named in one sentence, and the older checkpoint is found")
    func truncated() throws {
        let name = "000000000128/model.safetensors.zst"
        let bytes = try directory.read(name)
        try directory.write(Array(bytes.dropLast(5)), to: name)
        #expect(
            refusal()
                == "\(directory.file(name)): expected \(bytes.count) bytes, found \(bytes.count - 5); "
                + "the file is truncated, use another checkpoint"
        )
        let newest = try store.newestValid()
        #expect(newest.reader?.id == CheckpointID(samples: 64))
        #expect(newest.refused.map(\.id) == [id])
    }

    @Test("a flipped bit anywhere in any file is found and the file is named")
    func flipped() throws {
        var random = SeededGenerator(seed: 1)
        for name in try directory.names("000000000128") {
            let file = "000000000128/\(name)"
            let bytes = try directory.read(file)
            for _ in 0..<40 {
                var changed = bytes
                changed[random.int(0...(bytes.count - 1))] ^= 1 << random.int(0...7)
                try directory.write(changed, to: file)
                let message = refusal()
                // A flip in the manifest's blanks changes nothing that it says.
                let isHarmless = name == "manifest.json" && message == nil
                #expect(isHarmless || message?.contains(name) == true, "\(message ?? "accepted")")
                if isHarmless {
                    #expect(try store.newestState() == SampleState(seed: 2))
                }
            }
            try directory.write(bytes, to: file)
        }
        #expect(refusal() == nil)
    }

    @Test("a missing file, a missing manifest and another checkpoint's folder are refused")
    func missing() throws {
        let folder = directory.file("000000000128")
        try Folder.remove("\(folder)/counters.json")
        #expect(
            refusal()
                == "\(folder)/counters.json: expected a file that the manifest lists, found none; "
                + "use another checkpoint"
        )
        try Folder.remove("\(folder)/manifest.json")
        #expect(
            refusal()
                == "\(folder): expected a manifest.json, found none; the folder is no finished checkpoint, "
                + "use another"
        )
        try Folder.remove(folder)
        try Folder.rename(directory.file("000000000064"), to: folder)
        #expect(
            refusal()
                == "\(folder): expected the state after sample 000000000128, found 000000000064; "
                + "use a checkpoint of this run"
        )
    }

    @Test("another version and a manifest that is none are refused")
    func manifests() throws {
        let file = "000000000128/manifest.json"
        let text = String(decoding: try directory.read(file), as: UTF8.self)
        let newer = text.replacing("\"version\" : 1", with: "\"version\" : 2")
        #expect(newer != text)
        try directory.write(Array(newer.utf8), to: file)
        #expect(
            refusal()
                == "\(directory.file(file)): expected format version 1, found 2; use a program of that version"
        )
        let escaping = text.replacing("\"counters.json\"", with: "\"../000000000064/counters.json\"")
        for hostile in ["", "{}", "[]", "null", escaping, "{\"format\":\"difftrain-checkpoint\",\"version\":1}"] {
            try directory.write(Array(hostile.utf8), to: file)
            #expect(refusal() != nil)
        }
        try directory.write([UInt8](repeating: 0x20, count: (4 << 20) + 1), to: file)
        #expect(refusal()?.contains("expected at most 4194304 bytes") == true)
    }

    @Test("damaged manifests never trap")
    func fuzzed() throws {
        let file = "000000000128/manifest.json"
        let bytes = try directory.read(file)
        try fuzz(corpus: [bytes], rounds: 600, dictionary: ["\"files\"", "-1", "1e400", "{}", "[]", "../"]) { damaged in
            try directory.write(damaged, to: file)
            if refusal() == nil {
                try #require(try store.newestState() == SampleState(seed: 2))
            }
        }
    }

    @Test(
        "folders that are no checkpoints are not listed",
        arguments: [
            "64", "0000000000064", "00000000006x", ".partial-000000000064-abc", "notes", "99999999999999999999999",
        ]
    )
    func otherFolders(_ name: String) throws {
        try Folder.create(directory.file(name))
        #expect(try store.list().map(\.samples) == [64, 128])
    }
}
