public import Buffers
import CKernels

extension CPUBackend {
    /// One step of AdamW in one pass; a block's averages follow while its parameters are in the cache.
    public func adamW(
        _ step: AdamWStep,
        parameters: Region,
        gradients: Region,
        first: Region,
        second: Region,
        decayed: [Range<Int>],
        averages: [AverageShift]
    ) {
        for average in averages {
            precondition(average.values.count == parameters.count, "an average of \(average.values.count) elements")
        }
        let (weights, slopes) = (parameters.floats, gradients.floats)
        let (means, squares) = (first.floats, second.floats)
        var kernel = ck_adamw_step(
            rate: step.rate,
            beta1: step.beta1,
            beta2: step.beta2,
            epsilon: step.epsilon,
            shrink: 1,
            scale: step.gradientScale,
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
            for average in averages {
                let values = average.values.floats + start
                if average.weight == 1 {
                    values.update(from: weights + start, count: count)
                } else {
                    ck_lerp(values, weights + start, count, average.weight)
                }
            }
        }
        tally.add(floats: (7 + 2 * averages.count) * parameters.count)
    }

    /// Elements of a block: few enough that all arrays of a step stay in a core's own cache.
    private static let updateBlock = 1 << 12

    // Blocks that lie within or without the ranges.
    private static func runs(of ranges: [Range<Int>], in count: Int) -> [(range: Range<Int>, isDecayed: Bool)] {
        var result: [(Range<Int>, Bool)] = []
        func add(_ range: Range<Int>, _ isDecayed: Bool) {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: updateBlock) {
                result.append((start..<min(range.upperBound, start + updateBlock), isDecayed))
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
