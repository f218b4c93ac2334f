import COpenMPI

/// A word that wakes sleeping threads, in any process that maps it.
///
/// Who waits reads `tone`, looks whether there is work, and sleeps if the tone is still the same: nothing that rang in between is missed.
struct Bell {
    /// Bytes of one bell; a cache line of its own.
    static let byteCount = 64

    private let word: UnsafeMutablePointer<UInt32>
    private let sleepers: UnsafeMutablePointer<UInt32>

    /// A bell in memory that was zeros when the first one used it.
    init(_ address: UnsafeMutableRawPointer) {
        word = address.assumingMemoryBound(to: UInt32.self)
        sleepers = word + 1
    }

    /// Changes with every ring.
    var tone: UInt32 { word_load(word) }

    /// Wakes everybody who sleeps.
    func ring() {
        _ = word_add(word, 1)
        if word_load(sleepers) > 0 { word_wake(word) }
    }

    /// Sleeps until somebody rings after `tone` was read, or the time is over.
    func sleep(since tone: UInt32, atMost nanoseconds: Int64) {
        _ = word_add(sleepers, 1)
        word_wait(word, tone, nanoseconds)
        _ = word_add(sleepers, UInt32.max)
    }
}
