import Glibc

/// Where a rank's process runs, so that the others can reach it and, on the same machine, end it.
struct RankMember: Equatable, Sendable {
    /// The name of the host, for people.
    var host: String
    /// The machine, its start and the name spaces of the process: equal for processes that see each other.
    var machine: String
    /// The number of the process on its machine.
    var process: Int32
    /// When the process started, in clock ticks since the machine did; 0 if unknown.
    var started: UInt64
    /// The port that its watch listens on; 0 while it does not listen.
    var port: UInt16 = 0
    /// The numeric addresses of the host, loopback left out.
    var addresses: [String] = []

    /// This process.
    static func own(host: String) -> RankMember {
        let parts = ["/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid", "/proc/self/ns/net"]
        let machine = parts.map { $0.hasSuffix("boot_id") ? readText($0) : readLink($0) }.joined(separator: " ")
        return RankMember(
            host: clean(host),
            machine: clean(machine),
            process: getpid(),
            started: startTime(of: getpid()) ?? 0,
            addresses: hostAddresses()
        )
    }

    /// The bytes that the ranks hand round: one line a value.
    func encoded() -> [UInt8] {
        let lines = [host, machine, "\(process)", "\(started)", "\(port)", addresses.joined(separator: " ")]
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// Reads what `encoded` wrote; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16 else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, let process = Int32(lines[2]), let started = UInt64(lines[3]),
            let port = UInt16(lines[4])
        else { return nil }
        self.init(
            host: String(lines[0]),
            machine: String(lines[1]),
            process: process,
            started: started,
            port: port,
            addresses: lines[5].split(separator: " ").map(String.init)
        )
    }

    /// A rank's process.
    init(
        host: String,
        machine: String,
        process: Int32,
        started: UInt64,
        port: UInt16 = 0,
        addresses: [String] = []
    ) {
        self.host = host
        self.machine = machine
        self.process = process
        self.started = started
        self.port = port
        self.addresses = addresses
    }

    /// Ends the process if it runs on the machine of `other` and is still the same one; it cannot refuse.
    func kill(asSeenBy other: RankMember) {
        guard machine == other.machine, process > 1, process != other.process, started != 0,
            Self.startTime(of: process) == started
        else { return }
        _ = Glibc.kill(process, SIGKILL)
    }

    /// When a process started; nil if there is none.
    ///
    /// The number of a process is used again, but not together with its start.
    static func startTime(of process: Int32) -> UInt64? {
        // The name of the program is in brackets and may hold anything; the start is the 20th value after it.
        let text = readText("/proc/\(process)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        let values = text[end...].split(separator: " ")
        return values.count > 20 ? UInt64(values[20]) : nil
    }

    private static func clean(_ text: String) -> String {
        String(text.prefix(256).map { $0.isNewline ? " " : $0 })
    }

    private static func readText(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter { !$0.isNewline }
    }

    private static func readLink(_ path: String) -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func hostAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, entry.ifa_flags & UInt32(IFF_UP) != 0,
                entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
                let text = SocketAddress.text(of: address), !text.contains("%"), !addresses.contains(text)
            else { continue }
            addresses.append(text)
        }
        return Array(addresses.prefix(16))
    }
}
