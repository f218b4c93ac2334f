import Coordination
import Foundation
import Hummingbird
import Testing

@testable import CoordinatorServer

@Suite("Calls of the API")
struct APITests {
    private func serve(_ test: @escaping @Sendable (APIClient) async throws -> Void) async throws {
        let bench = try Bench()
        try await bench.serve(bench.open(), test)
    }

    private func expect(_ answer: APIClient.Answer, _ status: Int, _ word: String) throws {
        #expect(answer.status == status)
        let reply: ErrorReply = try answer.decoded()
        #expect(reply.error == word)
        #expect(reply.message.hasSuffix(".") && !reply.message.dropLast().contains(". "))
    }

    @Test("A call without a token, or with a wrong one, is refused with one sentence", arguments: ["", "wrong", "a b"])
    func unauthorized(token: String) async throws {
        try await serve { client in
            var client = client
            client.token = token
            try expect(try await client.join(Bench.peer(1)), 401, "unauthorized")
            try expect(try await client.send(.get, "/v1/blobs/00"), 401, "unauthorized")
        }
    }

    @Test("A revoked token is refused at once")
    func revoked() async throws {
        let bench = try Bench()
        try await bench.serve(bench.open()) { client in
            #expect(try await client.join(Bench.peer(1)).status == 200)
            try TokenStore(bench.folder).revoke("t1")
            #expect(try await client.join(Bench.peer(1)).status == 401)
        }
    }

    @Test("Status, metrics and the dashboard need no token")
    func open() async throws {
        try await serve { client in
            var client = client
            client.token = ""
            for path in ["/", "/dashboard.css", "/dashboard.js", "/metrics", "/v1/status"] {
                #expect(try await client.send(.get, path).status == 200)
            }
            let page = String(decoding: try await client.send(.get, "/").bytes, as: UTF8.self)
            #expect(page.contains("dashboard.js") && !page.contains("http://") && !page.contains("https://"))
        }
    }

    @Test("A body that is no JSON, or lacks a key, is refused", arguments: ["", "{", "[]", #"{"peer": "x"}"#])
    func malformed(text: String) async throws {
        try await serve { client in
            for path in [
                "/v1/join", "/v1/work", "/v1/leases/1/complete", "/v1/rounds/1/result", "/v1/heartbeat", "/v1/presence",
            ] {
                try expect(try await client.send(.post, path, Array(text.utf8)), 400, "malformed")
            }
        }
    }

    @Test("A body that is too long is refused")
    func tooLarge() async throws {
        try await serve { client in
            let bytes = [UInt8](repeating: 32, count: 70_000)
            try expect(try await client.send(.post, "/v1/join", bytes), 413, "too-large")
        }
    }

    @Test("A worker of another protocol is refused with both versions")
    func version() async throws {
        try await serve { client in
            var request = JoinRequest(peer: try Bench.peer(1), name: "w", host: "h", port: 1)
            request.version = 99
            let answer = try await client.post("/v1/join", request)
            try expect(answer, 409, "protocol-version")
            #expect(String(decoding: answer.bytes, as: UTF8.self).contains("99"))
        }
    }

    @Test("Somebody who never joined is told to join")
    func unknownPeer() async throws {
        try await serve { client in
            let answer = try await client.post("/v1/work", WorkRequest(peer: Bench.peer(9), holds: nil))
            try expect(answer, 410, "unknown-peer")
            #expect(try await client.post("/v1/leave", PeerRequest(peer: Bench.peer(9))).status == 200)
        }
    }

    @Test("A path that does not exist is not found")
    func notFound() async throws {
        try await serve { client in try expect(try await client.send(.get, "/v2/join"), 404, "not-found") }
    }

    @Test("One token cannot speak for a peer of another")
    func notOwner() async throws {
        let bench = try Bench()
        let other = try TokenStore(bench.folder).create(name: "other", at: bench.time.now()).text
        try await bench.serve(bench.open()) { client in
            _ = try await client.join(Bench.peer(1))
            var thief = client
            thief.token = other
            try expect(try await thief.post("/v1/leave", PeerRequest(peer: Bench.peer(1))), 403, "not-owner")
            try expect(try await thief.join(Bench.peer(1)), 403, "not-owner")
        }
    }

    @Test("The answer to a join names the run file, which can be fetched by its digest")
    func runFile() async throws {
        try await serve { client in
            let reply: JoinReply = try await client.join(Bench.peer(1)).decoded()
            #expect(reply.name == "bench" && reply.length == 64 && reply.globalBatch == 16)
            #expect(reply.heartbeat == 0.5 && reply.lostAfter == 5 && reply.dataset == nil)
            let file = try await client.send(.get, "/v1/blobs/\(reply.runFile)")
            #expect(file.bytes == Array(Bench.yaml.utf8))
        }
    }

    @Test("A report becomes a line of run.jsonl, once however often it is sent")
    func reports() async throws {
        let bench = try Bench()
        try await bench.serve(bench.open()) { client in
            let peer = try Bench.peer(1)
            _ = try await client.join(peer)
            let line = Array("{\n \"samples\": 0, \"loss\": 0.1, \"text\": \"a b\"}\n".utf8)
            for _ in 0..<2 { #expect(try await client.send(.post, "/v1/reports?peer=\(peer)", line).status == 200) }
            let file = try String(contentsOfFile: bench.folder.reports, encoding: .utf8)
            #expect(file == "{  \"samples\": 0, \"loss\": 0.1, \"text\": \"a b\"}\n")
            try expect(try await client.send(.post, "/v1/reports?peer=\(peer)", Array("[1]".utf8)), 400, "malformed")
            let future = Array(#"{"samples": 999}"#.utf8)
            try expect(try await client.send(.post, "/v1/reports?peer=\(peer)", future), 400, "malformed")
            try expect(try await client.send(.post, "/v1/reports", line), 400, "malformed")
        }
    }

    @Test("A sheet of samples has to be PNG and is shown under its samples")
    func sheets() async throws {
        try await serve { client in
            let peer = try Bench.peer(1)
            _ = try await client.join(peer)
            let bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]
            #expect(try await client.send(.put, "/v1/samples/0?peer=\(peer)", bytes).status == 200)
            #expect(try await client.send(.get, "/samples/0.png").bytes == bytes)
            try expect(try await client.send(.put, "/v1/samples/0?peer=\(peer)", [1, 2, 3]), 400, "malformed")
            let status: StatusReply = try await client.send(.get, "/v1/status").decoded()
            #expect(status.newestSheet == 0)
        }
    }

    @Test("Paths in names do not lead anywhere", arguments: ["..%2F..%2Frun.yaml", "..", "x.png", "1.png%2F.."])
    func traversal(name: String) async throws {
        try await serve { client in
            let sheet = try await client.send(.get, "/samples/\(name)")
            #expect(sheet.status == 404)
            let blob = try await client.send(.get, "/v1/blobs/\(name)")
            #expect(blob.status != 200)
        }
    }
}
