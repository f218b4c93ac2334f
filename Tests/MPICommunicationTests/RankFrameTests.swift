import Glibc
import TestSupport
import Testing

@testable import MPICommunication

@Suite("What the watches of ranks send")
struct RankFrameTests {
    private static let key = (0..<RankFrame.keySize).map { UInt8($0 * 7) }

    @Test("a frame comes back as it was sent")
    func roundTrip() {
        for kind in [RankFrame.Kind.hello, .beat, .goodbye, .ending] {
            let frame = RankFrame(kind, from: 3, about: 70_000, pulse: 1 << 40 + 5)
            let bytes = frame.encoded(key: Self.key)
            #expect(bytes.count == RankFrame.size)
            #expect(RankFrame(bytes[...], key: Self.key) == frame)
        }
    }

    @Test("a changed magic, kind, filling or key, and any other length, is no frame")
    func changed() {
        let bytes = RankFrame(.beat, from: 1, about: 2).encoded(key: Self.key)
        for place in Array(0..<8) + Array(24..<RankFrame.size) {
            var changed = bytes
            changed[place] ^= 0x80
            #expect(RankFrame(changed[...], key: Self.key) == nil, "byte \(place)")
        }
        for count in 0..<bytes.count { #expect(RankFrame(bytes[..<count], key: Self.key) == nil) }
        #expect(RankFrame((bytes + [0])[...], key: Self.key) == nil)
        #expect(RankFrame(bytes[...], key: []) == nil)
    }

    @Test("a member comes back as it was handed round, and hostile bytes are none, without a trap")
    func members() {
        let own = RankMember.own(host: "node7")
        #expect(RankMember(own.encoded()) == own)
        #expect(own.process == getpid() && own.started > 0 && !own.machine.isEmpty)
        for seed in 0..<300 as Range<UInt64> {
            var mutator = Mutator(seed: seed, dictionary: ["\n", "65536", "-1"])
            let bytes = mutator.mutate(own.encoded())
            if let member = RankMember(bytes) { #expect(RankMember(member.encoded()) == member, "seed \(seed)") }
        }
        #expect(RankMember([]) == nil)
        #expect(RankMember([UInt8](repeating: 10, count: 5)) == nil)
    }

    @Test("a process is ended only if it is the one that started then, on this machine")
    func kill() throws {
        let own = RankMember.own(host: "here")
        var process = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawnp(&process, "sleep", nil, nil, &arguments, environ) == 0)
        let started = try #require(RankMember.startTime(of: process))
        var status: Int32 = 0
        RankMember(host: "", machine: own.machine, process: process, started: started + 1).kill(asSeenBy: own)
        RankMember(host: "", machine: "another", process: process, started: started).kill(asSeenBy: own)
        #expect(waitpid(process, &status, WNOHANG) == 0)
        RankMember(host: "", machine: own.machine, process: process, started: started).kill(asSeenBy: own)
        #expect(waitpid(process, &status, 0) == process && status & 0x7f == SIGKILL)
    }
}
