import Buffers
import Synchronization

/// Sample indices to batches, for any number of threads at once.
final class RecordReader: Sendable {
    let manifest: DatasetManifest
    let order: DataOrder

    private let source: any DataSource
    private let decoder: ImageDecoder
    private let starts: [Int]
    private let shards: Mutex<[Int: Shard]>

    init(source: any DataSource, image: Shape, seed: UInt64) throws(DatasetError) {
        let manifest = try source.manifest()
        self.manifest = manifest
        self.source = source
        order = DataOrder(seed: seed, count: manifest.count)
        decoder = ImageDecoder(shape: image)
        starts = manifest.shards.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        shards = Mutex([:])
    }

    /// The batch of some samples, permuted and changed.
    func batch(_ samples: Range<UInt64>) -> Result<Batch, DatasetError> {
        do throws(DatasetError) {
            let ids = Array(samples)
            var examples: [Example] = []
            examples.reserveCapacity(ids.count)
            for (id, record) in zip(ids, order.records(of: samples)) {
                var example = try example(record)
                var random = RandomStream(seed: order.seed, purpose: .augmentation, index: id)
                for augmentation in source.augmentations { augmentation.apply(&example, using: &random) }
                examples.append(example)
            }
            return .success(assemble(examples, ids: ids))
        } catch {
            return .failure(error)
        }
    }

    /// Records as they are stored, but decoded.
    func plain(_ range: Range<Int>) throws(DatasetError) -> Batch {
        var examples: [Example] = []
        for record in range { examples.append(try example(record)) }
        return assemble(examples, ids: range.map(UInt64.init))
    }

    private func assemble(_ examples: [Example], ids: [UInt64]) -> Batch {
        let shape = Shape([examples.count] + decoder.shape.dimensions)
        let images = TensorData(examples.flatMap(\.values), shape: shape)
        let labels = manifest.classes > 0 ? examples.map { $0.label ?? Condition.dropped } : nil
        return Batch(images: images, condition: Condition(labels: labels), sampleIDs: ids)
    }

    private func example(_ record: Int) throws(DatasetError) -> Example {
        let place = place(of: record)
        let shard = try shard(place.shard)
        let stored = try shard.record(place.row)
        do {
            return try decoder.decode(stored)
        } catch {
            throw .image(name: shard.name(of: place.row), error)
        }
    }

    // The last shard that starts at or before the record.
    private func place(of record: Int) -> (shard: Int, row: Int) {
        var (low, high) = (0, starts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= record { low = middle } else { high = middle }
        }
        return (low, record - starts[low])
    }

    // Opening happens under the lock: a second thread that needs the same shard waits rather than verifying it twice.
    private func shard(_ index: Int) throws(DatasetError) -> Shard {
        let result = shards.withLock { open -> Result<Shard, DatasetError> in
            if let shard = open[index] { return .success(shard) }
            do throws(DatasetError) {
                let shard = try source.shard(index)
                try shard.check(against: manifest, at: index)
                open[index] = shard
                return .success(shard)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
