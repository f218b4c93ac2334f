import Coordination
import Hummingbird
import NIOCore

/// What anybody may see: status, events, metrics, the newest sheet, the dashboard.
struct StatusRoutes {
    let coordinator: Coordinator

    func add(to router: Router<APIContext>) {
        router.get("v1/status") { _, _ in try json(await coordinator.status()) }
        router.get("v1/events") { _, _ in await EventStream(coordinator).response() }
        router.get("metrics") { _, _ in
            Self.page(Array(PrometheusText(await coordinator.status()).text.utf8), "text/plain; version=0.0.4")
        }
        router.get("samples/:file") { try await sheet($0, $1) }
        router.get("/") { _, _ in Self.page(PackageResources.index_html, "text/html; charset=utf-8") }
        router.get("dashboard.css") { _, _ in Self.page(PackageResources.dashboard_css, "text/css; charset=utf-8") }
        router.get("dashboard.js") { _, _ in
            Self.page(PackageResources.dashboard_js, "text/javascript; charset=utf-8")
        }
    }

    private func sheet(_ request: Request, _ context: APIContext) async throws -> Response {
        let name = context.parameters.get("file") ?? ""
        guard name.hasSuffix(".png"), let samples = UInt64(name.dropLast(4)) else { throw HTTPError(.notFound) }
        let body = try await FileIO().loadFile(path: coordinator.folder.sheet(samples), context: context)
        return Response(status: .ok, headers: [.contentType: "image/png"], body: body)
    }

    private static func page(_ bytes: [UInt8], _ type: String) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache"]
        headers[.contentSecurityPolicy] = "default-src 'self'"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension Coordinator {
    /// All that the dashboard shows.
    func status() -> StatusReply {
        var status = StatusReply(state, workers: workers())
        status.history = history.points
        status.newestSheet = newestSheet
        if !state.isFinished, let rate = history.rate {
            status.imagesPerSecond = rate
            status.secondsLeft = rate > 0 ? Double(state.plan.length - state.mark.samples) / rate : nil
        }
        if status.loss == nil { status.loss = status.history.last?.loss }
        return status
    }
}
