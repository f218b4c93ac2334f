import Checkpoints
import Communication
import Foundation

/// One checkpoint that all workers of a fixed group write: each its files, rank 0 the manifest and the name.
struct SharedCheckpoint {
    private let state: CheckpointState
    private let keep: Int

    init(_ state: CheckpointState, keep: Int) {
        self.state = state
        self.keep = keep
    }

    /// What one worker tells all others.
    private struct Word: Codable {
        var failure: String?
        var folder: String?
        var level: Int?
        var files: [CheckpointFile] = []
    }

    /// Writes what `add` adds on every worker, and removes all but the newest checkpoints.
    func write(
        in store: CheckpointStore?,
        with group: any Communicator,
        _ add: (inout CheckpointWriter) throws(CheckpointError) -> Void
    ) throws(TrainingError) -> CheckpointID {
        guard group.rank == 0 else { return try join(group, add) }
        guard let store else { preconditionFailure("rank 0 has no place for checkpoints") }
        guard group.size > 1 else {
            do throws(CheckpointError) {
                var writer = try store.begin(state)
                try add(&writer)
                return try finish(writer, store)
            } catch {
                throw .checkpoint(error)
            }
        }
        return try lead(group, store, add)
    }

    private func lead(
        _ group: any Communicator,
        _ store: CheckpointStore,
        _ add: (inout CheckpointWriter) throws(CheckpointError) -> Void
    ) throws(TrainingError) -> CheckpointID {
        var writer: CheckpointWriter
        do throws(CheckpointError) {
            writer = try store.begin(state, count: group.size)
        } catch {
            _ = try tell(Word(failure: error.description), group)
            throw .checkpoint(error)
        }
        _ = try tell(Word(folder: writer.folderPath, level: writer.compressionLevel), group)
        let words = try exchange(files(of: &writer, add), group)
        let id: CheckpointID
        do throws(CheckpointError) {
            for word in words.dropFirst() { try writer.include(word.files) }
            id = try finish(writer, store)
        } catch {
            _ = try tell(Word(failure: error.description), group)
            throw .checkpoint(error)
        }
        _ = try tell(Word(), group)
        return id
    }

    private func join(
        _ group: any Communicator,
        _ add: (inout CheckpointWriter) throws(CheckpointError) -> Void
    ) throws(TrainingError) -> CheckpointID {
        let begun = try tell(Word(), group)
        var writer = CheckpointWriter(
            state,
            joining: begun.folder ?? "",
            compressionLevel: begun.level,
            rank: group.rank,
            of: group.size
        )
        _ = try exchange(files(of: &writer, add), group)
        _ = try tell(Word(), group)
        return CheckpointID(samples: state.samples)
    }

    private func files(
        of writer: inout CheckpointWriter,
        _ add: (inout CheckpointWriter) throws(CheckpointError) -> Void
    ) -> Word {
        do throws(CheckpointError) {
            try add(&writer)
            return Word(files: writer.files)
        } catch {
            return Word(failure: error.description)
        }
    }

    private func finish(
        _ writer: consuming CheckpointWriter,
        _ store: CheckpointStore
    ) throws(CheckpointError) -> CheckpointID {
        let id = try writer.commit()
        try store.retain(keep)
        return id
    }

    /// Rank 0's word on every worker; all throw if it failed.
    private func tell(_ word: Word, _ group: any Communicator) throws(TrainingError) -> Word {
        try sound([send(word, from: 0, group)], group)[0]
    }

    /// Every worker's word on every worker; all throw if one failed, once none of them writes any more.
    private func exchange(_ word: Word, _ group: any Communicator) throws(TrainingError) -> [Word] {
        var words: [Word] = []
        for root in 0..<group.size { words.append(try send(word, from: root, group)) }
        return try sound(words, group)
    }

    private func sound(_ words: [Word], _ group: any Communicator) throws(TrainingError) -> [Word] {
        for (rank, word) in words.enumerated() {
            guard let failure = word.failure else { continue }
            throw .checkpoint(.member(rank: rank, count: group.size, words: failure))
        }
        return words
    }

    private func send(_ word: Word, from root: Int, _ group: any Communicator) throws(TrainingError) -> Word {
        do {
            let bytes = group.rank == root ? Array(try JSONEncoder().encode(word)) : []
            return try JSONDecoder().decode(Word.self, from: Data(try group.broadcast(bytes, from: root)))
        } catch let error as CommunicationError {
            throw .communication(error)
        } catch {
            return Word(failure: "its message is not understood (\(error))")
        }
    }
}
