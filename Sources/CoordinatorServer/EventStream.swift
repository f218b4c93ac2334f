import Coordination
import Foundation
import Hummingbird
import NIOCore

/// Decisions as server-sent events: `event:` is `run`, `data:` a JSON object with `text`.
struct EventStream: Sendable {
    private struct Line: Encodable {
        var text: String
        var samples: UInt64?
    }

    private let coordinator: Coordinator

    init(_ coordinator: Coordinator) { self.coordinator = coordinator }

    /// An answer that goes on until the listener or the coordinator ends it.
    func response() async -> Response {
        let events = await coordinator.events()
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            for await event in events {
                try await writer.write(ByteBuffer(string: event.map { Self.text($0) } ?? ": alive\n\n"))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: body
        )
    }

    /// One event as it goes over the wire.
    static func text(_ event: Event) -> String {
        var samples: UInt64?
        if case .committed(let commit) = event { samples = commit.after.samples }
        let bytes = try? JSONEncoder().encode(Line(text: event.description, samples: samples))
        return "event: run\ndata: \(String(decoding: bytes ?? Data(), as: UTF8.self))\n\n"
    }
}
