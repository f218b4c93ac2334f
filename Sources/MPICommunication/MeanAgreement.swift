import Communication

/// What all ranks bring to a mean, and how they will form it; every rank comes to the same conclusions.
struct MeanAgreement {
    /// The sum of all weights.
    let totalWeight: Double
    /// The ranks of weight above 0.
    let contributors: Int
    /// Whether values lie in the shared memory.
    let usesWindow: Bool
    /// The work in memory; nil if everybody withdrew.
    let machine: HostMean?

    /// Judges what the ranks bring; `values` are this rank's own.
    init(_ mean: GroupMean, _ headers: [ExchangeHeader], values: UnsafeMutablePointer<Float>) throws(CommunicationError)
    {
        let counts = headers.map(\.count)
        guard let most = counts.max(), let least = counts.min(), most == least else {
            throw .countMismatch(expected: counts.max() ?? 0, found: counts.min() ?? 0)
        }
        let group = mean.group
        totalWeight = headers.reduce(0) { $0 + Double($1.weight) }
        contributors = headers.count { $0.weight > 0 }
        let isEverywhere = headers.allSatisfy { $0.place != ExchangeHeader.elsewhere }
        let isShared = group.window != nil && isEverywhere
        usesWindow = isShared
        guard totalWeight > 0 else {
            machine = nil
            return
        }
        let ranks = usesWindow ? group.neighbours : [group.rank]
        let board = usesWindow ? group.hostBoard : group.ownBoard
        let sources = ranks.enumerated().map { index, rank in
            guard isShared, ranks.count > 1, let window = group.window else { return values }
            return window.values(of: index, at: headers[rank].place)
        }
        machine = HostMean(
            slot: board.slot(of: mean.number),
            plan: mean.plan,
            values: sources,
            weights: ranks.map { headers[$0].weight },
            totalWeight: Float(totalWeight),
            isExchanged: usesWindow ? group.topology.hosts.count > 1 : group.size > 1,
            parts: mean.parts.map { parts in ranks.map { parts[$0] } }
        )
    }
}
