import NIOCore
import Synchronization

/// What happened on the links of an attempt.
enum LinkEvent: Sendable {
    case frame(Frame, from: Int)
    case lost(rank: Int, reason: String)
    case abandoned
    case closed
}

/// The connections of one attempt, one for each pair of members.
///
/// Frames for a member that is not connected yet wait here. What arrives waits in `events`, at most `heldLimit` bytes a member: beyond
/// that its connection is not read until the owner has caught up.
final class PeerLinks: Sendable {
    /// The group that the links join.
    let group: RoundGroup
    /// This member's rank in it.
    let rank: Int
    /// What happened, for the thread that runs the round.
    let events: Mailbox<LinkEvent>

    private struct Link {
        var channel: (any Channel)?
        var waiting: [Frame] = []
        var held = 0
        var isStalled = false
    }

    private struct State {
        var links: [Link]
        var isClosed = false
        var sent: UInt64 = 0
        var received: UInt64 = 0
    }

    private let state: Mutex<State>

    /// The largest number of bytes that wait for the owner, for each member.
    static let heldLimit = 32 << 20

    init(group: RoundGroup, rank: Int, on loop: any EventLoop) {
        self.group = group
        self.rank = rank
        events = Mailbox(on: loop)
        state = Mutex(State(links: group.members.map { _ in Link() }))
    }

    /// Bytes sent and received, headers included.
    var traffic: (sent: UInt64, received: UInt64) {
        state.withLock { ($0.sent, $0.received) }
    }

    /// Whether the attempt is over.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Sends a frame to a member, now or once it is connected; from the owner's thread.
    func send(_ frame: Frame, to peer: Int) {
        let channel = state.withLock { state -> (any Channel)? in
            state.sent += UInt64(frame.size)
            guard let channel = state.links[peer].channel else {
                if !state.isClosed { state.links[peer].waiting.append(frame) }
                return nil
            }
            return channel
        }
        channel?.writeAndFlush(frame, promise: nil)
    }

    /// Says that the owner has handled a frame.
    func release(_ frame: Frame, from peer: Int) {
        let stalled = state.withLock { state -> (any Channel)? in
            state.links[peer].held -= frame.size
            guard state.links[peer].isStalled, state.links[peer].held < Self.heldLimit / 2 else { return nil }
            state.links[peer].isStalled = false
            return state.links[peer].channel
        }
        stalled?.read()
    }

    /// Ends the attempt: what was sent goes out, nothing more comes in, and all connections close within a second.
    func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { state.links = state.links.map { _ in Link() } }
            return state.links.compactMap(\.channel)
        }
        for channel in channels {
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        events.put(.closed)
    }
}

// Called by handlers, on the event loop of the channel.
extension PeerLinks {
    /// Takes a proven connection to a member; false if there is one already or the attempt is over.
    func attach(_ channel: any Channel, to peer: Int) -> Bool {
        let waiting = state.withLock { state -> [Frame]? in
            guard !state.isClosed, state.links[peer].channel == nil else { return nil }
            state.links[peer].channel = channel
            defer { state.links[peer].waiting = [] }
            return state.links[peer].waiting
        }
        guard let waiting else { return false }
        // On the loop these writes come before any that `send` begins from now on.
        for frame in waiting { channel.write(frame, promise: nil) }
        channel.flush()
        return true
    }

    /// Hands a frame to the owner.
    func deliver(_ frame: Frame, from peer: Int) {
        let isOpen = state.withLock { state in
            state.received += UInt64(frame.size)
            state.links[peer].held += frame.size
            return !state.isClosed
        }
        if isOpen { events.put(.frame(frame, from: peer)) }
    }

    /// Whether a member's connection may be read further; if not, it is read again once the owner has caught up.
    func mayRead(from peer: Int) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.links[peer].held >= Self.heldLimit else { return true }
            state.links[peer].isStalled = true
            return false
        }
    }

    /// Tells the owner that a member cannot be reached any more.
    func lose(_ peer: Int, reason: String) {
        let isOpen = state.withLock { state in
            state.links[peer].channel = nil
            return !state.isClosed
        }
        if isOpen { events.put(.lost(rank: peer, reason: reason)) }
    }
}
