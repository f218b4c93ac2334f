import Coordination
import Foundation
import Hummingbird
import Testing

@testable import CoordinatorServer

@Suite("Blobs and checkpoints")
struct BlobTests {
    @Test("What was put can be got, whole, in parts, and its size alone")
    func roundTrip() async throws {
        let bench = try Bench()
        try await bench.serve(bench.open()) { client in
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let file = try await client.upload(bytes, name: "x")
            #expect(try await client.send(.put, "/v1/blobs/\(file.digest)", bytes).status == 200)
            #expect(try await client.send(.get, "/v1/blobs/\(file.digest)").bytes == bytes)
            let head = try await client.send(.head, "/v1/blobs/\(file.digest)")
            #expect(head.status == 200 && head.headers[.contentLength] == "300000")
            let part = try await client.send(.get, "/v1/blobs/\(file.digest)", headers: [.range: "bytes=299990-"])
            #expect(part.status == 206 && part.bytes == Array(bytes.suffix(10)))
            #expect(part.headers[.contentRange] == "bytes 299990-299999/300000")
            let beyond = try await client.send(.get, "/v1/blobs/\(file.digest)", headers: [.range: "bytes=300000-"])
            #expect(beyond.status == 416)
        }
    }

    @Test("A refusal of HEAD has no body")
    func refusedHead() async throws {
        let bench = try Bench()
        try await bench.serve(bench.open()) { client in
            for path in ["/v1/blobs/" + String(repeating: "0", count: 64), "/v1/blobs/x", "/v1/nothing"] {
                let answer = try await client.send(.head, path)
                #expect(answer.status >= 400 && answer.bytes.isEmpty)
            }
        }
    }

    @Test("Bytes of another digest are refused and leave nothing behind")
    func mismatch() async throws {
        let bench = try Bench()
        try await bench.serve(bench.open()) { client in
            let promised = try digest(of: [1, 2, 3])
            let answer = try await client.send(.put, "/v1/blobs/\(promised)", [1, 2, 4])
            #expect(answer.status == 422)
            #expect(try await client.send(.get, "/v1/blobs/\(promised)").status == 404)
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.incoming).isEmpty)
        }
    }

    @Test(
        "A range header is read strictly",
        arguments: [
            ("bytes=0-0", 0...0), ("bytes=5-", 5...9), ("bytes=-3", 7...9), ("bytes=2-99", 2...9), ("bytes=-99", 0...9),
        ]
    )
    func ranges(text: String, expected: ClosedRange<Int>) {
        #expect(ByteRange.parse(text, size: 10) == expected)
    }

    @Test(
        "A range that cannot be served is none",
        arguments: [
            "", "bytes", "bytes=", "bytes=-", "bytes=10-", "bytes=3-2", "bytes=0-1,3-4", "bytes=-0", "items=0-1",
        ]
    )
    func badRanges(text: String) { #expect(ByteRange.parse(text, size: 10) == nil) }

    @Test("A checkpoint whose files are not here, or that is not sound, is refused, all or nothing")
    func missingBlob() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        try await bench.serve(application) { client in
            var worker = try FakeWorker(1, client)
            var instruction = try await worker.join(wait: 0)
            for _ in 0..<5 { instruction = try #require(try await worker.follow(instruction, wait: 0)) }
            let mark = await application.coordinator.state.mark
            #expect(mark.samples == 16)
            let here = try await client.upload([1], name: "a")
            let files = [here, CheckpointFile(name: "b", digest: try digest(of: [9]), bytes: 1)]
            let request = CheckpointRequest(peer: worker.peer, generation: 0, files: files)
            let bytes = Array(try JSONEncoder().encode(request))
            #expect(try await client.send(.put, "/v1/checkpoints/16", bytes).status == 409)
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.checkpoints).isEmpty)
            #expect(try await client.save(mark, by: worker.peer, content: 32).status == 422)
            let empty = CheckpointRequest(peer: worker.peer, generation: 0, files: [here])
            #expect(
                try await client.send(.put, "/v1/checkpoints/16", Array(JSONEncoder().encode(empty))).status == 422
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.checkpoints).isEmpty)
            #expect(try await client.save(mark, by: worker.peer).status == 200)
            #expect(try await client.save(mark, by: worker.peer).status == 200)
            #expect(await application.coordinator.state.checkpoints.count == 1)
        }
    }

    @Test("Checkpoints that are not kept any longer go from the disk, with blobs that nothing else needs")
    func retention() async throws {
        let bench = try Bench(
            Bench.yaml.replacingOccurrences(of: "every: 32 samples, keep: 2", with: "every: 16 samples, keep: 1")
        )
        let application = try await bench.open()
        try await bench.serve(application) { client in
            var worker = try FakeWorker(1, client)
            try await worker.live()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.checkpoints) == ["000000000064"])
        let blobs = try FileManager.default.contentsOfDirectory(atPath: bench.folder.blobs)
        #expect(blobs.filter { $0 != "incoming" }.count == 3)
    }
}
