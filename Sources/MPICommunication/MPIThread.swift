import COpenMPI
import Communication
import Glibc
import Synchronization

/// Something that the thread of MPI keeps moving in the background.
protocol BackgroundWork: AnyObject {
    /// Does what can be done now, without waiting.
    func advance() -> BackgroundProgress
}

/// What became of background work.
enum BackgroundProgress {
    /// Something has moved.
    case moved
    /// Nothing has; a bell will ring when there is something to do.
    case waiting
    /// Nothing has; MPI must be asked again soon.
    case polling
    /// There is nothing left to do.
    case finished
}

/// The one thread that makes every call of MPI, so that the lowest level of thread support is enough.
///
/// `@unchecked Sendable` holds for these reasons. Jobs are handed over through a mutex, and their makers wait for them or hand them all
/// they use. `work`, `idle` and `bellOwner` are touched by the thread itself alone, as is everything that jobs keep there; `bell` is replaced
/// by a job whose maker waits for it.
final class MPIThread: @unchecked Sendable {
    /// A closure on its way to the thread; see above.
    private struct Job: @unchecked Sendable {
        let run: () -> Void
    }

    /// Wakes the thread while it has background work, and the owner where it waits for the same things.
    private(set) var bell: Bell

    /// Wakes the thread when it has nothing to do; nobody else rings it, so that others' news do not disturb its sleep.
    private let doorbell: Bell
    private let doorbellMemory: UnsafeMutableRawPointer
    private let jobs = Mutex<[Job]>([])
    private let isStopping = Atomic<Bool>(false)
    private var bellOwner: AnyObject?
    private var work: [any BackgroundWork] = []
    private var idle = 0
    private var handle = pthread_t()

    /// Turns without a sleep when nothing moves.
    private static let patience = 30

    /// Starts the thread.
    init() {
        doorbellMemory = .allocate(byteCount: Bell.byteCount, alignment: Bell.byteCount)
        doorbellMemory.initializeMemory(as: UInt8.self, repeating: 0, count: Bell.byteCount)
        doorbell = Bell(doorbellMemory)
        bell = doorbell
        // Signals are for the thread that started the program.
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = pthread_create(
            &handle,
            nil,
            { argument in
                if let argument { Unmanaged<MPIThread>.fromOpaque(argument).takeRetainedValue().loop() }
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
        pthread_sigmask(SIG_SETMASK, &before, nil)
        precondition(status == 0, "cannot start a thread: error \(status)")
    }

    deinit {
        doorbellMemory.deallocate()
    }

    /// Has a job done and waits for it.
    func perform<Answer>(_ body: @escaping () throws(CommunicationError) -> Answer) throws(CommunicationError) -> Answer
    {
        var answer: Result<Answer, CommunicationError>?
        let done = Completion()
        post {
            do throws(CommunicationError) {
                answer = .success(try body())
            } catch {
                answer = .failure(error)
            }
            done.signal()
        }
        done.wait()
        guard let answer else { preconditionFailure("a job ended without an answer") }
        return try answer.get()
    }

    /// Has a job done if the thread takes it up within a time; answers whether it did.
    func perform(within limit: Duration, _ body: @escaping () -> Void) -> Bool {
        let taken = Completion()
        post {
            taken.signal()
            body()
        }
        return taken.wait(atMost: limit)
    }

    /// Keeps work moving until it is finished.
    func enlist(_ item: any BackgroundWork) {
        post { [self] in work.append(item) }
    }

    /// Ends the thread when all jobs are done.
    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        call()
        pthread_join(handle, nil)
        bell = doorbell
        bellOwner = nil
    }

    private func post(_ body: @escaping () -> Void) {
        let job = Job(run: body)
        jobs.withLock { $0.append(job) }
        call()
    }

    private func call() {
        doorbell.ring()
        bell.ring()
    }

    private func loop() {
        while true {
            let (tone, call) = (bell.tone, doorbell.tone)
            let waiting = jobs.withLock { jobs in
                defer { jobs.removeAll(keepingCapacity: true) }
                return jobs
            }
            for job in waiting { job.run() }
            guard waiting.isEmpty else { continue }
            if isStopping.load(ordering: .sequentiallyConsistent) { return }
            let progress = advanceWork()
            if work.isEmpty {
                doorbell.sleep(since: call, atMost: 1_000_000_000)
            } else {
                pause(after: progress, since: tone)
            }
        }
    }

    private func advanceWork() -> BackgroundProgress {
        var all = BackgroundProgress.waiting
        work.removeAll { item in
            switch item.advance() {
            case .moved: all = .moved
            case .polling: if case .waiting = all { all = .polling }
            case .waiting: break
            case .finished: return true
            }
            return false
        }
        return all
    }

    // Computing threads need the processor more: what does not move for a while is asked for less and less often.
    private func pause(after progress: BackgroundProgress, since tone: UInt32) {
        if case .moved = progress {
            idle = 0
            return
        }
        idle += 1
        guard idle > Self.patience else {
            sched_yield()
            return
        }
        let microseconds: Int64
        if case .polling = progress {
            microseconds = min(500, 20 << Int64(min(5, idle / Self.patience - 1)))
        } else {
            microseconds = 100_000
        }
        bell.sleep(since: tone, atMost: microseconds * 1000)
        // Somebody rang: whatever it is deserves attention at once.
        if bell.tone != tone { idle = 0 }
    }
}

extension MPIThread {
    /// Listens to a bell that others can ring too, and keeps its owner; called on the thread.
    func listen(to bell: Bell, of owner: AnyObject) {
        self.bell = bell
        bellOwner = owner
    }

    /// Waits for an operation of MPI, and keeps the background work moving meanwhile; called on the thread.
    func complete(_ request: MPI_Request?) -> Int32 {
        var request = request
        while true {
            let tone = bell.tone
            var done: Int32 = 0
            let status = mpi_test(&request, &done)
            if status != Int32(mpi_success) || done != 0 { return status }
            let progress = advanceWork()
            if case .moved = progress { pause(after: .moved, since: tone) } else { pause(after: .polling, since: tone) }
        }
    }
}

/// Something that happens once, and that one thread waits for.
private final class Completion {
    private let memory: UnsafeMutableRawPointer
    private let isDone = Atomic<Bool>(false)

    init() {
        memory = .allocate(byteCount: Bell.byteCount, alignment: Bell.byteCount)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Bell.byteCount)
    }

    deinit {
        memory.deallocate()
    }

    func signal() {
        isDone.store(true, ordering: .sequentiallyConsistent)
        Bell(memory).ring()
    }

    @discardableResult
    func wait(atMost limit: Duration? = nil) -> Bool {
        let bell = Bell(memory)
        let end = limit.map { ContinuousClock.now + $0 }
        while true {
            let tone = bell.tone
            if isDone.load(ordering: .sequentiallyConsistent) { return true }
            if let end, ContinuousClock.now >= end { return false }
            bell.sleep(since: tone, atMost: 100_000_000)
        }
    }
}
