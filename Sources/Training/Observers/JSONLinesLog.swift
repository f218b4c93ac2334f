public import Checkpoints
public import Communication
import Configs
import Foundation

/// One line of `run.jsonl`; keys are stable.
public struct LogLine: Codable, Sendable {
    /// `step`, `evaluation`, `checkpoint` or `exchange`.
    public var type: String
    /// Seconds since 1970, UTC.
    public var time: Double
    /// Samples seen.
    public var samples: UInt64
    /// Steps taken; nil for other types than `step`.
    public var step: Int?
    /// Samples planned.
    public var plannedSamples: UInt64?
    /// Mean loss since the last line.
    public var loss: Double?
    /// Named parts of the loss.
    public var parts: [String: Double]?
    /// Norm of the mean gradient before clipping.
    public var gradientNorm: Double?
    /// Learning rate.
    public var rate: Double?
    /// Samples per second over all workers.
    public var imagesPerSecond: Double?
    /// Workers in the mean.
    public var contributors: Int?
    /// Steps that were withdrawn so far.
    public var withdrawn: Int?
    /// What an evaluation found.
    public var metrics: [String: Double]?
    /// The sheet of samples, relative to the run directory.
    public var sheet: String?
    /// How the ranks of a cluster exchange, and what was measured to find it.
    public var exchange: ExchangeChoice?

    /// A line of a type.
    public init(type: String, time: Double, samples: UInt64) {
        self.type = type
        self.time = time
        self.samples = samples
    }

    /// A line about steps.
    public init(step report: StepReport, loss: Double, time: Double) {
        self.init(type: "step", time: time, samples: report.progress.samples)
        step = report.progress.step
        plannedSamples = report.progress.plannedSamples
        self.loss = loss
        parts = report.parts.isEmpty ? nil : report.parts
        gradientNorm = report.gradientNorm
        rate = report.rate
        imagesPerSecond = report.imagesPerSecond
        contributors = report.contributors
        withdrawn = report.withdrawn
    }

    /// The line as JSON, without its end.
    public func json() -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads one line, or nil if it is no such line.
    public init?(json: Substring) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        guard let line = try? decoder.decode(LogLine.self, from: Data(json.utf8)) else { return nil }
        self = line
    }
}

/// Appends the reports of a run to `run.jsonl` and hands each line to whoever else wants it.
public final class JSONLinesLog: TrainingObserver {
    private let file: FileHandle?
    private let every: StepCadence
    private let sink: (LogLine) -> Void
    private var losses = RecentLosses()
    private var lastSamples: UInt64?

    /// A log of one line each `every` samples; `path` nil writes no file.
    public init(path: String?, every: UInt64, sink: @escaping (LogLine) -> Void = { _ in }) throws(TrainingError) {
        self.every = StepCadence(every: every)
        self.sink = sink
        guard let path else {
            file = nil
            return
        }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw .file(path: path, reason: "it cannot be opened for writing")
        }
        _ = try? file.seekToEnd()
        self.file = file
    }

    /// Adds a line.
    public func didChoose(_ exchange: ExchangeChoice, at samples: UInt64) {
        var line = LogLine(type: "exchange", time: Date().timeIntervalSince1970, samples: samples)
        line.exchange = exchange
        append(line)
    }

    /// Adds a line when the cadence asks for it.
    public func didStep(_ report: StepReport) {
        losses.add(report)
        let progress = report.progress
        let before = lastSamples ?? 0
        guard every.isDue(from: before, to: progress.samples, planned: progress.plannedSamples) else { return }
        // Where ranks report more rarely than this log asks for, the line waits for them.
        guard report.steps > 0, let mean = losses.mean else { return }
        lastSamples = progress.samples
        losses = RecentLosses()
        append(LogLine(step: report, loss: mean, time: Date().timeIntervalSince1970))
    }

    /// Adds a line.
    public func didSave(_ checkpoint: CheckpointID) {
        append(LogLine(type: "checkpoint", time: Date().timeIntervalSince1970, samples: checkpoint.samples))
    }

    /// Adds a line.
    public func didEvaluate(_ evaluation: EvaluationReport) {
        var line = LogLine(type: "evaluation", time: Date().timeIntervalSince1970, samples: evaluation.samples)
        line.metrics = evaluation.metrics
        line.sheet = evaluation.sheet
        append(line)
    }

    /// Closes the file.
    public func didFinish() {
        try? file?.close()
    }

    private func append(_ line: LogLine) {
        sink(line)
        guard let file else { return }
        do {
            try file.write(contentsOf: Data((line.json() + "\n").utf8))
        } catch {
            // The log is a report, not state: a full disk must not end the run, and the checkpoint says so loudly.
            FileHandle.standardError.write(Data("run.jsonl cannot be written: \(error.localizedDescription)\n".utf8))
        }
    }
}
