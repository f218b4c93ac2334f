import Buffers
import Communication
import Coordination
import Foundation
import Logging
import TensorFiles
import Training

/// One thing that joining needs, and whether it works.
public struct Finding: Sendable, Codable, Equatable {
    /// What was tried.
    public var step: String
    /// Whether it works.
    public var isFine: Bool
    /// What was found, and what to do if it does not work.
    public var detail: String
}

/// Walks the way of a worker that joins, and names the first thing that fails.
public struct Doctor {
    private let config: WorkerConfig

    /// A doctor for a worker of these settings.
    public init(_ config: WorkerConfig) {
        self.config = config
    }

    /// Tries one thing after another until one fails.
    public func examine(_ report: (Finding) -> Void) -> Bool {
        let client = CoordinatorClient(config, until: StopSignal())
        defer { client.close() }
        let steps: [(String, (CoordinatorClient) throws -> String)] = [
            ("the coordinator answers", answers), ("the token is accepted", accepts),
            ("peers can reach this machine's listener", listens), ("the cache can be written", writes),
            ("time to compute", computes),
        ]
        for (name, step) in steps {
            do {
                report(Finding(step: name, isFine: true, detail: try step(client)))
            } catch {
                report(Finding(step: name, isFine: false, detail: "\(error)"))
                return false
            }
        }
        return true
    }

    private func answers(_ client: CoordinatorClient) throws -> String {
        let status = try client.get("/v1/status", as: StatusReply.self, patient: false)
        return "run '\(status.name)' is \(status.state) at \(status.samples) of \(status.length) samples"
    }

    // A heartbeat of a worker that never joined is refused for that reason only if the token was right.
    private func accepts(_ client: CoordinatorClient) throws -> String {
        guard let nobody = PeerID(rawValue: "doctor-\(UInt64.random(in: 0 ... .max))") else { return "" }
        do {
            try client.heartbeat(nobody)
        } catch WorkerError.unknown {
            return "yes"
        }
        return "yes"
    }

    private func listens(_ client: CoordinatorClient) throws -> String {
        let network = try PeerNetwork(logger: Logger(label: "difftrain.Worker"))
        defer { network.close() }
        return "port \(network.port) of this machine; peers dial the address that the coordinator sees"
    }

    private func writes(_ client: CoordinatorClient) throws -> String {
        do {
            try FileManager.default.createDirectory(atPath: config.cache, withIntermediateDirectories: true)
            let probe = config.cache + "/probe"
            try Data([1]).write(to: URL(fileURLWithPath: probe))
            try FileManager.default.removeItem(atPath: probe)
        } catch {
            throw WorkerError.file(path: config.cache, reason: "it cannot be written")
        }
        return config.cache
    }

    private func computes(_ client: CoordinatorClient) throws -> String {
        guard let workload = Workload.all.first(where: { $0.name == "dit-tiny" }) else { return "" }
        let line = try StepBenchmark(workload, batch: 32).run(seconds: 1, threads: 1)
        return "about \(Int((line.imagesPerS ?? 0).rounded())) small images per second"
    }
}
