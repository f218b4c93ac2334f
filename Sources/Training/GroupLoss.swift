public import Communication
import Configs

/// The losses of all ranks of a group: each rank keeps its own, and where a report is due they add them up.
///
/// The ranks take the same steps, whatever strategy they follow, and so make the same calls here. A step that is not reported sends
/// nothing; a group of one never does, and its reports stay as they are.
public struct GroupLoss {
    private let group: any Communicator
    /// That of rank 0, once the first report has told it.
    private var cadence: StepCadence
    private var isFirst = true
    private var stretch = Stretch()
    /// Names of parts that all ranks know, in the order in which their sums are sent.
    private var names: [String] = []

    /// What a rank saw since the last report.
    private struct Stretch {
        /// The sum over steps of this rank's share in the mean loss of the step.
        var loss = 0.0
        /// The sum over steps of its share in their samples.
        var share = 0.0
        var steps = 0
    }

    /// Nothing is known yet.
    ///
    /// - Parameters:
    ///   - group: The ranks, which all have one of these.
    ///   - every: Samples from one report to the next; where ranks differ that of rank 0 holds.
    public init(_ group: any Communicator, every: UInt64) {
        self.group = group
        cadence = StepCadence(every: every)
    }

    /// Makes the report of a rank one of the group; every rank calls it after every step.
    ///
    /// The first step is reported, then each that crosses a multiple of the cadence, and the last one of the run.
    ///
    /// - Parameters:
    ///   - report: What the trainer said of the step.
    ///   - trainer: It has taken that step and has not begun another.
    ///   - globalSampleCount: The samples of the step over all workers, of which those of the ranks may be a part.
    /// - Returns: The report with the losses and withdrawals of all ranks or, where no report is due, with 0 steps.
    /// - Throws: `TrainingError.communication` if the group cannot go on.
    public mutating func complete(
        _ report: StepReport,
        of trainer: Trainer,
        globalSampleCount: Int
    ) throws(TrainingError) -> StepReport {
        guard group.size > 1 else { return report }
        // Each step counts the same, as it does in the log of a single rank, and each of its samples the same.
        let count = Double(max(1, globalSampleCount))
        stretch.loss += trainer.loss.total / count
        stretch.share += Double(trainer.loss.samples) / count
        stretch.steps += 1
        var report = report
        report.steps = 0
        guard isDue(report, globalSampleCount) else { return report }
        do {
            try combine(&report, trainer.loss.parts)
        } catch {
            throw .communication(error)
        }
        stretch = Stretch()
        return report
    }

    // By the step alone, not by what was reported before, so that a state that is loaded or given up changes nothing.
    private func isDue(_ report: StepReport, _ count: Int) -> Bool {
        let now = report.progress
        let before = now.samples - min(now.samples, UInt64(count))
        return isFirst || cadence.isDue(from: before, to: now.samples, planned: now.plannedSamples)
    }

    /// Numbers ahead of those of the parts.
    private static let headCount = 5

    // A few numbers go as they are, in 64 bits and added in the order of ranks: a mean of a buffer would round them to 32 bits, and would
    // be one more round of the strategy's own.
    private mutating func combine(_ report: inout StepReport, _ parts: MeanLoss.Parts) throws(CommunicationError) {
        var sums = try group.sum(message(report, parts))
        if sums[4] > 0 {
            // Some rank saw a part for the first time. That is rare, and all of them have learned it from the same sum.
            try agreeOnNames(parts)
            sums = try group.sum(message(report, parts))
        }
        if isFirst {
            cadence = StepCadence(every: max(1, UInt64(exactly: sums[3]) ?? cadence.every))
            isFirst = false
        }
        report.loss = sums[1] > 0 ? sums[0] / sums[1] : 0
        report.steps = stretch.steps
        report.withdrawn = Int(exactly: sums[2]) ?? report.withdrawn
        report.parts = [:]
        for (index, name) in names.enumerated() {
            let (sum, count) = (sums[Self.headCount + 2 * index], sums[Self.headCount + 2 * index + 1])
            if count > 0 { report.parts[name] = sum / count }
        }
    }

    private func message(_ report: StepReport, _ parts: MeanLoss.Parts) -> [Double] {
        // No run is longer than 2^53 samples, up to which each number is its own.
        let every = group.rank == 0 ? Double(min(cadence.every, 1 << 53)) : 0
        let hasNews = parts.keys.contains { !names.contains($0) }
        let head = [stretch.loss, stretch.share, Double(report.withdrawn), every, hasNews ? 1 : 0]
        return head
            + names.flatMap { name in
                let part = parts[name] ?? (0, 0)
                return [part.sum, Double(part.count)]
            }
    }

    private mutating func agreeOnNames(_ parts: MeanLoss.Parts) throws(CommunicationError) {
        let own = parts.keys.sorted().joined(separator: "\n")
        var all = Set(names)
        for root in 0..<group.size {
            let bytes = try group.broadcast(Array(own.utf8), from: root)
            all.formUnion(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
        }
        names = all.sorted()
    }
}
