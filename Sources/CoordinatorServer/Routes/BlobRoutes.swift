import Coordination
import Foundation
import Hummingbird
import NIOCore
import NIOPosix

/// Files by digest, in and out.
struct BlobRoutes {
    let coordinator: Coordinator

    private var blobs: BlobStore { BlobStore(coordinator.folder) }

    func add(to group: RouterGroup<APIContext>) {
        group.put("blobs/:digest") { try await put($0, $1) }
        group.get("blobs/:digest") { try await get($0, $1) }
        group.head("blobs/:digest") { try await head($0, $1) }
    }

    private func digest(_ context: APIContext) throws -> ContentDigest {
        guard let digest = ContentDigest(rawValue: context.parameters.get("digest") ?? "") else {
            throw CoordinatorError.malformed(what: "digest")
        }
        return digest
    }

    private func put(_ request: Request, _ context: APIContext) async throws -> Response {
        let digest = try digest(context)
        if let length = request.headers[.contentLength].flatMap({ UInt64($0) }), length > BlobStore.limit {
            throw CoordinatorError.tooLarge(limit: Int(BlobStore.limit))
        }
        if blobs.size(of: digest) != nil {
            for try await _ in request.body {}
            return Response(status: .ok)
        }
        let receiver = try BlobReceiver(coordinator.folder, expected: digest)
        for try await buffer in request.body { try receiver.append(Data(buffer.readableBytesView)) }
        _ = try receiver.finish()
        return Response(status: .created)
    }

    private func head(_ request: Request, _ context: APIContext) async throws -> Response {
        let digest = try digest(context)
        guard let size = blobs.size(of: digest) else { throw HTTPError(.notFound) }
        return Response(
            status: .ok,
            headers: headers(digest),
            body: ResponseBody(contentLength: Int(clamping: size)) { try await $0.finish(nil) }
        )
    }

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        let digest = try digest(context)
        guard let bytes = blobs.size(of: digest) else { throw HTTPError(.notFound) }
        let size = Int(clamping: bytes)
        var headers = headers(digest)
        let files = FileIO()
        guard let text = request.headers[.range] else {
            let body = try await files.loadFile(path: blobs.path(of: digest), context: context)
            return Response(status: .ok, headers: headers, body: body)
        }
        guard let range = ByteRange.parse(text, size: size) else {
            headers[.contentRange] = "bytes */\(size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
        let body = try await files.loadFile(path: blobs.path(of: digest), range: range, context: context)
        return Response(status: .partialContent, headers: headers, body: body)
    }

    private func headers(_ digest: ContentDigest) -> HTTPFields {
        [.contentType: "application/octet-stream", .acceptRanges: "bytes", .eTag: "\"\(digest)\""]
    }
}

/// The `Range` header, as far as it is served: one range of bytes.
enum ByteRange {
    /// The range within a file of `size` bytes; nil if it cannot be satisfied.
    static func parse(_ text: String, size: Int) -> ClosedRange<Int>? {
        guard text.hasPrefix("bytes="), size > 0 else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let (first, last) = (Int(parts[0]), Int(parts[1]))
        switch (parts[0].isEmpty, parts[1].isEmpty) {
        case (false, true):
            guard let first, (0..<size).contains(first) else { return nil }
            return first...(size - 1)
        case (true, false):
            guard let last, last > 0 else { return nil }
            return max(0, size - last)...(size - 1)
        case (false, false):
            guard let first, let last, first >= 0, first <= last, first < size else { return nil }
            return first...min(last, size - 1)
        case (true, true): return nil
        }
    }
}
