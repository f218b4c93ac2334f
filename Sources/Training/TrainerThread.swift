import Foundation
import Synchronization

/// Runs a trainer on a thread of its own, with a stack that deep networks need.
public enum TrainerThread {
    /// Starts `body` on a new thread and answers what it returns; suspends the caller, never blocks it.
    public static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
            thread.name = "trainer"
            thread.stackSize = 16 << 20
            thread.start()
        }
    }
}
