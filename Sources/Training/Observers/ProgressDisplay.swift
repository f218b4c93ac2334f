public import Checkpoints
public import Communication
import Configs
import Foundation

/// Shows on standard error how a run goes: a bar on a terminal, otherwise a line now and then.
public final class ProgressDisplay: TrainingObserver {
    private let isTerminal: Bool
    private let output = FileHandle.standardError
    private var lastShown = ContinuousClock.now
    private var first: (samples: UInt64, time: ContinuousClock.Instant)?
    private var recent = RecentLosses(50)
    private var hasBar = false

    /// A display; `isTerminal` says whether standard error is one.
    public init(isTerminal: Bool) {
        self.isTerminal = isTerminal
    }

    /// Shows the way of means.
    public func didChoose(_ exchange: ExchangeChoice, at samples: UInt64) { line("exchange: \(exchange)") }

    /// Shows the step if the last one shown is old enough.
    public func didStep(_ report: StepReport) {
        let now = ContinuousClock.now
        let start = first ?? (report.progress.samples, now)
        first = start
        recent.add(report)
        let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        guard now - lastShown >= pause || report.progress.isFinished else { return }
        lastShown = now
        show(ProgressLine(report, loss: recent.mean, since: start, now: now))
    }

    /// Says nothing: checkpoints are routine.
    public func didSave(_ checkpoint: CheckpointID) {}

    /// Shows what the evaluation found.
    public func didEvaluate(_ evaluation: EvaluationReport) {
        guard !evaluation.metrics.isEmpty else { return }
        let metrics = evaluation.metrics.sorted { $0.key < $1.key }.map { "\($0.key) \(ProgressLine.short($0.value))" }
        line("evaluation at \(evaluation.samples) samples: \(metrics.joined(separator: ", "))")
    }

    /// Ends the bar's line.
    public func didFinish() {
        if hasBar { write("\n") }
        hasBar = false
    }

    private func show(_ progress: ProgressLine) {
        if isTerminal {
            write("\r\u{1B}[K" + progress.bar)
            hasBar = true
        } else {
            line(progress.text)
        }
    }

    private func line(_ text: String) {
        write((hasBar ? "\r\u{1B}[K" : "") + text + "\n")
        hasBar = false
    }

    private func write(_ text: String) {
        output.write(Data(text.utf8))
    }
}
