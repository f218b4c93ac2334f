import Coordination

/// The status as text that Prometheus reads.
struct PrometheusText {
    let text: String

    init(_ status: StatusReply) {
        var lines: [String] = []
        func add(_ name: String, _ kind: String, _ help: String, _ value: Double?) {
            guard let value, value.isFinite else { return }
            let number = value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(kind)", "\(name) \(number)"]
        }
        add("difftrain_run_samples", "gauge", "Samples that count.", Double(status.samples))
        add("difftrain_run_length_samples", "gauge", "Samples of the run.", Double(status.length))
        add("difftrain_run_discarded_samples", "counter", "Samples that were rolled back.", Double(status.discarded))
        add("difftrain_run_generation", "counter", "How often the run was rolled back.", Double(status.generation))
        add("difftrain_run_workers", "gauge", "Workers that take part.", Double(status.workers.count))
        add("difftrain_run_loss", "gauge", "Mean loss of the newest round.", status.loss)
        add("difftrain_run_samples_per_second", "gauge", "Rate over the last rounds.", status.imagesPerSecond)
        add("difftrain_run_finished", "gauge", "1 when the run is over.", status.state == "finished" ? 1 : 0)
        text = lines.joined(separator: "\n") + "\n"
    }
}
