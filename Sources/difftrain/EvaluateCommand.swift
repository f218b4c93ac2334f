import ArgumentParser
import Datasets
import Foundation
import Training

/// Judges samples.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Draws samples and judges them by the metrics of the data.",
        discussion: """
            Example:
              difftrain evaluate runs/digits --count 1000 --json
            """
    )

    @OptionGroup var model: ModelOptions

    @Option(help: "How many images are judged.")
    var count = 1000

    @Option(help: "Only these metrics, as in 'label_accuracy,frechet_distance'.")
    var metrics: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        guard (2...1_000_000).contains(count) else {
            throw ValidationError("--count must be 2 to 1000000, not \(count)")
        }
    }

    func run() throws {
        try threads.compute {
            let model = try self.model.open()
            let wanted = try metrics.map { try names($0) }
            let report = try model.evaluator.judge(
                model.weights,
                count: count,
                metrics: wanted,
                request: try self.model.request(labels: []),
                progress: Output.counter("drawn", of: count)
            )
            guard report.count > 0 else { throw TrainingError.noMetrics(data: model.recipe.manifest.name) }
            try show(report, trained: model.samples)
        }
    }

    private func names(_ list: String) throws(TrainingError) -> [String] {
        let names = list.split(separator: ",").map(String.init)
        for name in names where !Evaluator.metricNames.contains(name) {
            throw .unknownMetric(name, known: Evaluator.metricNames)
        }
        return names
    }

    private func show(_ report: EvaluationReport, trained: UInt64) throws {
        if json {
            try Output.json(EvaluationLine(report, trained: trained))
        } else {
            Output.line("samples           \(report.count), from weights trained on \(trained)")
            for (name, value) in report.metrics.sorted(by: { $0.key < $1.key }) {
                Output.line("\(name)\(String(repeating: " ", count: max(1, 18 - name.count)))\(rounded(value))")
            }
            if let net = report.featureNet { Output.line("feature_net       \(net)") }
        }
    }

    private func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}

/// The JSON object of an evaluation.
private struct EvaluationLine: Encodable {
    let samples: Int
    let trainedSamples: UInt64
    let labelAccuracy: Double?
    let frechetDistance: Double?
    let realVsReal: Double?
    let featureNet: String?

    init(_ report: EvaluationReport, trained: UInt64) {
        samples = report.count
        trainedSamples = trained
        labelAccuracy = report.metrics["label_accuracy"]
        frechetDistance = report.metrics["frechet_distance"]
        realVsReal = report.metrics["real_vs_real"]
        featureNet = report.featureNet
    }
}
