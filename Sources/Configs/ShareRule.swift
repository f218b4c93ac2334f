/// How a batch is cut into shares for volunteers.
public enum ShareRule: String, Codable, Sendable, CaseIterable {
    /// In proportion to measured samples a second, where ranks differ much in speed; nobody waits long for a slow machine.
    case speed
    /// In proportion to numbers of ranks alone, a worker by itself being one; every round is cut alike as long as the members stay.
    case ranks
}
