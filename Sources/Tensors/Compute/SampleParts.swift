import Buffers
import CKernels

/// The rows of several samples, cut by their shape alone into parts of about one block, none of which spans two samples.
struct SampleParts {
    let samples: Int
    /// Rows of one sample.
    let rows: Int
    /// Numbers of a row.
    let width: Int
    /// Rows of one part; the last of a sample may have fewer.
    let size: Int
    /// Parts of one sample.
    let count: Int

    /// Numbers of one part at most.
    var most: Int { size * width }

    init(samples: Int, rows: Int, width: Int) {
        self.samples = samples
        self.rows = rows
        self.width = width
        size = max(1, CPUBackend.blockSize / max(1, width))
        count = (rows + size - 1) / size
    }
}

extension Range<Int> {
    /// The numbers of these rows.
    func of(_ width: Int) -> Range<Int> { lowerBound * width..<upperBound * width }
}

extension CPUBackend {
    /// Calls `body` with the number of each part, its sample and its rows among those of all samples, from several threads.
    func forParts(_ parts: SampleParts, _ body: (_ part: Int, _ sample: Int, _ rows: Range<Int>) -> Void) {
        let together = max(1, CPUBackend.blockSize / max(1, parts.width * min(parts.size, parts.rows)))
        forBlocks(parts.samples * parts.count, of: together) { block in
            for part in block {
                let sample = part / parts.count
                let first = part % parts.count * parts.size
                let end = min(parts.rows, first + parts.size)
                body(part, sample, sample * parts.rows + first..<sample * parts.rows + end)
            }
        }
    }

    /// The sums of each sample, `[samples, width]`, from those of its parts, which lie `stride` numbers apart.
    func joinSums(_ parts: SampleParts, _ sums: UnsafePointer<Float>, stride: Int, into y: Region) {
        let target = y.floats
        let together = max(1, CPUBackend.blockSize / max(1, parts.count * parts.width))
        forBlocks(parts.samples, of: together) { samples in
            for sample in samples {
                ck_reduce_columns(
                    CK_SUM,
                    sums + sample * parts.count * stride,
                    stride,
                    target + sample * parts.width,
                    parts.count,
                    parts.width,
                    1
                )
            }
        }
    }
}
