import TestSupport
import Testing

@testable import Buffers

@Suite("Free ranges of a segment")
struct FreeRangesTests {
    @Test("give the smallest hole that fits, the lowest of equal ones, and the end only where none does")
    func choice() {
        var ranges = FreeRanges(capacity: 1000)
        for size in [100, 50, 100, 60, 100, 50, 100] { _ = ranges.take(size) }
        #expect(ranges.mark == 560)
        for hole in [100..<150, 250..<310, 410..<460] { ranges.giveBack(hole) }
        #expect(ranges.take(50)?.offset == 100)
        #expect(ranges.take(10)?.offset == 410)
        #expect(ranges.take(55)?.offset == 250)
        ranges.giveBack(460..<560)
        let inside = ranges.take(30)
        #expect(inside?.offset == 420 && inside?.isFresh == false)
        let beyond = ranges.take(500)
        #expect(beyond?.offset == 450 && beyond?.isFresh == true)
        #expect(ranges.mark == 950)
        #expect(ranges.take(51) == nil)
        #expect(ranges.take(50)?.offset == 950)
    }

    @Test("never overlap, stay below the capacity, and are one range again once all is given back")
    func random() {
        forAll { generator in
            var ranges = FreeRanges(capacity: 4096)
            var held: [Range<Int>] = []
            for _ in 0..<300 {
                if !held.isEmpty, generator.int(0...2) == 0 {
                    ranges.giveBack(held.remove(at: generator.int(0...held.count - 1)))
                    continue
                }
                let size = generator.int(1...400)
                guard let block = ranges.take(size) else { continue }
                let range = block.offset..<block.offset + size
                try #require(range.upperBound <= 4096 && !held.contains { $0.overlaps(range) }, "\(range) twice")
                held.append(range)
            }
            for range in held { ranges.giveBack(range) }
            try #require(ranges.isEmpty)
        }
    }

    @Test("give equal requests equal places, however far the segment was used before")
    func repetition() {
        forAll { generator in
            var ranges = FreeRanges(capacity: 1 << 20)
            let requests = (0..<200).map { _ in (size: generator.int(1...400), victim: generator.int(0...9)) }
            func step() -> [Int] {
                var (held, offsets) = ([Range<Int>](), [Int]())
                for request in requests {
                    if held.count > request.victim * 3 { ranges.giveBack(held.remove(at: request.victim)) }
                    guard let block = ranges.take(request.size) else { continue }
                    held.append(block.offset..<block.offset + request.size)
                    offsets.append(block.offset)
                }
                for range in held.reversed() { ranges.giveBack(range) }
                return offsets
            }
            let first = step()
            let mark = ranges.mark
            try #require(step() == first && ranges.mark == mark)
        }
    }
}
