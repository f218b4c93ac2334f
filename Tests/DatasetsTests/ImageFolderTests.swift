import Buffers
import Configs
import Datasets
import TensorFiles
import TestSupport
import Testing

@Suite("A folder of images")
struct ImageFolderTests {
    private func png(_ level: UInt8, _ width: Int = 2, _ height: Int = 2) throws -> [UInt8] {
        let bytes = [UInt8](repeating: level, count: width * height)
        return try ImageCodec.encodePNG(Pixels(bytes: bytes, width: width, height: height, channels: 1))
    }

    private func source(_ path: String) -> ImageFolder {
        var folder = ImageFolder()
        folder.path = path
        return folder
    }

    private func text(_ source: ImageFolder) -> String {
        do {
            _ = try source.manifest()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("folders are classes sorted by name, files are sorted by path, other files are passed over")
    func labels() throws {
        let directory = try TestDirectory()
        for folder in ["zebra/deep", "ape"] { try Folder.create(directory.file(folder)) }
        try directory.write(try png(10), to: "zebra/b.png")
        try directory.write(try png(20), to: "zebra/deep/a.PNG")
        try directory.write(Fixtures.jpeg, to: "ape/2.jpeg")
        try directory.write(Fixtures.webp, to: "ape/10.webp")
        try directory.write([1], to: "ape/notes.txt")
        try directory.write([1], to: "ape/.hidden.png")
        let manifest = try source(directory.path).manifest()
        #expect(manifest.labels == ["ape", "zebra"] && manifest.classes == 2 && manifest.count == 4)
        // The first file by bytes is ape/10.webp, 6x5 in colour.
        #expect(manifest.image == [5, 6, 3])
        let shard = try source(directory.path).shard(0)
        #expect(try (0..<4).map { try shard.record($0).label } == [0, 0, 1, 1])
        let names = (0..<4).map { shard.name(of: $0).dropFirst(directory.path.count + 1) }
        #expect(names == ["ape/10.webp", "ape/2.jpeg", "zebra/b.png", "zebra/deep/a.PNG"])
        let batch = try BatchLoader(source: source(directory.path), image: [3, 3, 1], seed: 1).records(0..<4)
        #expect(abs(batch.images.floats[2 * 9] - (10 / 127.5 - 1)) < 1e-6)
        #expect(batch.condition.labels == [0, 0, 1, 1])
    }

    @Test("a folder without folders has no labels, and a size may be asked for")
    func unlabelled() throws {
        let directory = try TestDirectory()
        try directory.write(try png(10, 4, 3), to: "a.png")
        try directory.write(try png(20, 9, 9), to: "b.png")
        var folder = source(directory.path)
        #expect(try folder.manifest().image == [3, 4, 1])
        #expect(try folder.manifest().classes == 0)
        (folder.height, folder.width, folder.channels) = (6, 5, 3)
        #expect(try folder.manifest().image == [6, 5, 3])
        let before = try folder.manifest().shards[0].digest
        try directory.write(try png(20, 9, 10), to: "b.png")
        #expect(try folder.manifest().shards[0].digest != before)
    }

    @Test("a folder that cannot be used has a sentence of its own")
    func errors() throws {
        let directory = try TestDirectory()
        #expect(text(ImageFolder()) == "the data source 'image-folder' needs a path; set data.path")
        #expect(text(source(directory.file("no"))).hasPrefix("expected a directory at"))
        #expect(
            text(source(directory.path)) == "expected PNG, JPEG or WebP files under '\(directory.path)', found none"
        )
        try Folder.create(directory.file("cats"))
        #expect(text(source(directory.path)).contains("cats"))
        try directory.write(try png(1), to: "cats/a.png")
        #expect(text(source(directory.path)) == "no error")
        try directory.write(try png(1), to: "loose.png")
        #expect(text(source(directory.path)).contains("'loose.png' beside them"))
    }

    @Test("sizes are checked when they are read")
    func sizes() throws {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(ImageFolder.self, from: "path: a\nchannels: 2\n", file: "a.yaml")
        }
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(ImageFolder.self, from: "path: a\nheight: -1\n", file: "a.yaml")
        }
        let yaml = "path: a\nheight: 32\naugmentations: [{type: horizontal-flip, probability: 0.25}]\n"
        let folder = try ConfigDecoder.decode(ImageFolder.self, from: yaml, file: "a.yaml")
        #expect((folder.augmentations.first as? HorizontalFlip)?.probability == 0.25)
    }
}
