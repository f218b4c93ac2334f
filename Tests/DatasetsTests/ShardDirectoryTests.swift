import Datasets
import TensorFiles
import TestSupport
import Testing

@Suite("A directory of shards")
struct ShardDirectoryTests {
    @Test("a changed, shortened or missing shard is refused by name")
    func damaged() throws {
        let directory = try TestDirectory()
        let manifest = try ShardWriter.export(Digits(), to: directory.path)
        let source = ShardDirectory(path: directory.path)
        let name = "\(manifest.shards[0].digest).safetensors"
        var bytes = try directory.read(name)
        bytes[bytes.count / 2] ^= 1
        try directory.write(bytes, to: name)
        #expect(text { _ = try source.shard(0) }.contains("expected the SHA-256 of"))
        try directory.write(Array(bytes.prefix(1000)), to: name)
        #expect(text { _ = try source.shard(0) }.contains("expected the SHA-256 of"))
        try TensorFiles.Folder.remove(directory.file(name))
        #expect(text { _ = try source.shard(0) }.contains(name))
    }

    @Test("a missing path, directory or manifest has a sentence of its own")
    func missing() throws {
        let directory = try TestDirectory()
        #expect(
            text { _ = try ShardDirectory().manifest() }
                == "the data source 'shard-directory' needs a path; set data.path"
        )
        #expect(
            text { _ = try ShardDirectory(path: "/nowhere/at/all").manifest() }
                == "expected a directory at '/nowhere/at/all', found none; correct the path of the data"
        )
        #expect(text { _ = try ShardDirectory(path: directory.path).manifest() }.contains("manifest.json"))
        try directory.write(Array("{\"version\": 1".utf8), to: "manifest.json")
        #expect(text { _ = try ShardDirectory(path: directory.path).manifest() }.contains("it is not valid JSON"))
    }

    private func text(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}
