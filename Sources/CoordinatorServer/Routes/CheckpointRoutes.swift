import Coordination
import Foundation
import Hummingbird

/// What members upload: checkpoints, lines of the log, sheets of samples.
struct CheckpointRoutes {
    /// The longest sheet, in bytes.
    private static let longestSheet = 32 << 20

    let coordinator: Coordinator

    func add(to group: RouterGroup<APIContext>) {
        group.put("checkpoints/:samples") { try await checkpoint($0, $1) }
        group.post("reports") { try await report($0, $1) }
        group.put("samples/:samples") { try await sheet($0, $1) }
    }

    private func checkpoint(_ request: Request, _ context: APIContext) async throws -> Response {
        let samples = try context.parameters.require("samples", as: UInt64.self)
        let message = try await body(CheckpointRequest.self, of: request)
        try await coordinator.hear(message.peer, from: context.requireOwner())
        let mark = StateMark(generation: message.generation, samples: samples)
        try await coordinator.hold(Checkpoint(mark: mark, files: message.files))
        return try json(await coordinator.notice)
    }

    private func report(_ request: Request, _ context: APIContext) async throws -> Response {
        try await hearQuery(request, context)
        let buffer = try await request.body.collect(upTo: 1 << 16)
        let report = try ReportLine(Array(buffer.readableBytesView))
        try await coordinator.add(report: report.line, samples: report.samples)
        return try json(await coordinator.notice)
    }

    private func sheet(_ request: Request, _ context: APIContext) async throws -> Response {
        let samples = try context.parameters.require("samples", as: UInt64.self)
        try await hearQuery(request, context)
        let buffer = try await request.body.collect(upTo: Self.longestSheet)
        let bytes = Array(buffer.readableBytesView)
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
            throw CoordinatorError.malformed(what: "sheet of samples, which has to be PNG,")
        }
        guard samples <= (await coordinator.state.mark.samples) else {
            throw CoordinatorError.malformed(what: "number of samples of the sheet")
        }
        try coordinator.folder.write(bytes, to: coordinator.folder.sheet(samples))
        await coordinator.noteSheet(samples)
        return try json(await coordinator.notice)
    }

    /// The member stands in the query, as the body is the thing itself.
    private func hearQuery(_ request: Request, _ context: APIContext) async throws {
        guard let peer = request.uri.queryParameters["peer"].flatMap({ PeerID(rawValue: String($0)) }) else {
            throw CoordinatorError.malformed(what: "peer in the query")
        }
        // The last report and the last sheet may come after the end, when their sender has left already.
        if await coordinator.state.isFinished, !(await coordinator.isMember(peer)) { return }
        try await coordinator.hear(peer, from: context.requireOwner())
    }
}

/// One line of `run.jsonl`: a JSON object with `samples`.
struct ReportLine {
    let line: String
    let samples: UInt64

    private struct Facts: Decodable {
        var samples: UInt64
    }

    /// Checks that the bytes are one JSON object and puts it on one line.
    init(_ bytes: [UInt8]) throws {
        let facts = try JSONDecoder().decode(Facts.self, from: Data(bytes))
        // Outside of strings a line break is space, and inside of them JSON forbids it.
        let oneLine = bytes.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
        guard let text = String(validating: oneLine, as: UTF8.self) else {
            throw CoordinatorError.malformed(what: "report")
        }
        line = text.trimmingCharacters(in: .whitespaces)
        samples = facts.samples
    }
}
