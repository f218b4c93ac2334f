import Glibc

/// One connection of a watch: frames in and out without waiting, bounded in both directions.
final class RankLink {
    /// The socket.
    let descriptor: Int32
    /// When it was made.
    let since: Duration
    /// Whether the other side has not answered the dial yet.
    private(set) var isDialing: Bool
    private var inbox: [UInt8] = []
    private var outbox: [UInt8] = []
    private let key: [UInt8]

    /// Takes a socket over, which is closed together with this object.
    init(_ descriptor: Int32, key: [UInt8], isDialing: Bool, at now: Duration) {
        self.descriptor = descriptor
        self.key = key
        self.isDialing = isDialing
        since = now
    }

    deinit {
        close(descriptor)
    }

    /// What `poll` shall wait for.
    var interest: Int16 { Int16(POLLIN) | (isDialing || !outbox.isEmpty ? Int16(POLLOUT) : 0) }

    /// Sends a frame as soon as possible; beats that the other side does not take are left out.
    func send(_ frame: RankFrame) {
        guard outbox.isEmpty || (frame.kind != .beat && outbox.count < 64 * RankFrame.size) else { return }
        outbox += frame.encoded(key: key)
        flush()
    }

    /// Sends what waits.
    func flush() {
        while !isDialing, !outbox.isEmpty {
            let count = Glibc.send(descriptor, outbox, outbox.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                return
            }
            outbox.removeFirst(count)
        }
    }

    /// Takes in what `poll` found; returns the frames, and whether the connection is over.
    func receive(_ found: Int16) -> (frames: [RankFrame], isOver: Bool) {
        if isDialing {
            guard found & Int16(POLLOUT | POLLERR | POLLHUP) != 0 else { return ([], false) }
            guard isConnected else { return ([], true) }
            isDialing = false
        }
        flush()
        let isOver = found & Int16(POLLIN | POLLERR | POLLHUP) != 0 ? !fill() : false
        var frames: [RankFrame] = []
        while inbox.count >= RankFrame.size {
            guard let frame = RankFrame(inbox[..<RankFrame.size], key: key) else { return (frames, true) }
            inbox.removeFirst(RankFrame.size)
            frames.append(frame)
        }
        return (frames, isOver)
    }

    /// Says that nothing more will be sent; what was sent still arrives.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // Reads what is there, at most 64 KiB at once; false at the end of the stream.
    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<16 {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count > 0 {
                inbox += bytes[..<count]
            } else if count < 0, errno == EINTR {
                continue
            } else {
                return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
            }
        }
        return true
    }

    private var isConnected: Bool {
        var status: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &length) == 0 && status == 0
    }
}
