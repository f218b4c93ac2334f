import Checkpoints
import Coordination
import Crypto
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Synchronization
import TensorFiles
import TestSupport
import Testing

@testable import CoordinatorServer

/// A clock that moves only when a test moves it.
final class ManualTime: TimeSource {
    private let moment = Mutex(Timestamp(milliseconds: 1_000_000))

    func now() -> Timestamp { moment.withLock { $0 } }
    func pass(_ milliseconds: Int64) { moment.withLock { $0 = $0 + milliseconds } }
}

/// A run directory in a temporary folder, with everything to open it again and to talk to it.
struct Bench {
    static let yaml = """
        name: bench
        length: 64 samples
        batch: {global: 16}
        checkpoint: {every: 32 samples, keep: 2}
        evaluation: {every: 32 samples}

        """

    let directory: TestDirectory
    let folder: RunFolder
    let time = ManualTime()
    let token: String

    init(_ yaml: String = Bench.yaml, change: (inout RunPlan) -> Void = { _ in }) throws {
        directory = try TestDirectory()
        let runFile = try directory.write(Array(yaml.utf8), to: "run.yaml")
        folder = RunFolder(directory.file("run"))
        try RunSetup.create(from: runFile, in: folder, time: time, change: change)
        token = String(decoding: try folder.read(folder.firstToken), as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    func open(_ folder: RunFolder? = nil, time: (any TimeSource)? = nil) async throws -> CoordinatorApplication {
        try await CoordinatorApplication(
            directory: (folder ?? self.folder).path,
            options: ServeOptions(),
            time: time ?? self.time,
            logger: Self.logger
        )
    }

    /// Serves in process and hands a client to the test.
    func serve(
        _ application: CoordinatorApplication,
        _ test: @escaping @Sendable (APIClient) async throws -> Void
    ) async throws {
        let token = token
        let served = Application(
            router: application.router(),
            logger: Self.logger
        )
        try await served.test(.router) { client in
            try await test(APIClient(client: client, token: token))
        }
    }

    /// What a disk would hold if the machine stopped now: a copy of all files, nothing closed.
    func crashImage(_ number: Int) throws -> RunFolder {
        let copy = directory.file("crash-\(number)")
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy)
        return RunFolder(copy)
    }

    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func facts(_ number: Int, holds: StateMark?) throws -> JoinFacts {
        JoinFacts(peer: try peer(number), owner: "t1", name: "w", host: "127.0.0.1", port: 1, holds: holds)
    }

    static func peer(_ number: Int) throws -> PeerID {
        try #require(PeerID(rawValue: "peer-\(1_000_000 + number)"))
    }
}

/// The calls of a worker.
struct APIClient: Sendable {
    let client: any TestClientProtocol
    var token: String

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var bytes: [UInt8]

        func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(bytes))
        }
    }

    func send(
        _ method: HTTPRequest.Method,
        _ uri: String,
        _ body: [UInt8] = [],
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if !token.isEmpty { headers[.authorization] = "Bearer \(token)" }
        return try await client.execute(uri: uri, method: method, headers: headers, body: ByteBuffer(bytes: body)) {
            Answer(status: $0.status.code, headers: $0.headers, bytes: Array($0.body.readableBytesView))
        }
    }

    func post(_ uri: String, _ value: some Encodable) async throws -> Answer {
        try await send(.post, uri, Array(JSONEncoder().encode(value)))
    }

    func join(_ peer: PeerID, holds: StateMark? = nil) async throws -> Answer {
        try await post("/v1/join", JoinRequest(peer: peer, name: "w", host: "127.0.0.1", port: 7000, holds: holds))
    }

    func work(_ peer: PeerID, holds: StateMark?, wait: Double = 0) async throws -> Instruction {
        try await post("/v1/work", WorkRequest(peer: peer, holds: holds, wait: wait)).decoded(WorkReply.self)
            .instruction
    }

    /// Uploads a blob and says what it is.
    func upload(_ bytes: [UInt8], name: String) async throws -> Coordination.CheckpointFile {
        let digest = try digest(of: bytes)
        let answer = try await send(.put, "/v1/blobs/\(digest)", bytes)
        try #require([200, 201].contains(answer.status))
        return Coordination.CheckpointFile(name: name, digest: digest, bytes: UInt64(bytes.count))
    }

    /// Saves a state the way a worker does.
    func save(_ mark: StateMark, by peer: PeerID, content: UInt64? = nil) async throws -> Answer {
        var files: [Coordination.CheckpointFile] = []
        for (name, bytes) in try checkpointFiles(content ?? mark.samples) {
            files.append(try await upload(bytes, name: name))
        }
        let request = CheckpointRequest(peer: peer, generation: mark.generation, files: files)
        return try await send(.put, "/v1/checkpoints/\(mark.samples)", Array(JSONEncoder().encode(request)))
    }
}

/// The files of a small sound checkpoint.
func checkpointFiles(_ samples: UInt64) throws -> [(name: String, bytes: [UInt8])] {
    let directory = try TestDirectory()
    let store = CheckpointStore(directory: directory.path)
    let state = CheckpointState(
        samples: samples,
        step: 1,
        plannedSamples: 64,
        configDigest: TensorFiles.Digest(of: [])
    )
    var writer = try store.begin(state)
    try writer.add("state.json", bytes: Array("state \(samples)".utf8))
    let id = try writer.commit()
    return try directory.names("\(id)").map { ($0, try directory.read("\(id)/\($0)")) }
}

func digest(of bytes: [UInt8]) throws -> ContentDigest {
    try BlobStore.digest(SHA256.hash(data: Data(bytes)))
}
