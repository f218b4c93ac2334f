import Buffers
import Checkpoints
import Communication
import Configs
import TensorFiles

/// What workers that took steps of their own agree on.
protocol AgreementRule {
    /// What the rule remembers from one agreement to the next, the same on all workers; saved with the run.
    var buffers: [String: FlatBuffer] { get }
    /// What this worker alone remembers; saved with the run.
    var ownBuffers: [String: FlatBuffer] { get }
    /// Writes what a worker brings to the mean.
    func prepare(_ contribution: FlatBuffer, _ parameters: FlatBuffer, agreed: FlatBuffer)
    /// Turns what a worker brings into what others can read of it; false if that is not possible, and then the worker withdraws.
    func compress(_ contribution: FlatBuffer, round: UInt64, rank: Int) -> Bool
    /// What the worker brought to the last mean was counted.
    func commit()
    /// Moves the agreed parameters on; `mean` is that of the contributions, and may be overwritten.
    func apply(_ mean: FlatBuffer, to agreed: FlatBuffer)
}

extension AgreementRule {
    var buffers: [String: FlatBuffer] { [:] }
    var ownBuffers: [String: FlatBuffer] { [:] }
    func compress(_ contribution: FlatBuffer, round: UInt64, rank: Int) -> Bool { true }
    func commit() {}
}

/// One worker that takes steps of its own and agrees with the others on parameters now and then, and at the end of the run.
///
/// A worker whose gradient was not finite since the last agreement brings no weight to the next one and takes over what the others agree
/// on; if nobody brings any, all go back to what they last agreed on. If the mean is not complete, every worker goes on with its own
/// parameters and the agreement is tried again in the next step.
final class LocalSynchronizer: Synchronizer {
    let sharing = StateSharing.local
    let changesParameters = true
    private(set) var agreement: MeanReport?
    /// The parameters that all workers last agreed on.
    let agreed: FlatBuffer
    let rule: any AgreementRule
    private let communicator: any Communicator
    var phase = LocalPhase()
    var share = LocalShare()
    private let every: Interval
    private let contribution: FlatBuffer

    init(
        _ layout: ParameterLayout,
        _ communicator: any Communicator,
        every: Interval,
        _ rule: any AgreementRule
    ) {
        self.communicator = communicator
        self.every = every
        self.rule = rule
        agreed = FlatBuffer(count: layout.count)
        contribution = communicator.makeBuffer(count: layout.count)
    }

    var samplesApart: UInt64 { phase.samples - phase.agreedSamples }

    // Not right after the agreement, because an average may be copied into the parameters then, on all workers alike.
    func begin(from parameters: FlatBuffer) {
        agreement = nil
        if !phase.isApart { agreed.copy(from: parameters) }
    }

    func withdraw() { share.hasWithdrawn = true }

    // The worker's own gradient: nothing is exchanged.
    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        share.samples += Double(weight)
        return MeanReport(totalWeight: Double(weight), contributors: weight > 0 ? 1 : 0)
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool {
        phase.move(to: progress)
        guard progress.isFinished || every.isOver(steps: phase.stepsApart, samples: samplesApart) else { return false }
        rule.prepare(contribution, parameters, agreed: agreed)
        let weight = compress(round: progress.samples) ? Float(share.samples) : 0
        let report = try communicator.mean(of: contribution, weight: weight, round: progress.samples)
        agreement = report
        guard report.isComplete else { return false }
        if report.totalWeight > 0 { rule.apply(contribution, to: agreed) }
        if weight > 0 { rule.commit() }
        parameters.copy(from: agreed)
        phase.agree()
        share = LocalShare()
        return true
    }

    // Whether the contribution can be counted.
    private func compress(round: UInt64) -> Bool {
        guard !share.hasWithdrawn, contribution.isFinite else { return false }
        return rule.compress(contribution, round: round, rank: communicator.rank)
    }
}

/// Where a run stands between two agreements; the same on all workers.
struct LocalPhase: Codable {
    /// Samples of the run at the last agreement.
    private(set) var agreedSamples: UInt64 = 0
    /// Samples of the run after the last step.
    private(set) var samples: UInt64 = 0
    /// Steps of the run at the last agreement.
    private var agreedStep = 0
    /// Steps of the run.
    private var step = 0

    /// Whether workers took steps of their own since the last agreement.
    var isApart: Bool { step != agreedStep }

    var stepsApart: UInt64 { UInt64(step - agreedStep) }

    /// Whether the numbers could have come from a run.
    var isValid: Bool { agreedSamples <= samples && agreedStep >= 0 && agreedStep <= step }

    mutating func move(to progress: Progress) {
        step = progress.step
        samples = progress.samples
    }

    mutating func agree() {
        agreedStep = step
        agreedSamples = samples
    }
}

/// What one worker did since the last agreement.
struct LocalShare: Codable {
    /// Its samples.
    var samples = 0.0
    /// Whether one of its gradients was not finite.
    var hasWithdrawn = false

    /// Whether the numbers could have come from a run.
    var isValid: Bool { samples >= 0 && samples <= RoundGroup.largestTotalWeight }
}
