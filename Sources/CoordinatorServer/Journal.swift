import Coordination
import Foundation
import GRDB

/// One accepted command with its time and what it decided.
struct JournalEntry: Sendable {
    var command: Command
    var at: Timestamp
    var events: [Event]
}

/// Commands, snapshots and history of a run in one SQLite file (WAL, `synchronous=FULL`): what was appended is on the disk.
final class Journal: Sendable {
    /// Commands kept before the newest snapshot, for people who look back.
    private static let kept: Int64 = 200_000

    private let path: String
    private let queue: DatabaseQueue
    /// Commands between two snapshots.
    private let snapshotEvery: Int64

    private init(_ path: String, mustExist: Bool, snapshotEvery: Int64) throws(CoordinatorError) {
        self.path = path
        self.snapshotEvery = snapshotEvery
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        if mustExist, !FileManager.default.fileExists(atPath: path) {
            throw .journal(path: path, reason: "there is no such file")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// Makes the journal of a new run.
    static func create(_ path: String, _ facts: RunFacts) throws(CoordinatorError) {
        let journal = try Journal(path, mustExist: false, snapshotEvery: 1)
        do {
            let body = try text(facts)
            let state = try text(RunState(plan: facts.plan))
            try journal.queue.write { db in
                for statement in schema { try db.execute(sql: statement) }
                try db.execute(sql: "INSERT INTO fact (key, value) VALUES ('run', ?)", arguments: [body])
                try db.execute(sql: "INSERT INTO snapshot (id, state) VALUES (0, ?)", arguments: [state])
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    private static let schema = [
        "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE command (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL)",
        "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, state TEXT NOT NULL)",
        "CREATE TABLE round (samples INTEGER PRIMARY KEY, round INTEGER NOT NULL, at INTEGER NOT NULL, loss REAL, members INTEGER NOT NULL)",
        "CREATE TABLE report (n INTEGER PRIMARY KEY, samples INTEGER NOT NULL, line TEXT NOT NULL UNIQUE)",
    ]

    /// Opens a journal, replays it and gives the state it leads to.
    static func open(
        _ path: String,
        snapshotEvery: Int64 = 512
    ) throws(CoordinatorError) -> (journal: Journal, facts: RunFacts, state: RunState) {
        let journal = try Journal(path, mustExist: true, snapshotEvery: snapshotEvery)
        do {
            let facts = try journal.readFacts()
            let state = try journal.replay()
            return (journal, facts, state)
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    private func readFacts() throws -> RunFacts {
        let text = try queue.read { try String.fetchOne($0, sql: "SELECT value FROM fact WHERE key = 'run'") }
        return try JSONDecoder().decode(RunFacts.self, from: Data((text ?? "").utf8))
    }

    private func replay() throws -> RunState {
        try queue.read { db in
            let newest = "SELECT id, state FROM snapshot ORDER BY id DESC LIMIT 1"
            guard let row = try Row.fetchOne(db, sql: newest) else {
                throw CoordinatorError.journal(path: path, reason: "it has no snapshot")
            }
            let (start, body): (Int64, String) = (row["id"], row["state"])
            var state = try JSONDecoder().decode(RunState.self, from: Data(body.utf8))
            let rest = "SELECT id, at, body FROM command WHERE id > ? ORDER BY id"
            let rows = try Row.fetchCursor(db, sql: rest, arguments: [start])
            while let row = try rows.next() {
                let (id, at, body): (Int64, Int64, String) = (row["id"], row["at"], row["body"])
                do {
                    let command = try JSONDecoder().decode(Command.self, from: Data(body.utf8))
                    _ = try state.apply(command, at: Timestamp(milliseconds: at))
                } catch {
                    throw CoordinatorError.journalDisagrees(path: path, command: id, reason: "\(error)")
                }
            }
            return state
        }
    }

    /// Puts commands on the disk in one transaction; `state` is what they lead to.
    func append(_ entries: [JournalEntry], leadingTo state: RunState) async throws(CoordinatorError) {
        do {
            try await queue.write { [snapshotEvery] db in
                for entry in entries {
                    try db.execute(
                        sql: "INSERT INTO command (at, body) VALUES (?, ?)",
                        arguments: [entry.at.milliseconds, try Self.text(entry.command)]
                    )
                    for event in entry.events { try Self.note(event, at: entry.at, in: db) }
                }
                let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM snapshot") ?? 0
                let id = try Int64.fetchOne(db, sql: "SELECT max(id) FROM command") ?? 0
                if id - newest >= snapshotEvery {
                    try Self.snapshot(state, at: id, in: db)
                }
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    private static func snapshot(_ state: RunState, at id: Int64, in db: Database) throws {
        try db.execute(sql: "INSERT INTO snapshot (id, state) VALUES (?, ?)", arguments: [id, try text(state)])
        try db.execute(sql: "DELETE FROM snapshot WHERE id < ?", arguments: [id])
        try db.execute(sql: "DELETE FROM command WHERE id <= ?", arguments: [id - kept])
    }

    /// Keeps the history beside the commands: rounds that count, and only those.
    private static func note(_ event: Event, at now: Timestamp, in db: Database) throws {
        switch event {
        case .committed(let commit):
            try db.execute(
                sql: "INSERT OR REPLACE INTO round (samples, round, at, loss, members) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    Int64(clamping: commit.after.samples), Int64(clamping: commit.round.rawValue), now.milliseconds,
                    commit.loss, commit.members.count,
                ]
            )
        case .rolledBack(_, let mark):
            let samples = Int64(clamping: mark.samples)
            try db.execute(sql: "DELETE FROM round WHERE samples > ?", arguments: [samples])
            try db.execute(sql: "DELETE FROM report WHERE samples > ?", arguments: [samples])
        default: break
        }
    }

    /// Rounds that count, oldest first: samples, time, loss.
    func rounds() throws(CoordinatorError) -> [RoundRow] {
        do {
            return try queue.read { db in
                try Row.fetchAll(db, sql: "SELECT samples, at, loss FROM round ORDER BY samples").map { row in
                    let (samples, at, loss): (Int64, Int64, Double?) = (row["samples"], row["at"], row["loss"])
                    return RoundRow(
                        samples: UInt64(clamping: samples),
                        at: Timestamp(milliseconds: at),
                        loss: loss
                    )
                }
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// Keeps a line of the run's log; false if it is there already.
    func add(report line: String, samples: UInt64) async throws(CoordinatorError) -> Bool {
        do {
            return try await queue.write { db in
                try db.execute(
                    sql: "INSERT OR IGNORE INTO report (samples, line) VALUES (?, ?)",
                    arguments: [Int64(clamping: samples), line]
                )
                return db.changesCount > 0
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// All lines of the run's log.
    func reports() throws(CoordinatorError) -> [String] {
        do {
            return try queue.read { try String.fetchAll($0, sql: "SELECT line FROM report ORDER BY n") }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// The last command that the newest snapshot contains.
    func snapshotID() throws(CoordinatorError) -> Int64 {
        do {
            return try queue.read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM snapshot") ?? 0 }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// Closes the file; a journal that is not closed is as good, as after a power cut.
    func close() throws(CoordinatorError) {
        do {
            try queue.close()
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

/// A round that counts, as the history keeps it.
struct RoundRow: Sendable, Equatable {
    var samples: UInt64
    var at: Timestamp
    var loss: Double?
}
