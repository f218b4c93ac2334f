import Configs
import Coordination
import Foundation
import Training

/// What the first member of a round does besides: reports, sample sheets and checkpoints for the coordinator.
final class LeaderDuties {
    private let client: CoordinatorClient
    private let trainer: any RoundTrainer
    private let states: StateExchange
    private let peer: PeerID
    private let cadence: UInt64
    private var reported: UInt64?
    private var losses = RecentLosses()

    init(_ client: CoordinatorClient, _ trainer: any RoundTrainer, _ states: StateExchange, _ peer: PeerID) {
        self.client = client
        self.trainer = trainer
        self.states = states
        self.peer = peer
        cadence = trainer.recipe.config.report.every.rawValue
    }

    func perform(_ commit: CommitInstruction, _ report: StepReport) throws(WorkerError) {
        losses.add(report)
        let now = report.progress.samples
        let isDue = (reported ?? now - commit.count) / cadence != now / cadence || report.progress.isFinished
        if isDue {
            if commit.isLeader {
                let line = LogLine(step: report, loss: losses.mean ?? .nan, time: Date().timeIntervalSince1970)
                try client.post("/v1/reports?peer=\(peer)", line: line.json())
            }
            reported = now
            losses = RecentLosses()
        }
        for duty in commit.duties {
            switch duty {
            case .checkpoint: try states.save(trainer, as: commit.mark, by: peer)
            case .samples: try judge(at: commit.mark.samples)
            }
        }
    }

    private func judge(at samples: UInt64) throws(WorkerError) {
        let evaluator = Evaluator(trainer.recipe)
        do {
            let weights = trainer.state.evaluated
            try client.put("/v1/samples/\(samples)?peer=\(peer)", try evaluator.sheet(of: weights), type: "image/png")
            var report = try evaluator.judge(weights, count: trainer.recipe.config.evaluation.count)
            report.samples = samples
            var line = LogLine(type: "evaluation", time: Date().timeIntervalSince1970, samples: samples)
            line.metrics = report.metrics
            try client.post("/v1/reports?peer=\(peer)", line: line.json())
        } catch let error as TrainingError {
            throw .training(error)
        } catch {
            throw error as? WorkerError ?? .refused(reason: "\(error)")
        }
    }
}
