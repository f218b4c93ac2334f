import Coordination
import Hummingbird

/// Lets a request pass if its `Authorization: Bearer` token opens the run.
struct TokenMiddleware: RouterMiddleware {
    let tokens: TokenStore

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        guard let header = request.headers[.authorization], header.utf8.count <= 512,
            let token = Self.bearer(header), let owner = try tokens.owner(of: token)
        else { throw CoordinatorError.unauthorized }
        context.owner = owner
        return try await next(request, context)
    }

    private static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
