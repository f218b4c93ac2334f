/// What values pass through on the way from rank to rank of a cluster.
public enum ExchangePath: String, Codable, Sendable, CaseIterable {
    /// Memory within a host where it has some to share, unless messages are measured to be faster; else messages.
    case automatic
    /// Memory within a host, or an error where it has none to share; messages between hosts.
    case memory
    /// Messages, also within a host.
    case network
}
