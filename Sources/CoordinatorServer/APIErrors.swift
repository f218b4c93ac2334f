import Coordination
import Foundation
import Hummingbird
import Logging
import NIOCore

/// Turns every error into a status and an `ErrorReply`; nothing else about the inside is told.
struct ErrorMiddleware: RouterMiddleware {
    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let answer = APIAnswer(error)
            if answer.status == .internalServerError {
                context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "reason": "\(error)"])
            }
            let response = try json(ErrorReply(error: answer.word, message: answer.sentence), status: answer.status)
            // A body after an answer to HEAD would pass for the beginning of the next answer.
            return request.method == .head ? response.createHeadResponse() : response
        }
    }
}

/// A status, a word for programs and a sentence for people.
struct APIAnswer {
    var status: HTTPResponse.Status
    var word: String
    var sentence: String

    init(_ error: any Error) {
        switch error {
        case let error as CoordinatorError: self.init(error)
        case is NIOTooManyBytesError:
            self.init(.contentTooLarge, "too-large", "The body is longer than this call allows.")
        case is DecodingError:
            self.init(.badRequest, "malformed", "The body does not have the form that docs/protocol.md gives.")
        case let error as HTTPError:
            let sentence = error.body ?? "There is nothing under this address, or not with this method."
            self.init(error.status, error.status.code == 404 ? "not-found" : "refused", sentence)
        default:
            self.init(.internalServerError, "internal", "The coordinator failed to answer; its log says why.")
        }
    }

    private init(_ status: HTTPResponse.Status, _ word: String, _ sentence: String) {
        self.status = status
        self.word = word
        self.sentence = sentence
    }

    private init(_ error: CoordinatorError) {
        let sentence = error.description
        switch error {
        case .coordination(let refusal):
            let (status, word) = Self.answer(refusal)
            self.init(status, word, sentence)
        case .unauthorized: self.init(.unauthorized, "unauthorized", sentence)
        case .malformed: self.init(.badRequest, "malformed", sentence)
        case .tooLarge: self.init(.contentTooLarge, "too-large", sentence)
        case .digestMismatch: self.init(.unprocessableContent, "digest-mismatch", sentence)
        case .badCheckpoint: self.init(.unprocessableContent, "bad-checkpoint", sentence)
        case .missingBlob: self.init(.conflict, "missing-blob", sentence)
        case .journal, .file: self.init(.serviceUnavailable, "unavailable", "The coordinator cannot write; try again.")
        default: self.init(.internalServerError, "internal", "The coordinator failed to answer; its log says why.")
        }
    }

    private static func answer(_ refusal: CoordinationError) -> (HTTPResponse.Status, String) {
        switch refusal {
        case .invalid: (.badRequest, "invalid")
        case .unknownPeer: (.gone, "unknown-peer")
        case .notOwner: (.forbidden, "not-owner")
        case .full: (.conflict, "full")
        case .finished: (.conflict, "finished")
        case .foreignState: (.conflict, "foreign-state")
        case .protocolVersion: (.conflict, "protocol-version")
        }
    }
}

/// An answer as JSON.
func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = try encoder.encode(value)
    return Response(
        status: status,
        headers: [.contentType: "application/json", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    )
}

/// The body of a request, at most `limit` bytes, read as JSON.
func body<Value: Decodable>(_ type: Value.Type, of request: Request, limit: Int = 1 << 16) async throws -> Value {
    try await body(type, of: request.body, limit: limit)
}

/// The same of a body that is read apart from its request.
func body<Value: Decodable>(_ type: Value.Type, of body: RequestBody, limit: Int = 1 << 16) async throws -> Value {
    let buffer = try await body.collect(upTo: limit)
    return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
}
