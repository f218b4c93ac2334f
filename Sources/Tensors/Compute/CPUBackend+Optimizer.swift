public import Buffers
import CKernels

extension CPUBackend {
    /// One step of AdamW in one pass.
    public func adamW(
        _ step: AdamWStep,
        parameters: Region,
        gradients: Region,
        first: Region,
        second: Region,
        decayed: [Range<Int>]
    ) {
        let (weights, slopes) = (parameters.floats, gradients.floats)
        let (means, squares) = (first.floats, second.floats)
        var kernel = ck_adamw_step(
            rate: step.rate,
            beta1: step.beta1,
            beta2: step.beta2,
            epsilon: step.epsilon,
            shrink: 1,
            correction1: step.correction1,
            correction2: step.correction2
        )
        let plain = kernel
        kernel.shrink = 1 - step.rate * step.weightDecay
        let shrinking = kernel
        let runs = CPUBackend.runs(of: decayed, in: parameters.count)
        pool.parallelFor(runs.count) { index in
            let (start, count) = (runs[index].range.lowerBound, runs[index].range.count)
            ck_adamw(
                runs[index].isDecayed ? shrinking : plain,
                weights + start,
                slopes + start,
                means + start,
                squares + start,
                count
            )
        }
        tally.add(floats: 7 * parameters.count)
    }

    // Blocks that lie within or without the ranges.
    private static func runs(of ranges: [Range<Int>], in count: Int) -> [(range: Range<Int>, isDecayed: Bool)] {
        var result: [(Range<Int>, Bool)] = []
        func add(_ range: Range<Int>, _ isDecayed: Bool) {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: blockSize) {
                result.append((start..<min(range.upperBound, start + blockSize), isDecayed))
            }
        }
        var end = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            precondition(range.lowerBound >= end && range.upperBound <= count, "decayed \(range) of \(count)")
            add(end..<range.lowerBound, false)
            add(range, true)
            end = range.upperBound
        }
        add(end..<count, false)
        return result
    }
}
