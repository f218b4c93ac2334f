/// What values pass through on the way from rank to rank of a cluster.
public enum ExchangePath: String, Codable, Sendable, CaseIterable {
    /// Whichever is faster, as measured at the start.
    case automatic
    /// Memory within a host, messages between hosts.
    case memory
    /// Messages, also within a host.
    case network
}
