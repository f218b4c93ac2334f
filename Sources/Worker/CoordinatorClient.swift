import Coordination
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Training

/// Calls to the coordinator; blocks the calling thread, which must not be an event loop's.
///
/// Calls are repeated while the coordinator cannot be reached: all of them are safe to repeat.
final class CoordinatorClient: Sendable {
    private let http: HTTPConnections
    private let config: WorkerConfig
    private let stop: StopSignal
    private let absence: AbsenceLog

    init(_ config: WorkerConfig, until stop: StopSignal, logger: Logger? = nil) {
        self.config = config
        self.stop = stop
        absence = AbsenceLog(logger)
        http = HTTPConnections(host: config.endpoint.host, port: config.endpoint.port)
    }

    func close() {
        http.close()
    }

    /// Sends a JSON body and reads a JSON answer; with `patient` false it fails at once if nobody answers.
    func call<Answer: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        _ body: some Encodable,
        as type: Answer.Type,
        patient: Bool = true
    ) throws(WorkerError) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(body) else {
            throw .unexpected(call: path, found: "a number out of range")
        }
        let answer = try send(method, path, [("Content-Type", "application/json")], Array(data), patient: patient)
        return try decode(answer, path)
    }

    /// Reads a JSON answer; with `patient` false it fails at once if nobody answers.
    func get<Answer: Decodable>(
        _ path: String,
        as type: Answer.Type,
        patient: Bool = true
    ) throws(WorkerError) -> Answer {
        try decode(try send(.GET, path, [], [], patient: patient), path)
    }

    /// Sends bytes; the answer's body is of no interest.
    func put(_ path: String, _ bytes: [UInt8], type: String) throws(WorkerError) {
        _ = try send(.PUT, path, [("Content-Type", type)], bytes)
    }

    /// Sends a line of text; the answer's body is of no interest.
    func post(_ path: String, line: String) throws(WorkerError) {
        _ = try send(.POST, path, [("Content-Type", "application/json")], Array(line.utf8))
    }

    /// Reads `range` of a resource.
    func bytes(_ path: String, _ range: Range<UInt64>) throws(WorkerError) -> [UInt8] {
        let header = ("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        return Array(buffer: try send(.GET, path, [header], []))
    }

    /// Whether a resource exists.
    func has(_ path: String) throws(WorkerError) -> Bool {
        do {
            _ = try send(.HEAD, path, [], [])
            return true
        } catch .refused {
            return false
        }
    }

    private func decode<Answer: Decodable>(_ bytes: ByteBuffer, _ path: String) throws(WorkerError) -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes.readableBytesView))
        } catch {
            throw .unexpected(call: path, found: String(buffer: bytes).prefix(80).description)
        }
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [(String, String)],
        _ body: [UInt8],
        patient: Bool = true
    ) throws(WorkerError) -> ByteBuffer {
        let clock = ContinuousClock()
        let start = clock.now
        var pause = 0.05
        while true {
            do {
                let response = try attempt(method, path, headers, body)
                absence.answered(at: clock.now)
                if response.status.code < 300 { return response.body }
                // The coordinator is starting or stopping; every other refusal is meant.
                guard response.status.code >= 500, patient else { throw refusal(response) }
            } catch let error as WorkerError {
                throw error
            } catch {
                let isOver = (clock.now - start) / .seconds(1) > config.patience
                guard patient, !isOver else {
                    throw .unreachable(address: config.address, reason: CoordinatorClient.reason(error))
                }
                absence.failed(CoordinatorClient.reason(error), at: clock.now)
            }
            guard !stop.isSet else { throw .stopped }
            Thread.sleep(forTimeInterval: pause)
            pause = min(pause * 2, 1)
        }
    }

    private func attempt(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [(String, String)],
        _ body: [UInt8]
    ) throws -> HTTPAnswer {
        var request = HTTPRequest(method: method, path: path, headers: HTTPHeaders(headers), body: body)
        request.headers.add(name: "Host", value: config.address)
        request.headers.add(name: "Content-Length", value: "\(body.count)")
        if !config.token.text.isEmpty {
            request.headers.add(name: "Authorization", value: "Bearer \(config.token.text)")
        }
        return try http.send(request)
    }

    private func refusal(_ response: HTTPAnswer) -> WorkerError {
        let body = Data(response.body.readableBytesView)
        let reply = try? JSONDecoder().decode(ErrorReply.self, from: body)
        switch reply?.error {
        case "unknown-peer": return .unknown
        case "finished": return .finished
        default: return .refused(reason: reply?.message ?? "it answered \(response.status)")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case HTTPFailure.silent, ChannelError.connectTimeout: "it does not answer in time"
        case let failure as HTTPFailure: failure.reason
        default: "the connection was refused"
        }
    }
}
