import Glibc

/// A queue of limited length between threads: who puts into a full one, or takes from an empty one, waits.
///
/// `@unchecked Sendable` holds because `items` and `isClosed` are touched only between `lock` and `unlock` of the one
/// mutex, which lives in memory of its own, so it never moves; elements are `Sendable`. Both conditions are waited for
/// in loops with the mutex held.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let capacity: Int
    private var items: [Element] = []
    private var head = 0
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// A queue of at most `capacity` elements, at least 1.
    init(capacity: Int) {
        precondition(capacity >= 1, "a queue of \(capacity) elements")
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Appends an element; waits while the queue is full.
    ///
    /// False if the queue was closed, and the element is dropped.
    @discardableResult
    func put(_ element: Element) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.count - head >= capacity && !isClosed { pthread_cond_wait(changed, mutex) }
        if isClosed { return false }
        items.append(element)
        pthread_cond_broadcast(changed)
        return true
    }

    /// Removes the oldest element; waits while there is none.
    ///
    /// Nil once the queue is closed and empty.
    func take() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.count == head && !isClosed { pthread_cond_wait(changed, mutex) }
        guard head < items.count else { return nil }
        let element = items[head]
        head += 1
        if head == items.count || head > capacity {
            items.removeFirst(head)
            head = 0
        }
        pthread_cond_broadcast(changed)
        return element
    }

    /// Wakes everybody: nothing more can be put, what is inside can still be taken.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
