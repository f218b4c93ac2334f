import Communication
import Synchronization
import Testing

@testable import MPICommunication

/// Counts down by one in every call.
private final class Countdown: BackgroundWork {
    let left = Atomic<Int>(1000)

    func advance() -> BackgroundProgress {
        left.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 ? .finished : .polling
    }
}

@Suite("The thread of MPI")
struct MPIThreadTests {
    @Test("does jobs in their order, and hands answers and errors back")
    func jobs() throws {
        let thread = MPIThread()
        #expect(try thread.perform { () throws(CommunicationError) in 42 } == 42)
        #expect(throws: CommunicationError.closed) {
            try thread.perform { () throws(CommunicationError) -> Int in throw CommunicationError.closed }
        }
        #expect(thread.perform(within: .seconds(60)) {})
        thread.stop()
    }

    @Test("keeps background work moving until it is finished")
    func background() throws {
        let thread = MPIThread()
        let work = Countdown()
        thread.enlist(work)
        while work.left.load(ordering: .sequentiallyConsistent) > 0 {
            try thread.perform { () throws(CommunicationError) in }
        }
        thread.stop()
        #expect(work.left.load(ordering: .sequentiallyConsistent) == 0)
    }
}
