/// Which ranks share a host.
///
/// Sums are formed within a host in the order of ranks, and then over the hosts in the order of their lowest ranks.
struct HostTopology: Equatable, Sendable {
    /// The ranks of every host, in ascending order; hosts stand in the order of their lowest ranks.
    let hosts: [[Int]]

    /// Ranks with equal keys share a host; one key a rank.
    init(keys: [Int]) {
        var places: [Int: Int] = [:]
        var hosts: [[Int]] = []
        for (rank, key) in keys.enumerated() {
            if let place = places[key] {
                hosts[place].append(rank)
            } else {
                places[key] = hosts.count
                hosts.append([rank])
            }
        }
        self.hosts = hosts
    }

    /// The number of ranks.
    var size: Int { hosts.reduce(0) { $0 + $1.count } }

    /// The lowest rank of every host.
    var leaders: [Int] { hosts.compactMap(\.first) }

    /// Whether any rank has a neighbour on its host.
    var hasNeighbours: Bool { hosts.contains { $0.count > 1 } }

    /// The index of a rank's host.
    func host(of rank: Int) -> Int {
        guard let host = hosts.firstIndex(where: { $0.contains(rank) }) else {
            preconditionFailure("rank \(rank) of \(size)")
        }
        return host
    }

    /// The ranks that share the host of a rank, itself included.
    func neighbours(of rank: Int) -> [Int] { hosts[host(of: rank)] }
}
