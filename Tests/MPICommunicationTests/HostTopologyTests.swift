import Testing

@testable import MPICommunication

@Suite("The topology of hosts")
struct HostTopologyTests {
    @Test("keeps ranks in order, and hosts in the order of their lowest ranks")
    func order() {
        let topology = HostTopology(keys: [7, 3, 7, 3, 9])
        #expect(topology.hosts == [[0, 2], [1, 3], [4]])
        #expect(topology.leaders == [0, 1, 4])
        #expect(topology.size == 5)
        #expect((0..<5).map { topology.host(of: $0) } == [0, 1, 0, 1, 2])
        #expect(topology.neighbours(of: 3) == [1, 3])
        #expect(topology.hasNeighbours)
    }

    @Test("knows when every rank is on its own")
    func apart() {
        let topology = HostTopology(keys: [0, 1, 2])
        #expect(topology.hosts == [[0], [1], [2]])
        #expect(!topology.hasNeighbours)
        #expect(HostTopology(keys: [5]).neighbours(of: 0) == [0])
    }
}
