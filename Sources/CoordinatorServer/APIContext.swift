import Hummingbird
import Logging
import NIOCore

/// What is known about a request besides its own bytes.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Where it comes from, as a host that can be dialled; nil in process.
    let remoteHost: String?
    /// The token under which it comes; set by `TokenMiddleware`.
    var owner: String?

    init(source: Source) {
        coreContext = .init(source: source)
        remoteHost = source.channel.remoteAddress?.ipAddress
    }
}

extension APIContext {
    /// The token of a route behind `TokenMiddleware`.
    func requireOwner() throws -> String {
        guard let owner else { throw CoordinatorError.unauthorized }
        return owner
    }
}
