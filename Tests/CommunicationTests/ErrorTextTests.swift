import Testing

@testable import Communication

@Suite("Errors of communication")
struct ErrorTextTests {
    @Test("are one sentence that says what was expected, what was found and what to do")
    func sentences() {
        let sentences: [(CommunicationError, String)] = [
            (.closed, "the exchange was closed before it was finished; start the worker again to go on"),
            (
                .listen(host: "0.0.0.0", port: 7301, reason: "address in use"),
                "cannot listen on 0.0.0.0:7301 (address in use); choose a free port or an address of this machine"
            ),
            (
                .invalidGroup(round: 3, reason: "it names a member twice"),
                "the group of round 3 is not valid: it names a member twice; the coordinator must send another one"
            ),
            (
                .notAMember(id: "ada", round: 3),
                "the group of round 3 does not hold this worker 'ada'; it must join again"
            ),
            (.invalidWeight(-1), "the weight of a mean must be between 0 and 100000000.0 samples, not -1.0"),
            (
                .notFinite(round: 3),
                "the values of round 3 are not finite or above 1e30; a worker must withdraw with weight 0 instead"
            ),
            (
                .countMismatch(expected: 5, found: 4),
                "all members must average the same number of values, but one has 5 and one 4; give them the same run file"
            ),
            (.rankOutOfRange(rank: 4, size: 4), "rank 4 is not in a group of 4; ranks run from 0 to 3"),
            (
                .unsupported(operation: "barrier", instead: "volunteers meet in rounds"),
                "this group has no barrier; volunteers meet in rounds"
            ),
            (
                .memberFailed(rank: 1),
                "member 1 of this process left the group before the exchange was finished; see its own error"
            ),
            (.authority(reason: "refused"), "the round could not be settled with the coordinator: refused"),
            (.outside(reason: "it is closed"), "rank 0 could not exchange for this group: it is closed"),
            (
                .mpi(operation: "MPI_Allreduce", rank: 2, host: "node7", reason: "out of memory"),
                "MPI_Allreduce failed on rank 2 of host node7: out of memory; start the job again to resume"
            ),
            (
                .badMessage(rank: 2, reason: "it has 3 bytes instead of 4"),
                "rank 2 sent a message that cannot be used: it has 3 bytes instead of 4; give all ranks the same program and run file"
            ),
        ]
        for (error, sentence) in sentences { #expect(error.description == sentence) }
        #expect(
            CompressionError.size(expected: 4, found: 3).description
                == "the compressed part should have 4 bytes but has 3; the sender uses another codec or is faulty"
        )
        #expect(
            CompressionError.invalidValue(offset: 8).description
                == "the compressed part holds a number that is not allowed at byte 8; the sender is faulty"
        )
    }
}

@Suite("The group of a round")
struct RoundGroupTests {
    private func fault(_ change: (inout RoundGroup) -> Void) -> String? {
        var group = Example.group(weights: [1, 2])
        change(&group)
        do throws(CommunicationError) {
            try group.validate()
            return nil
        } catch {
            guard case .invalidGroup(_, let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test("is accepted when all its fields are in range")
    func valid() {
        #expect(fault { _ in } == nil)
        #expect(Example.group(weights: [1, 0, 2]).totalWeight == 3)
        #expect(Example.group(weights: [1, 0, 2]).contributors == 2)
    }

    @Test("is refused for every field out of range, by name")
    func invalid() {
        #expect(fault { $0.members = [] } == "it has 0 members, not 1 to 256")
        #expect(fault { $0.attempt = 65_536 } == "its attempt 65536 is above 65535")
        #expect(fault { $0.key = [1] } == "its key has 1 bytes, not 16 to 64")
        #expect(fault { $0.deadline = 0 } == "its deadline is 0.0 s, not above 0 and at most a day")
        #expect(fault { $0.deadline = .nan } == "its deadline is nan s, not above 0 and at most a day")
        #expect(fault { $0.members[1].id = "w0" } == "it names a member twice")
        #expect(fault { $0.members[1].weight = -1 } == "member 'w1' has the weight -1.0")
        #expect(fault { $0.members[1].weight = .nan } == "member 'w1' has the weight nan")
        #expect(fault { $0.members[1].port = 65_536 } == "member 'w1' has the port 65536")
        #expect(fault { $0.members[0].bandwidth = -3 } == "member 'w0' has the bandwidth -3.0")
        #expect(fault { $0.members[1].weight = 1e30 } == "its weights add up to 1e+30, above 100000000.0")
    }

    @Test("ranks members by their order")
    func ranks() throws {
        let group = Example.group(weights: [1, 2])
        #expect(try group.rank(of: "w1") == 1)
        #expect(throws: CommunicationError.notAMember(id: "x", round: 7)) { try group.rank(of: "x") }
    }
}
