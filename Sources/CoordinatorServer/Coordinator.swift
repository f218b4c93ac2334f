import Checkpoints
public import Coordination
import Crypto
import Foundation
public import Logging

/// Keeps the books of a run: a command is on the disk before anything acts on it.
///
/// Commands that arrive while the disk is busy are written together in the next transaction.
public actor Coordinator {
    /// What `init` fixed.
    public nonisolated let facts: RunFacts
    /// Where everything lies.
    public nonisolated let folder: RunFolder
    /// What is on the disk.
    private(set) var state: RunState
    /// What is on the disk and on its way there.
    private(set) var ahead: RunState
    private var pending: [Pending] = []
    private var isWriting = false
    var isClosed = false
    private var liveness: Liveness
    private(set) var history: History
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter: UInt64 = 0
    var listeners: [UInt64: AsyncStream<Event?>.Continuation] = [:]
    /// Samples at which the newest sheet was drawn.
    private(set) var newestSheet: UInt64?
    let journal: Journal
    let reportLog: ReportLog
    private let lock: RunDirectoryLock
    private let secret: SymmetricKey
    let time: any TimeSource
    private let logger: Logger

    private struct Pending {
        var entry: JournalEntry?
        var answer: CheckedContinuation<Void, any Error>
    }

    /// Opens a run directory: locks it, replays the journal, gives every deadline and every member its grace.
    ///
    /// - Parameters:
    ///   - folder: The run directory.
    ///   - time: The clock.
    ///   - logger: Gets life-cycle lines.
    ///   - snapshotEvery: Commands between two snapshots in the journal.
    /// - Throws: `inUse`, `notARun`, or what is wrong with the journal.
    public init(
        opening folder: RunFolder,
        time: any TimeSource = SystemTime(),
        logger: Logger,
        snapshotEvery: Int64 = 512
    ) async throws(CoordinatorError) {
        lock = try folder.lock()
        let (journal, facts, state) = try Journal.open(folder.journal, snapshotEvery: snapshotEvery)
        self.journal = journal
        self.facts = facts
        self.folder = folder
        self.state = state
        ahead = state
        self.time = time
        self.logger = logger
        history = History(try journal.rounds(), start: facts.made)
        reportLog = ReportLog(folder)
        secret = SymmetricKey(data: try folder.read(folder.secret, limit: 1024))
        liveness = Liveness(lostAfter: facts.plan.timing.lostAfter)
        let heard = time.now() + facts.plan.timing.restartGrace
        for peer in state.members.keys { liveness.note(peer, at: heard) }
        BlobStore(folder).removeRests()
        BlobStore(folder).retain(Self.usedBlobs(facts, state))
        CheckpointFolder(folder).retain(state.checkpoints)
        newestSheet = SheetFolder(folder).newest
        try reportLog.rewrite(journal.reports())
        if !state.members.isEmpty { _ = try await submit(.restart) }
        logger.notice("opened", metadata: ["samples": "\(state.mark)", "members": "\(state.members.count)"])
    }
}

// MARK: - Commands

extension Coordinator {
    /// Lets a command happen; when this returns it is on the disk.
    ///
    /// - Parameter command: What happens.
    /// - Returns: What was decided.
    /// - Throws: `coordination` if it is refused, `journal` if it cannot be written and therefore did not happen.
    @discardableResult
    public func submit(_ command: Command) async throws(CoordinatorError) -> [Event] {
        let now = time.now()
        let before = ahead
        let events: [Event]
        do {
            events = try ahead.apply(command, at: now)
        } catch {
            throw .coordination(error)
        }
        let isNews = ahead != before
        if !isNews, pending.isEmpty, !isWriting { return events }
        let entry = isNews ? JournalEntry(command: command, at: now, events: events) : nil
        do {
            try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
                pending.append(Pending(entry: entry, answer: answer))
                if !isWriting {
                    isWriting = true
                    Task { await self.write() }
                }
            }
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .journal(path: folder.journal, reason: "\(error)")
        }
        return events
    }

    /// Writes what has gathered, batch by batch, until nothing is left.
    private func write() async {
        while !pending.isEmpty {
            let batch = pending
            let next = ahead
            pending = []
            let entries = batch.compactMap(\.entry)
            do throws(CoordinatorError) {
                if !entries.isEmpty { try await journal.append(entries, leadingTo: next) }
                state = next
                for entry in entries { publish(entry) }
                for item in batch { item.answer.resume() }
                wake()
            } catch {
                refuse(batch, error)
            }
        }
        isWriting = false
    }

    /// Nothing of a batch happened, nor of what came after it.
    private func refuse(_ batch: [Pending], _ error: CoordinatorError) {
        logger.error("the journal cannot be written", metadata: ["reason": "\(error)"])
        ahead = state
        for item in batch + pending { item.answer.resume(throwing: error) }
        pending = []
    }

    private func publish(_ entry: JournalEntry) {
        for event in entry.events {
            act(on: event, at: entry.at)
            for listener in listeners.values { listener.yield(event) }
        }
    }

    /// What a decision means for files and curves.
    private func act(on event: Event, at now: Timestamp) {
        switch event {
        case .committed(let commit):
            history.add(RoundRow(samples: commit.after.samples, at: now, loss: commit.loss))
            logger.debug("\(event)")
        case .rolledBack(_, let mark):
            history.truncate(after: mark.samples)
            do throws(CoordinatorError) {
                try reportLog.rewrite(journal.reports())
            } catch {
                logger.error("run.jsonl cannot be rewritten", metadata: ["reason": "\(error)"])
            }
            logger.warning("\(event)")
        case .checkpointDropped(let checkpoint):
            CheckpointFolder(folder).remove(checkpoint.mark.samples)
            dropBlobs(of: checkpoint)
            logger.debug("\(event)")
        case .removed(let peer, _):
            liveness.forget(peer)
            logger.notice("\(event)")
        case .exchangeFailed, .returned: logger.warning("\(event)")
        case .joined, .activated, .checkpointHeld, .finished, .restarted, .gathering: logger.notice("\(event)")
        case .leased, .roundBegan, .exchangeBegan, .stateRequested: logger.debug("\(event)")
        }
    }

    private static func usedBlobs(_ facts: RunFacts, _ state: RunState) -> Set<ContentDigest> {
        let files = state.checkpoints.flatMap(\.files) + (facts.dataset ?? [])
        return Set(files.map(\.digest) + [facts.runFile])
    }

    private func dropBlobs(of checkpoint: Checkpoint) {
        let used = Self.usedBlobs(facts, ahead)
        for file in checkpoint.files where !used.contains(file.digest) {
            try? FileManager.default.removeItem(atPath: folder.blob(file.digest))
        }
    }
}

// MARK: - Members

extension Coordinator {
    /// Refuses a peer that is not a member or belongs to another token; otherwise notes that it lives.
    public func hear(_ peer: PeerID, from owner: String) throws(CoordinatorError) {
        guard let member = state.members[peer] else {
            throw .coordination(state.isFinished ? .finished : .unknownPeer(peer))
        }
        guard member.owner == owner else { throw .coordination(.notOwner(peer)) }
        liveness.note(peer, at: time.now())
    }

    /// Notes that a connection of a member has ended.
    func doubt(_ peer: PeerID) { liveness.doubt(peer, at: time.now()) }

    /// Takes in a worker, or notices that it is still there.
    public func join(_ facts: JoinFacts) async throws(CoordinatorError) {
        try await submit(.join(facts))
        liveness.note(facts.peer, at: time.now())
    }

    /// What a member does next; holds the answer back for up to `wait` seconds while there is nothing to do.
    public func instruction(
        for peer: PeerID,
        holding holds: StateMark?,
        wait: Double
    ) async throws(CoordinatorError) -> Instruction {
        if state.isNews(holds, from: peer) { try await submit(.claim(peer: peer, holds: holds)) }
        let end = ContinuousClock.now + .milliseconds(Int64(max(0, min(wait, 10)) * 1000))
        while true {
            let instruction: Instruction
            do {
                instruction = try state.instruction(for: peer, holding: holds, at: time.now())
            } catch {
                throw .coordination(error)
            }
            switch instruction {
            case .wait where ContinuousClock.now < end && !isClosed && !Task.isCancelled: await change(before: end)
            case .exchange(var exchange):
                exchange.key = key(of: exchange)
                return .exchange(exchange)
            default: return instruction
            }
        }
    }

    /// The shared secret of an attempt: known to its members and nobody else.
    private func key(of exchange: ExchangeInstruction) -> String {
        let name = "exchange \(state.mark.generation) \(exchange.round) \(exchange.attempt)"
        return hex(HMAC<SHA256>.authenticationCode(for: Data(name.utf8), using: secret))
    }

    /// Drops members that were not heard, and lets deadlines pass.
    public func tick() async throws(CoordinatorError) {
        let now = time.now()
        for peer in liveness.lost(at: now) {
            guard ahead.members[peer] != nil else {
                liveness.forget(peer)
                continue
            }
            let silence = (Double(liveness.silence(of: peer, at: now)) / 1000).formatted(
                .number.precision(.fractionLength(1))
            )
            try await submit(.lose(peer: peer, reason: "it was not heard for \(silence) s"))
        }
        if let deadline = ahead.nextDeadline, deadline <= now { try await submit(.tick) }
    }

    /// Lines for the status, in order of joining.
    func workers() -> [WorkerStatus] {
        let now = time.now()
        return (state.activePeers + state.joiningPeers).compactMap { peer in
            state.status(of: peer, heard: Double(liveness.silence(of: peer, at: now)) / 1000)
        }
    }

    /// Notes a new sheet of samples.
    func noteSheet(_ samples: UInt64) { newestSheet = max(newestSheet ?? 0, samples) }
}
