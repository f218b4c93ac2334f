/// Why a job cannot go on, and because of whom.
struct RankFailure: Equatable, Sendable {
    /// What is wrong with the ranks.
    enum Kind: Equatable, Sendable {
        /// Their connections closed without a goodbye: the processes are gone.
        case gone
        /// Nothing was heard of them for this many seconds: stopped, or their host hangs.
        case silent(seconds: Int)
        /// No connection to them could be made within this many seconds.
        case unreached(seconds: Int)
        /// They live, but have not come to an exchange in which others have waited for this many seconds.
        case missing(exchange: UInt64, seconds: Int)
        /// All ranks are in an exchange, the foremost in this one, and have not come out for this many seconds; those that wait are named.
        case endless(exchange: UInt64, seconds: Int)
    }

    /// What is wrong.
    var kind: Kind
    /// The ranks concerned, in order; never empty.
    var ranks: [Int]

    /// Whether the processes may still be there and must be made to end.
    var needsKill: Bool {
        switch kind {
        case .silent, .missing: true
        case .gone, .unreached, .endless: false
        }
    }

    /// One sentence for whoever started the job; `hosts` has a name for each rank.
    func sentence(hosts: [String]) -> String {
        "\(who(hosts)) \(what); \(next)"
    }

    // At most four are named: a host that goes down takes many ranks with it.
    private func who(_ hosts: [String]) -> String {
        let named = ranks.prefix(4).map { rank in
            "rank \(rank) of \(hosts.count) on host \(hosts.indices.contains(rank) ? hosts[rank] : "unknown")"
        }
        let rest = ranks.count - named.count
        return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private var what: String {
        let isOne = ranks.count == 1
        return switch kind {
        case .gone:
            "ended without a word"
        case .silent(let seconds):
            "\(isOne ? "has" : "have") not answered for \(seconds) s"
        case .unreached(let seconds):
            "could not be reached within \(seconds) s"
        case .missing(let exchange, let seconds):
            "\(isOne ? "has" : "have") not come to exchange \(exchange), where others have waited for \(seconds) s"
        case .endless(let exchange, let seconds):
            "\(isOne ? "has" : "have") been in exchange \(exchange) for \(seconds) s, which does not end"
        }
    }

    private var next: String {
        switch kind {
        case .gone, .silent:
            "the job ends, and started again it goes on from the newest checkpoint"
        case .unreached:
            "the job ends; open the TCP ports between the hosts, or start it with --no-watch"
        case .missing, .endless:
            "the job ends, and started again it goes on from the newest checkpoint; --patience allows more"
        }
    }
}
