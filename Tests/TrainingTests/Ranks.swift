import Communication
import Training

/// Runs members of a group of threads, each with a trainer's stack.
enum Ranks {
    /// What `body` answers or throws on every member, in the order of ranks.
    static func outcomes<Success: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (LocalCommunicator) throws -> Success
    ) async -> [Result<Success, any Error>] {
        let group = LocalGroup(size: count)
        return await withTaskGroup(of: (Int, Result<Success, any Error>).self) { tasks in
            for rank in 0..<count {
                tasks.addTask {
                    do {
                        return (rank, .success(try await TrainerThread.run { try body(group.member(rank)) }))
                    } catch {
                        return (rank, .failure(error))
                    }
                }
            }
            var results: [Int: Result<Success, any Error>] = [:]
            for await (rank, result) in tasks { results[rank] = result }
            return (0..<count).compactMap { results[$0] }
        }
    }

    /// What `body` answers on every member; throws if one of them does.
    static func run<Success: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (LocalCommunicator) throws -> Success
    ) async throws -> [Success] {
        try await outcomes(count, body).map { try $0.get() }
    }
}
