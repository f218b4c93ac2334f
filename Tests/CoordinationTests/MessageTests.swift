import Foundation
import Testing

@testable import Coordination

@Suite("Messages")
struct MessageTests {
    private func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("Every instruction is read back as it was written")
    func instructions() throws {
        let mark = StateMark(generation: 1, samples: 32)
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        let digest = try #require(ContentDigest(rawValue: String(repeating: "a", count: 64)))
        let all: [Instruction] = [
            .lease(
                LeaseInstruction(
                    id: LeaseID(rawValue: 1),
                    round: RoundID(rawValue: 2),
                    first: 3,
                    count: 4,
                    deadline: 5.5,
                    credited: [LeaseID(rawValue: 6)]
                )
            ),
            .exchange(
                ExchangeInstruction(
                    round: RoundID(rawValue: 2),
                    attempt: 1,
                    members: [ExchangeMember(id: peer, host: "::1", port: 7, weight: 8)],
                    key: "00",
                    deadline: 9,
                    credited: []
                )
            ),
            .commit(
                CommitInstruction(
                    round: RoundID(rawValue: 2),
                    attempt: 1,
                    mark: mark,
                    count: 16,
                    loss: nil,
                    members: 2,
                    isLeader: true,
                    duties: [.checkpoint, .samples]
                )
            ),
            .snapshot(SnapshotInstruction(mark: mark, isFinal: true)),
            .load(LoadInstruction(mark: mark, files: [CheckpointFile(name: "a", digest: digest, bytes: 1)])),
            .startFromSeed(SeedInstruction(generation: 0)),
            .wait(WaitInstruction(reason: "r")),
            .finished(FinishedInstruction(samples: 64)),
        ]
        for instruction in all {
            let data = try JSONEncoder().encode(instruction)
            #expect(try JSONDecoder().decode(Instruction.self, from: data) == instruction)
        }
    }

    @Test("A join that names no ranks is one of a worker alone, in requests and journals alike")
    func ranks() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        let old = Data(#"{"version":1,"peer":"peer-0001","name":"w","port":7}"#.utf8)
        #expect(try JSONDecoder().decode(JoinRequest.self, from: old).ranks == nil)
        let world = JoinRequest(peer: peer, name: "w", host: nil, port: 7, ranks: 3)
        #expect(try text(world).contains(#""ranks":3"#))
        #expect(try JSONDecoder().decode(JoinRequest.self, from: JSONEncoder().encode(world)) == world)
        let journalled = Data(
            #"{"join":{"_0":{"peer":"peer-0001","owner":"t","name":"w","host":"h","port":7}}}"#.utf8
        )
        let facts = JoinFacts(peer: peer, owner: "t", name: "w", host: "h", port: 7)
        #expect(try JSONDecoder().decode(Command.self, from: journalled) == .join(facts))
        #expect(facts.ranks == nil)
    }

    @Test("Keys are snake case and instructions carry their kind")
    func shape() throws {
        let lease = Instruction.lease(
            LeaseInstruction(
                id: LeaseID(rawValue: 1),
                round: RoundID(rawValue: 2),
                first: 3,
                count: 4,
                deadline: 5,
                credited: []
            )
        )
        #expect(
            try text(WorkReply(instruction: lease)) == """
                {"instruction":{"kind":"lease","lease":\
                {"count":4,"credited":[],"deadline":5,"first":3,"id":1,"round":2}}}
                """
        )
        #expect(try text(Instruction.startFromSeed(SeedInstruction(generation: 0))).contains("start_from_seed"))
    }

    @Test(
        "Identifiers of the wrong form are refused",
        arguments: ["", "short", "with space-", "naïve-peer", "a/../b/c/d"]
    )
    func badPeer(text: String) {
        #expect(PeerID(rawValue: text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(PeerRequest.self, from: Data(#"{"peer":"\#(text)"}"#.utf8))
        }
    }

    @Test("Digests are 64 lower-case hexadecimal digits")
    func digests() {
        #expect(ContentDigest(rawValue: String(repeating: "a", count: 63)) == nil)
        #expect(ContentDigest(rawValue: String(repeating: "A", count: 64)) == nil)
        #expect(ContentDigest(rawValue: String(repeating: "9", count: 64)) != nil)
    }

    @Test("File names cannot leave their folder", arguments: ["", ".hidden", "..", "a/b", "a\\b", "a\u{0}"])
    func fileNames(name: String) throws {
        let digest = try #require(ContentDigest(rawValue: String(repeating: "a", count: 64)))
        let file = CheckpointFile(name: name, digest: digest, bytes: 1)
        let checkpoint = Checkpoint(mark: StateMark(generation: 0, samples: 1), files: [file])
        #expect(throws: CoordinationError.self) { try checkpoint.validate() }
    }

    @Test("An instruction of an unknown kind is refused")
    func unknownKind() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Instruction.self, from: Data(#"{"kind":"dance"}"#.utf8))
        }
    }

    @Test("Errors say what was expected, what was found, and what to do")
    func errorText() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        #expect(
            CoordinationError.unknownPeer(peer).description
                == "Peer peer-0001 is not a member of this run; join again."
        )
        #expect(
            CoordinationError.protocolVersion(found: 2, expected: 1).description
                == "The worker speaks protocol 2 and the coordinator 1; install the same version on both sides."
        )
    }
}

@Suite("Liveness")
struct LivenessTests {
    @Test("A member is lost when it was not heard for the whole time")
    func lost() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        var liveness = Liveness(lostAfter: 5_000)
        liveness.note(peer, at: Timestamp(milliseconds: 1_000))
        #expect(liveness.lost(at: Timestamp(milliseconds: 5_999)) == [])
        #expect(liveness.lost(at: Timestamp(milliseconds: 6_000)) == [peer])
        liveness.note(peer, at: Timestamp(milliseconds: 5_000))
        #expect(liveness.lost(at: Timestamp(milliseconds: 6_000)) == [])
        liveness.forget(peer)
        #expect(liveness.lost(at: Timestamp(milliseconds: 60_000)) == [])
    }

    @Test(
        "A member that is heard regularly is missed sooner, one with gaps later, and none after longer than the limit"
    )
    func regular() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        var liveness = Liveness(lostAfter: 5_000)
        func isLost(after silence: Int64) -> Bool {
            !liveness.lost(at: Timestamp(milliseconds: 100_000 + silence)).isEmpty
        }
        for beat in 0...20 { liveness.note(peer, at: Timestamp(milliseconds: 90_000 + Int64(beat) * 500)) }
        #expect(!isLost(after: 1_499) && isLost(after: 1_500))
        for beat in 0...20 { liveness.note(peer, at: Timestamp(milliseconds: 110_000 + Int64(beat) * 500)) }
        // The gap of 10 s is remembered, so that nothing but the limit counts.
        #expect(liveness.lost(at: Timestamp(milliseconds: 124_999)).isEmpty)
        #expect(liveness.lost(at: Timestamp(milliseconds: 125_000)) == [peer])
        for beat in 0...400 { liveness.note(peer, at: Timestamp(milliseconds: 120_500 + Int64(beat) * 500)) }
        #expect(liveness.lost(at: Timestamp(milliseconds: 322_500)) == [peer])
    }

    @Test("A member whose connection ended is lost soon unless it speaks again")
    func doubt() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        var liveness = Liveness(lostAfter: 5_000)
        liveness.doubt(peer, at: Timestamp(milliseconds: 0))
        #expect(liveness.lost(at: Timestamp(milliseconds: 10_000)) == [])
        liveness.note(peer, at: Timestamp(milliseconds: 10_000))
        liveness.doubt(peer, at: Timestamp(milliseconds: 10_100))
        liveness.doubt(peer, at: Timestamp(milliseconds: 10_400))
        #expect(liveness.lost(at: Timestamp(milliseconds: 10_599)) == [])
        #expect(liveness.lost(at: Timestamp(milliseconds: 10_600)) == [peer])
        liveness.note(peer, at: Timestamp(milliseconds: 10_500))
        #expect(liveness.lost(at: Timestamp(milliseconds: 10_600)) == [])
    }

    @Test("Grace is a sign of life in the future")
    func grace() throws {
        let peer = try #require(PeerID(rawValue: "peer-0001"))
        var liveness = Liveness(lostAfter: 5_000)
        liveness.note(peer, at: Timestamp(milliseconds: 10_000))
        liveness.note(peer, at: Timestamp(milliseconds: 1_000))
        #expect(liveness.silence(of: peer, at: Timestamp(milliseconds: 2_000)) == 0)
        #expect(liveness.lost(at: Timestamp(milliseconds: 14_999)) == [])
    }
}
