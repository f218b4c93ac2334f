import Coordination
import Foundation
import TensorFiles
import TestSupport
import Testing
import Training

@testable import Worker

@Suite("Files from a coordinator", .timeLimit(.minutes(2)))
struct RemoteFilesTests {
    private let scene: Scene
    private let client: CoordinatorClient

    init() async throws {
        scene = try await Scene(length: 24)
        client = try scene.client()
    }

    /// Hands bytes in and names them as a file.
    private func upload(_ bytes: [UInt8], name: String) throws -> CheckpointFile {
        let digest = try #require(ContentDigest(rawValue: Digest(of: bytes).description))
        try client.put("/v1/blobs/\(digest)", bytes, type: "application/octet-stream")
        return CheckpointFile(name: name, digest: digest, bytes: UInt64(bytes.count))
    }

    private func expect(_ isWanted: (WorkerError) -> Bool, from body: () throws -> Void) {
        let error = #expect(throws: WorkerError.self, performing: body)
        #expect(error.map(isWanted) == true, "\(error as Any)")
    }

    @Test("are fetched whole, kept if they are right and replaced if they are not")
    func fetches() throws {
        defer { client.close() }
        var generator = SeededGenerator(seed: 5)
        // More than one piece of 4 MiB, and less.
        let contents = [generator.bytes(5 << 20), generator.bytes(1000)]
        let files = [try upload(contents[0], name: "large"), try upload(contents[1], name: "small")]
        #expect(try client.has("/v1/blobs/\(files[0].digest)"))
        let remote = RemoteFiles(client)
        let folder = scene.directory.file("fetched")
        try remote.fetch(files, into: folder)
        #expect(try scene.directory.names("fetched") == ["large", "small"])
        #expect(try scene.directory.read("fetched/large") == contents[0])
        #expect(try scene.directory.read("fetched/small") == contents[1])
        let number = { (name: String) in
            try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.systemFileNumber] as? UInt64
        }
        let kept = try number("large")
        try scene.directory.write([1, 2, 3], to: "fetched/small")
        try remote.fetch(files, into: folder)
        #expect(try scene.directory.read("fetched/small") == contents[1])
        #expect(try number("large") == kept)
        #expect(try remote.bytes(of: files[1].digest) == contents[1])
    }

    @Test("are refused if they are not what was announced, and leave nothing behind")
    func refuses() throws {
        defer { client.close() }
        let file = try upload(Array("some bytes".utf8), name: "file")
        let remote = RemoteFiles(client)
        let folder = scene.directory.file("fetched")
        for bytes: UInt64 in [4, 11] {
            let wrong = CheckpointFile(name: "file", digest: file.digest, bytes: bytes)
            expect {
                if case .corrupt(file.digest.rawValue) = $0 { true } else { false }
            } from: {
                try remote.fetch([wrong], into: folder)
            }
        }
        for name in ["../outside", "/outside", ".hidden", "a/b", ""] {
            let wrong = CheckpointFile(name: name, digest: file.digest, bytes: file.bytes)
            expect {
                if case .unexpected = $0 { true } else { false }
            } from: {
                try remote.fetch([wrong], into: folder)
            }
        }
        let unknown = try #require(ContentDigest(rawValue: String(repeating: "0", count: 64)))
        #expect(try !client.has("/v1/blobs/\(unknown)"))
        expect {
            if case .refused = $0 { true } else { false }
        } from: {
            _ = try remote.bytes(of: unknown)
        }
        #expect(try !scene.directory.names("fetched").contains("file"))
        #expect(try !scene.directory.names().contains("outside"))
    }

    @Test("need a token that the coordinator knows")
    func tokens() throws {
        client.close()
        let config = try WorkerConfig(address: scene.address, tokenFile: nil, cache: nil)
        let stranger = CoordinatorClient(config, until: StopSignal())
        defer { stranger.close() }
        #expect(try stranger.get("/v1/status", as: StatusReply.self).name == "scene")
        let run = Array(Scene.yaml(length: 24).utf8)
        let digest = try #require(ContentDigest(rawValue: Digest(of: run).description))
        expect {
            if case .refused(let reason) = $0 { reason.contains("The token is missing") } else { false }
        } from: {
            _ = try RemoteFiles(stranger).bytes(of: digest)
        }
    }
}
