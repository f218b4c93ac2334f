import Buffers
import TestSupport
import Testing

@testable import Datasets

@Suite("The batch loader")
struct LoaderTests {
    private var flipped: Digits {
        var digits = Digits()
        digits.augmentations = [HorizontalFlip()]
        return digits
    }

    private func read(_ loader: BatchLoader, _ samples: Range<UInt64>, micro: Int) throws -> [Batch] {
        let sequence = loader.batches(samples: samples, micro: micro)
        var result: [Batch] = []
        while let batch = try sequence.next() { result.append(batch) }
        return result
    }

    @Test("any number of threads and any size of batch give the same examples")
    func threads() throws {
        let samples: Range<UInt64> = 1400..<1700
        let expected = try read(
            BatchLoader(source: flipped, image: [8, 8, 1], seed: 4, threads: 1),
            samples,
            micro: 300
        )
        #expect(expected.count == 1 && expected[0].count == 300)
        for (threads, micro) in [(1, 7), (2, 64), (5, 33), (3, 1)] {
            let loader = try BatchLoader(source: flipped, image: [8, 8, 1], seed: 4, threads: threads)
            let batches = try read(loader, samples, micro: micro)
            #expect(batches.dropLast().allSatisfy { $0.count == micro })
            #expect(batches.flatMap(\.sampleIDs) == Array(samples))
            #expect(batches.flatMap(\.images.floats) == expected[0].images.floats)
            #expect(batches.flatMap { $0.condition.labels ?? [] } == expected[0].condition.labels)
        }
    }

    @Test("an epoch has every record once, with its own label")
    func epoch() throws {
        let loader = try BatchLoader(source: Digits(), image: [8, 8, 1], seed: 4)
        let plain = try loader.records(0..<1500)
        let batch = try read(loader, 0..<1500, micro: 1500)[0]
        let (stored, drawn) = (plain.images.floats, batch.images.floats)
        for (place, record) in loader.order.records(of: 0..<1500).enumerated() {
            #expect(drawn[64 * place..<64 * place + 64] == stored[64 * record..<64 * record + 64])
            #expect(batch.condition.labels?[place] == plain.condition.labels?[record])
        }
        #expect(batch.images.shape == [1500, 8, 8, 1])
    }

    @Test("augmentation changes some samples, depends on the sample, and not on the place where a run started")
    func augmentation() throws {
        let loader = try BatchLoader(source: flipped, image: [8, 8, 1], seed: 4)
        let plain = try BatchLoader(source: Digits(), image: [8, 8, 1], seed: 4)
        let (changed, unchanged) = (
            try read(loader, 0..<3000, micro: 3000)[0], try read(plain, 0..<3000, micro: 3000)[0]
        )
        let rows = (0..<3000).map { 64 * $0..<64 * $0 + 64 }
        let (a, b) = (changed.images.floats, unchanged.images.floats)
        let mirrored = rows.count { a[$0] != b[$0] }
        // Half of 3,000 with a deviation of 27.4.
        #expect(abs(mirrored - 1500) < 137)
        let late = try read(loader, 2990..<3000, micro: 10)[0]
        #expect(late.images.floats == Array(a[64 * 2990..<64 * 3000]))
    }

    @Test("an empty range has no batch, and two sequences may be read in turns")
    func interleaved() throws {
        let loader = try BatchLoader(source: Digits(), image: [8, 8, 1], seed: 4, threads: 2)
        #expect(try read(loader, 5..<5, micro: 4).isEmpty)
        let (first, second) = (loader.batches(samples: 0..<64, micro: 4), loader.batches(samples: 64..<128, micro: 4))
        var ids: [UInt64] = []
        while let one = try first.next(), let other = try second.next() { ids += one.sampleIDs + other.sampleIDs }
        #expect(ids.sorted() == Array(0..<128))
        _ = loader.batches(samples: 0..<1 << 40, micro: 8)
    }

    @Test("a broken image is an error that names its file, in the batch where it stands")
    func brokenImage() throws {
        let directory = try TestDirectory()
        let png = try ImageCodec.encodePNG(Pixels(bytes: [UInt8](0..<4), width: 2, height: 2, channels: 1))
        try directory.write(png, to: "a.png")
        try directory.write(Array(png.dropLast(20)), to: "b.png")
        var folder = ImageFolder()
        folder.path = directory.path
        let loader = try BatchLoader(source: folder, image: [2, 2, 1], seed: 1)
        #expect(try loader.records(0..<1).images.floats.count == 4)
        do {
            _ = try read(loader, 0..<2, micro: 2)
            Issue.record("the broken image was read")
        } catch {
            #expect(
                "\(error)" == "image '\(directory.path)/b.png': the file ends before the image does; copy it again"
            )
        }
    }

    @Test("a queue keeps its order and length, and wakes everybody when it is closed")
    func queue() async {
        let queue = BoundedQueue<Int>(capacity: 3)
        let received = await withTaskGroup(of: [Int].self) { group in
            group.addTask {
                for number in 0..<1000 { queue.put(number) }
                queue.close()
                return []
            }
            group.addTask {
                var numbers: [Int] = []
                while let number = queue.take() { numbers.append(number) }
                return numbers
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(received == Array(0..<1000))
        #expect(!queue.put(1) && queue.take() == nil)
    }
}
