import Buffers
import Testing

@testable import Communication

@Suite("A partition plan")
struct PartitionPlanTests {
    @Test("covers every value once, in order, in parts of the right size", arguments: 0..<40 as Range<UInt64>)
    func coverage(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .order, index: 5)
        let members = Int(random.next() % 9) + 1
        let count = Int(random.next() % 300_000)
        let bandwidths = (0..<members).map { _ in random.uniform() < 0.2 ? nil : random.uniform() * 1e8 }
        let fractions = PartitionPlan.fractions(bandwidths: bandwidths, count: count)
        let plan = PartitionPlan(count: count, fractions: fractions, partSize: 4096)
        var next = 0
        for rank in 0..<members {
            #expect(plan.shares[rank].lowerBound == next)
            for index in 0..<plan.partCount(of: rank) {
                let part = plan.part(index, of: rank)
                #expect(part.lowerBound == next && !part.isEmpty && part.count <= 4096)
                #expect(plan.index(of: part, in: rank) == index)
                #expect(plan.index(of: (part.lowerBound + 1)..<(part.upperBound + 1), in: rank) == nil)
                next = part.upperBound
            }
            #expect(plan.shares[rank].upperBound == next)
        }
        #expect(next == count)
    }

    @Test("gives equal shares to equal links")
    func equal() {
        #expect(PartitionPlan.fractions(bandwidths: [nil, nil], count: 100_000) == [0.5, 0.5])
        #expect(PartitionPlan.fractions(bandwidths: [7], count: 100_000) == [1])
        for fraction in PartitionPlan.fractions(bandwidths: [3, nil, 3, 3, nil], count: 100_000) {
            #expect(abs(fraction - 0.2) < 1e-12)
        }
    }

    @Test("minimises the time of the slowest member", arguments: 0..<60 as Range<UInt64>)
    func optimality(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .order, index: 6)
        let members = Int(random.next() % 6) + 3
        let links = (0..<members).map { _ in 0.2 + random.uniform() }
        let fractions = PartitionPlan.fractions(bandwidths: links, count: 1 << 30)
        func time(_ fractions: [Double]) -> Double {
            zip(fractions, links).reduce(0) { max($0, (1 + Double(members - 2) * $1.0) / $1.1) }
        }
        #expect(abs(fractions.reduce(0, +) - 1) < 1e-9)
        #expect(fractions.allSatisfy { $0 >= 0 })
        let best = time(fractions)
        // No exchange of a little between two members makes it faster.
        for from in 0..<members where fractions[from] > 0.01 {
            for to in 0..<members where to != from {
                var other = fractions
                other[from] -= 0.01
                other[to] += 0.01
                #expect(time(other) >= best * (1 - 1e-9))
            }
        }
    }

    @Test("lets members without a link, or with a share too small, reduce nothing")
    func smallShares() {
        #expect(PartitionPlan.fractions(bandwidths: [0, 5], count: 100_000) == [0, 1])
        #expect(PartitionPlan.fractions(bandwidths: [0, 0], count: 100_000) == [0.5, 0.5])
        let fractions = PartitionPlan.fractions(bandwidths: [1, 1, 1, 0], count: 1000)
        #expect(fractions.count { $0 > 0 } == 1)
        #expect(PartitionPlan.fractions(bandwidths: [1, 1, 0.01], count: 1 << 20)[2] == 0)
    }

    @Test("cuts parts of at most 512 KiB after compression")
    func partSize() {
        for codec in [Float32Compression(), BFloat16Compression(), Int8BlockCompression()] as [any Compression] {
            let size = PartitionPlan.partSize(of: codec)
            #expect(codec.maximumSize(of: size) <= 512 * 1024)
            #expect(codec.maximumSize(of: size + 16) > 512 * 1024)
        }
    }
}
