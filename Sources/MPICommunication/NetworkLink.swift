import Communication

/// The messages of one kind to or from one member; they are finished in the order in which they were started.
struct MessageStream {
    /// How many were started.
    private(set) var started = 0
    /// How many are finished.
    private(set) var finished = 0
    private var requests: [MessageRequest]

    /// A stream with at most `window` messages under way.
    init(window: Int) {
        requests = Array(repeating: MessageRequest(number: -1), count: window)
    }

    /// Whether one more may be started.
    var hasRoom: Bool { started - finished < requests.count }

    /// Notes a message that was just started.
    mutating func start(_ request: MessageRequest) {
        precondition(hasRoom, "more than \(requests.count) messages under way")
        requests[started % requests.count] = request
        started += 1
    }

    /// The bytes of the oldest message under way if it is finished now.
    mutating func finishNext(_ transport: any MessagePassing) throws(CommunicationError) -> Int? {
        guard finished < started, let bytes = try transport.test(requests[finished % requests.count]) else {
            return nil
        }
        finished += 1
        return bytes
    }
}

/// The four streams between this member and another one.
struct NetworkLink {
    /// The other's place among the members.
    let member: Int
    /// Its rank.
    let rank: Int
    /// Values that the other adds up.
    var contributionsOut: MessageStream
    /// The other's values that this member adds up.
    var contributionsIn: MessageStream
    /// Sums of this member.
    var sumsOut: MessageStream
    /// Sums of the other.
    var sumsIn: MessageStream
    /// The bytes of the contributions that came, by their places in the window.
    var lengths: [Int]

    init(member: Int, rank: Int, window: Int) {
        self.member = member
        self.rank = rank
        contributionsOut = MessageStream(window: window)
        contributionsIn = MessageStream(window: window)
        sumsOut = MessageStream(window: window)
        sumsIn = MessageStream(window: window)
        lengths = Array(repeating: 0, count: window)
    }
}

/// Memory for messages, in places of one size; kept from exchange to exchange, because fresh pages cost as much as a message.
final class MessageSlots {
    private let memory: UnsafeMutableRawBufferPointer
    private let stride: Int

    /// So many places of so many bytes.
    init(count: Int, bytes: Int) {
        stride = (bytes + 63) / 64 * 64
        memory = .allocate(byteCount: max(1, count * stride), alignment: 4096)
    }

    deinit { memory.deallocate() }

    /// The first bytes of a place.
    func bytes(_ slot: Int, count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[slot * stride..<slot * stride + count])
    }

    /// The first values of a place.
    func floats(_ slot: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
        bytes(slot, count: count * MemoryLayout<Float>.stride).bindMemory(to: Float.self)
    }
}
