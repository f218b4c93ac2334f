import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite("Connections to a coordinator", .timeLimit(.minutes(1)))
struct HTTPConnectionsTests {
    private let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    private let request = HTTPRequest(method: .GET, path: "/", headers: ["Host": "here"])

    private func connections(
        to server: ScriptedServer,
        _ change: (inout HTTPConnections.Limits) -> Void = { _ in }
    ) -> HTTPConnections {
        var limits = HTTPConnections.Limits()
        change(&limits)
        return HTTPConnections(host: "127.0.0.1", port: server.port, limits: limits)
    }

    private func failure(of connections: HTTPConnections) -> HTTPFailure? {
        let error = #expect(throws: (any Error).self) { try connections.send(request) }
        return error as? HTTPFailure
    }

    @Test("carry one request after another")
    func keepsAlive() throws {
        let server = try ScriptedServer([.answer(hello), .answer(hello), .answer(hello)])
        let connections = connections(to: server)
        for _ in 0..<3 { #expect(try String(buffer: connections.send(request).body) == "hello") }
        #expect(server.connections == 1)
        connections.close()
        try server.stop()
    }

    @Test("are not used again when the server says that it closes them")
    func closes() throws {
        let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([.answer(last), .answer(hello)])
        let connections = connections(to: server)
        #expect(try connections.send(request).status == .ok)
        #expect(try connections.send(request).status == .ok)
        #expect(server.connections == 2)
        try server.stop()
    }

    @Test("are replaced when the server closed them while they were unused")
    func replaces() throws {
        let server = try ScriptedServer([.answer(hello), .close, .answer(hello)])
        let connections = connections(to: server)
        for _ in 0..<2 { #expect(try connections.send(request).status == .ok) }
        #expect(server.connections == 2)
        try server.stop()
    }

    @Test("tell a new connection without an answer, an answer that is cut off, and one that is no HTTP")
    func fails() throws {
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel"
        let server = try ScriptedServer([.close, .answerAndClose(cut), .answer("220 mail.example ESMTP\r\n\r\n")])
        let connections = connections(to: server)
        #expect(failure(of: connections) == .closed)
        #expect(failure(of: connections) == .cut)
        #expect(failure(of: connections) == .malformed)
        try server.stop()
    }

    @Test("stop at a body that is larger than allowed, whether it is announced or not")
    func bounds() throws {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        let server = try ScriptedServer([.answer(hello), .answer(chunked), .answer(chunked)])
        let connections = connections(to: server) { $0.body = 4 }
        #expect(failure(of: connections) == .tooLarge(limit: 4))
        #expect(failure(of: connections) == .tooLarge(limit: 4))
        let wide = self.connections(to: server) { $0.body = 5 }
        #expect(try String(buffer: wide.send(request).body) == "hello")
        try server.stop()
    }

    @Test("give up on a server that falls silent before or within its answer")
    func isPatient() throws {
        let server = try ScriptedServer([.silence, .answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")])
        let connections = connections(to: server) { $0.silence = .milliseconds(50) }
        for _ in 0..<2 { #expect(failure(of: connections) == .silent) }
        try server.stop()
    }

    @Test("pass over interim answers, and answers to HEAD have no body")
    func readsHeads() throws {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
        let server = try ScriptedServer([.answer(interim + hello), .answer(head), .answer(hello)])
        let connections = connections(to: server)
        #expect(try String(buffer: connections.send(request).body) == "hello")
        var asking = request
        asking.method = .HEAD
        #expect(try connections.send(asking).body.readableBytes == 0)
        #expect(try String(buffer: connections.send(request).body) == "hello")
        #expect(server.connections == 1)
        try server.stop()
    }

    @Test("may be used by many threads while they are closed")
    func isShared() throws {
        let server = try ScriptedServer(Array(repeating: .answer(hello), count: 400))
        let connections = connections(to: server)
        let right = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            for turn in 0..<50 {
                if index == 0, turn == 25 { connections.close() }
                if let answer = try? connections.send(request), String(buffer: answer.body) == "hello" {
                    right.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(right.load(ordering: .relaxed) == 400)
        try server.stop()
    }
}
