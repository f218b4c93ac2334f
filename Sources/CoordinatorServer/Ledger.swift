import Coordination
import Foundation
import GRDB

/// What a journal proves about the samples of a run, found by replaying every command from the first one.
public struct Ledger: Encodable, Sendable {
    /// Rounds whose commit stands.
    public private(set) var rounds = 0
    /// Samples that are counted exactly once.
    public private(set) var countedOnce: UInt64 = 0
    /// Samples of the run.
    public private(set) var length: UInt64 = 0
    /// Samples that were counted and taken back by a roll back, to be counted again.
    public private(set) var discarded: UInt64 = 0
    /// Commits that do not follow the one before, or whose leases leave a gap or overlap; 0 unless something is wrong.
    public private(set) var faults = 0
    /// Samples by worker, over all commits that stand.
    public private(set) var workers: [String: UInt64] = [:]

    private enum CodingKeys: String, CodingKey {
        case rounds
        case countedOnce = "counted_once"
        case length, discarded, faults, workers
    }

    /// The rounds whose commit stands, in order.
    public private(set) var committed: [LedgerRound] = []

    private var commits: [(round: LedgerRound, shares: [String: UInt64])] = []

    /// Replays the journal of a run directory; it may be in use.
    public init(_ folder: RunFolder) throws(CoordinatorError) {
        guard folder.isRun else { throw .notARun(path: folder.path) }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: folder.journal, configuration: configuration)
            try queue.read { db in try replay(db) }
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .journal(path: folder.journal, reason: "\(error)")
        }
        settle()
    }

    /// One line for people.
    public var line: String {
        "\(countedOnce) of \(length) samples counted exactly once in \(rounds) rounds by \(workers.count) workers, "
            + "\(discarded) taken back, \(faults) faults"
    }

    private mutating func replay(_ db: Database) throws {
        let text = try String.fetchOne(db, sql: "SELECT value FROM fact WHERE key = 'run'") ?? ""
        let facts = try JSONDecoder().decode(RunFacts.self, from: Data(text.utf8))
        length = facts.plan.length
        var state = try RunState(plan: facts.plan)
        let rows = try Row.fetchCursor(db, sql: "SELECT id, at, body FROM command ORDER BY id")
        var expected: Int64 = 1
        while let row = try rows.next() {
            let (id, at, body): (Int64, Int64, String) = (row["id"], row["at"], row["body"])
            guard id == expected else {
                throw CoordinatorError.journal(
                    path: "the ledger",
                    reason: "its oldest commands are not kept any longer"
                )
            }
            expected += 1
            let command = try JSONDecoder().decode(Command.self, from: Data(body.utf8))
            let open = state.round
            for event in try state.apply(command, at: Timestamp(milliseconds: at)) { note(event, open) }
        }
    }

    private mutating func note(_ event: Event, _ open: Round?) {
        switch event {
        case .committed(let commit):
            let range = commit.before.samples..<commit.after.samples
            if let open, covers(open, range) {
                commits.append((LedgerRound(commit), shares(open)))
            } else {
                faults += 1
            }
        case .rolledBack(let before, let mark):
            commits.removeAll { $0.round.first >= mark.samples }
            discarded += before.samples - mark.samples
        default: break
        }
    }

    // The pieces of a round lie one after another and were each computed by one member.
    private func covers(_ round: Round, _ range: Range<UInt64>) -> Bool {
        var next = range.lowerBound
        for piece in round.pieces {
            guard case .done = piece.status, piece.first == next else { return false }
            next += piece.count
        }
        return next == range.upperBound
    }

    private func shares(_ round: Round) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for piece in round.pieces {
            guard case .done(let completion) = piece.status else { continue }
            result[completion.peer.rawValue, default: 0] += piece.count
        }
        return result
    }

    private mutating func settle() {
        var next: UInt64 = 0
        for commit in commits {
            if commit.round.first == next {
                next += commit.round.count
                countedOnce += commit.round.count
                rounds += 1
                committed.append(commit.round)
                workers.merge(commit.shares) { $0 + $1 }
            } else {
                faults += 1
            }
        }
    }
}
