import Glibc

/// Addresses of sockets as numbers in text, without any look-up of names.
enum SocketAddress {
    /// The address without its port; nil if it is of no kind that can be dialled.
    static func text(of address: UnsafePointer<sockaddr>) -> String? {
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let count = socklen_t(text.count)
        guard getnameinfo(address, socklen_t(length), &text, count, nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Starts to connect without waiting.
    ///
    /// - Returns: The socket, connected or about to be; nil if that is impossible.
    static func dial(_ address: String, port: UInt16) -> Int32? {
        resolve(address, port: port) { info in
            guard let descriptor = makeSocket(info.ai_family) else { return nil }
            guard connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 || errno == EINPROGRESS else {
                close(descriptor)
                return nil
            }
            return descriptor
        }
    }

    /// Listens on a free port of an address.
    ///
    /// - Returns: The socket, and its port; nil if that is impossible.
    static func listen(_ address: String) -> (descriptor: Int32, port: UInt16)? {
        let descriptor: Int32? = resolve(address, port: 0) { info in
            guard let descriptor = makeSocket(info.ai_family) else { return nil }
            var off: Int32 = 0
            if info.ai_family == AF_INET6 {
                setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
            }
            guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, Glibc.listen(descriptor, SOMAXCONN) == 0 else {
                close(descriptor)
                return nil
            }
            return descriptor
        }
        guard let descriptor else { return nil }
        guard let port = port(of: descriptor) else {
            close(descriptor)
            return nil
        }
        return (descriptor, port)
    }

    /// Takes one connection that waits; nil if there is none.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        sendAtOnce(descriptor)
        return descriptor
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) { bytes in
            getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        // Both families hold the port in the two bytes after the family, most significant first.
        return status == 0 ? withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) } : nil
    }

    private static func resolve<Result>(_ address: String, port: UInt16, _ body: (addrinfo) -> Result?) -> Result? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let first = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        return body(first)
    }

    private static func makeSocket(_ family: Int32) -> Int32? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return nil }
        sendAtOnce(descriptor)
        return descriptor
    }

    private static func sendAtOnce(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
