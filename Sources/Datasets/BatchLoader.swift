public import Buffers
import Foundation

/// Reads, decodes and changes examples on threads of its own, and hands them out as batches in the order of the run.
///
/// Which example a sample index is, and how it is changed, depends on the seed and the index alone: any number of
/// threads, any split into micro-batches and any place of a restart give the same examples.
public final class BatchLoader: Sendable {
    /// What the data is.
    public var manifest: DatasetManifest { reader.manifest }
    /// Which record each sample is.
    public var order: DataOrder { reader.order }

    private let reader: RecordReader
    private let jobs: BoundedQueue<BatchJob>
    private let threads: Int

    /// Opens a source for a run.
    ///
    /// `image` is the run's image shape `[H, W, C]` with 1 or 3 channels, `seed` the run's seed, `threads` the number
    /// of readers, at least 1. Throws if the source cannot say what it holds; shards are opened when they are first
    /// needed.
    public init(source: any DataSource, image: Shape, seed: UInt64, threads: Int = 2) throws(DatasetError) {
        precondition(threads >= 1, "\(threads) reader threads")
        let reader = try RecordReader(source: source, image: image, seed: seed)
        let jobs = BoundedQueue<BatchJob>(capacity: 2 * threads)
        self.reader = reader
        self.jobs = jobs
        self.threads = threads
        for _ in 0..<threads {
            Thread.detachNewThread {
                while let job = jobs.take() { job.result.put(reader.batch(job.samples)) }
            }
        }
    }

    deinit {
        jobs.close()
    }

    /// Starts reading samples of the run's endless order, as batches of `micro`; the last one may be shorter.
    ///
    /// At most two batches a thread are read ahead of the one that is awaited.
    public func batches(samples: Range<UInt64>, micro: Int) -> BatchSequence {
        precondition(micro >= 1, "batches of \(micro) samples")
        return BatchSequence(loader: self, jobs: jobs, samples: samples, micro: micro, ahead: 2 * threads)
    }

    /// Reads records by their number in the data, neither permuted nor changed, on the calling thread.
    ///
    /// For evaluation: sample ids of the batch are the record numbers.
    public func records(_ range: Range<Int>) throws(DatasetError) -> Batch {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= manifest.count,
            "records \(range) of \(manifest.count)"
        )
        return try reader.plain(range)
    }
}

/// The samples of one batch, and where its reader puts it.
struct BatchJob: Sendable {
    let samples: Range<UInt64>
    let result = BoundedQueue<Result<Batch, DatasetError>>(capacity: 1)
}

/// The batches of one piece of work, in order; used by one thread.
public final class BatchSequence {
    // Keeps the loader, and with it the threads, alive until the last batch is read.
    private let loader: BatchLoader
    private let jobs: BoundedQueue<BatchJob>
    private let samples: Range<UInt64>
    private let micro: UInt64
    private let ahead: Int
    private var started: UInt64
    private var pending: [BatchJob] = []

    init(loader: BatchLoader, jobs: BoundedQueue<BatchJob>, samples: Range<UInt64>, micro: Int, ahead: Int) {
        self.loader = loader
        self.jobs = jobs
        self.samples = samples
        self.micro = UInt64(micro)
        self.ahead = ahead
        started = samples.lowerBound
        fill()
    }

    /// The next batch, waited for; nil after the last.
    public func next() throws(DatasetError) -> Batch? {
        guard !pending.isEmpty else { return nil }
        let job = pending.removeFirst()
        fill()
        guard let result = job.result.take() else { throw .closed }
        return try result.get()
    }

    private func fill() {
        while pending.count < ahead && started < samples.upperBound {
            let end = started + min(micro, samples.upperBound - started)
            let job = BatchJob(samples: started..<end)
            if !jobs.put(job) { job.result.close() }
            pending.append(job)
            started = end
        }
    }
}
