import Synchronization
public import TensorFiles

/// Counts file operations and makes one of them fail, or looks at the disk before each of them.
///
/// Before every step a process could be killed; `observe` sees the disk as the kill would leave it.
public final class FaultPoints: Sendable {
    private let state = Mutex((count: 0, steps: [FileStep]()))
    private let failing: Int?
    private let code: Int32
    private let observe: @Sendable (Int, FileStep) -> Void

    /// Makes the operation with index `failing`, counted from 0, fail with an `errno`; nil lets all pass.
    public init(
        failing: Int? = nil,
        code: Int32 = 5,
        observe: @escaping @Sendable (Int, FileStep) -> Void = { _, _ in }
    ) {
        self.failing = failing
        self.code = code
        self.observe = observe
    }

    /// How many operations were asked for.
    public var count: Int {
        state.withLock { $0.count }
    }

    /// The operations in order.
    public var steps: [FileStep] {
        state.withLock { $0.steps }
    }

    /// Runs a body with these faults on this thread.
    public func run<Value>(_ body: () throws -> Value) rethrows -> Value {
        try FileFaults.$check.withValue({ step, _ in self.next(step) }, operation: body)
    }

    private func next(_ step: FileStep) -> Int32 {
        let index = state.withLock { state in
            state.count += 1
            state.steps.append(step)
            return state.count - 1
        }
        observe(index, step)
        return index == failing ? code : 0
    }
}
