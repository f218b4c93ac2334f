import Buffers
import Communication
import Testing

@testable import MPICommunication

@Suite("A process that mpirun did not start")
struct MPIEnvironmentTests {
    @Test("is rank 0 of 1 and forms means alone, without MPI")
    func alone() throws {
        #expect(!MPIEnvironment.isLaunched)
        let environment = try MPIEnvironment()
        #expect(environment.rank == 0 && environment.size == 1 && !environment.host.isEmpty)
        let communicator = try environment.communicator()
        #expect(communicator is SingleCommunicator)
        let buffer = FlatBuffer([1, 2])
        #expect(try communicator.mean(of: buffer, weight: 4, round: 0).totalWeight == 4)
        let sums = FlatBuffer(count: 2)
        try LibraryAllReduce(environment).sum(buffer, into: sums)
        #expect(sums.floats == [1, 2])
        try environment.finish()
    }

    @Test("and ranks name themselves when they give up")
    func sentences() {
        #expect(
            MPIEnvironment.abortText(rank: 2, size: 4, host: "node7", reason: "the disk is full")
                == "rank 2 of 4 on host node7 failed: the disk is full"
        )
        #expect(
            MPIEnvironment.abortText(rank: 0, size: 1, host: "node7", reason: "the disk is full") == "the disk is full"
        )
    }
}
