import Buffers
public import Communication
import Configs
import Datasets
import Diffusion
import Networks
import Optimization
import Tensors

/// Takes steps: batches to gradients, gradients to a mean, the mean to new parameters.
///
/// Owned by one thread. A step is `begin`, `accumulate` for each range of this worker's samples, `exchange`, `apply`; `step` does all four. A worker whose share
/// changes within a step, because others were lost, calls them itself.
public final class Trainer {
    /// The run that is trained.
    public let recipe: Recipe
    /// What must survive a stop.
    public private(set) var state: TrainState
    /// This worker's side of the strategy that agrees with other workers.
    public let synchronizer: any Synchronizer
    /// How the ranks of a cluster exchange; nil for other groups.
    public let exchangeChoice: ExchangeChoice?
    /// What the codec dropped of this worker's values; nil unless the run file asks to keep it.
    let feedback: ErrorFeedback?
    private let batches: BatchSource
    let mean: FlatBuffer
    /// The parameters of this step as products read them.
    private var weights: ComputeWeights
    var clock = StepClock()
    private(set) var loss = MeanLoss()
    private var samples = 0
    var withdrawn = 0

    /// Makes a trainer at the start of a run; a checkpoint may be restored into `state`.
    public init(_ recipe: Recipe, communicator: any Communicator, readers: Int = 1) throws(TrainingError) {
        self.recipe = recipe
        do {
            exchangeChoice = try communicator.chooseExchange(count: recipe.layout.count)
        } catch {
            throw .communication(error)
        }
        let compressed = recipe.config.communication.group(communicator, count: recipe.layout.count)
        feedback = compressed?.feedback
        let group: any Communicator = compressed ?? communicator
        synchronizer = recipe.config.synchronization.makeSynchronizer(recipe.layout, group)
        state = recipe.makeState(synchronizer.sharing)
        batches = try BatchSource(recipe, readers: readers)
        // Memory to exchange from may be scarce, and a worker's own gradient stays with it.
        let isOwn = synchronizer.sharing == .local || feedback != nil
        mean = isOwn ? FlatBuffer(count: recipe.layout.count) : communicator.makeBuffer(count: recipe.layout.count)
        weights = ComputeWeights(state.parameters, recipe.config.precision)
    }

    /// Goes back to the start of the run.
    public func startOver() {
        state = recipe.makeState(synchronizer.sharing)
        feedback?.reset()
    }

    /// One step over `work`: at most one update of the parameters.
    public func step(_ work: Work) throws(TrainingError) -> StepReport {
        begin()
        let exchanged = try accumulateAndExchange(work)
        guard exchanged.isComplete else { throw .incompleteMean(lost: exchanged.lost) }
        return try apply(exchanged, globalSampleCount: work.globalSampleCount)
    }

    /// Starts a step, or starts it again: nothing is accumulated yet.
    public func begin() {
        clock = StepClock()
        loss = MeanLoss()
        samples = 0
        weights = ComputeWeights(state.parameters, recipe.config.precision)
        state.gradients.fill(0)
        synchronizer.begin(from: state.parameters)
    }

    /// Adds the gradients of a range of samples.
    ///
    /// - Returns: The mean loss of the range; not finite if the network or its gradient overflowed.
    public func accumulate(_ range: Range<UInt64>) throws(TrainingError) -> Double {
        let loss = try accumulate(range, beforeBackward: { _, _ in }, onReady: { _ in })
        return state.gradients.isFinite ? loss.value : .nan
    }

    /// Adds the gradients of a range of samples.
    ///
    /// `beforeBackward` gets the loss of the range so far, with the number of samples that a micro-batch added to it, before its gradients are
    /// computed; `onReady` learns which of them are final.
    func accumulate(
        _ range: Range<UInt64>,
        beforeBackward: (_ loss: MeanLoss, _ count: Int) throws(TrainingError) -> Void,
        onReady: (Range<Int>) -> Void
    ) throws(TrainingError) -> MeanLoss {
        var loss = MeanLoss()
        try batches.forEach(in: range) { batch throws(TrainingError) in
            let tape = Tape()
            let terms = recipe.config.objective.loss(recipe.model, batch, context(batch, tape))
            loss.add(terms, samples: batch.count)
            try beforeBackward(loss, batch.count)
            tape.backward(terms.total, into: state.gradients, of: state.parameters, onReady: onReady)
        }
        self.loss.add(loss)
        samples += range.count
        return loss
    }

    /// Forms the mean over all workers.
    ///
    /// A worker whose gradient is not finite withdraws but takes part, so that no group waits for it. If the mean is not complete, samples of
    /// lost workers have to be accumulated first.
    public func exchange() throws(TrainingError) -> MeanReport {
        mean.copy(from: state.gradients)
        mean.scale(by: samples == 0 ? 0 : 1 / Float(samples))
        let isSound = mean.isFinite && loss.isFinite
        if !isSound {
            mean.fill(0)
            synchronizer.withdraw()
        }
        clock.startExchange()
        let report = try group { () throws(CommunicationError) in
            try synchronizer.reduceGradients(mean, weight: isSound ? Float(samples) : 0, at: state.progress)
        }
        clock.endExchange()
        if report.isComplete, !isSound { withdrawn += 1 }
        return report
    }

    /// Updates parameters and averages with the mean and moves the run on.
    ///
    /// A total weight of zero leaves the parameters as they are, on every worker alike.
    public func apply(_ exchanged: MeanReport, globalSampleCount: Int) throws(TrainingError) -> StepReport {
        let config = recipe.config
        let rate = config.optimizer.rate * config.rateSchedule.multiplier(at: state.progress)
        var norm = 0.0
        var progress = state.progress
        progress.advance(by: UInt64(globalSampleCount))
        // Averages follow only what all workers agree on; a step of theirs then covers all samples since the last agreement.
        let batch = globalSampleCount + Int(synchronizer.samplesApart)
        var following = state.averages.steps(at: progress, batch: batch)
        if exchanged.totalWeight > 0 {
            // Clipping comes after the mean, so that n workers and one worker on the same batch do the same thing.
            let own = state.own(mean)
            let square = try group { () throws(CommunicationError) in try synchronizer.sumOverParts(own.squaredNorm) }
            let clipped = config.clipping.measure(squaredNorm: square)
            norm = clipped.norm
            config.optimizer.update(
                state.ownParameters,
                own,
                times: clipped.factor,
                &state.optimizer,
                state.ownLayout,
                rate: rate,
                step: state.progress.step,
                averages: synchronizer.changesParameters ? [] : following
            )
            if !synchronizer.changesParameters { following = [] }
        }
        // Averages follow this worker's part before the parts are gathered, and agreed parameters where agreeing changes them.
        if !synchronizer.changesParameters { follow(following, at: progress, batch) }
        let isAgreed = try agree(at: progress)
        if synchronizer.changesParameters, isAgreed { follow(following, at: progress, batch) }
        state.progress = progress
        return report(exchanged, globalSampleCount, norm, rate)
    }

    private func follow(_ steps: [AverageStep], at progress: Progress, _ batch: Int) {
        for step in steps { step.take(toward: state.ownParameters) }
        state.averages.copyBack(into: state.ownParameters, at: progress, batch: batch)
    }

    private func agree(at progress: Progress) throws(TrainingError) -> Bool {
        clock.startExchange()
        let isAgreed = try group { () throws(CommunicationError) in
            try synchronizer.reduceParameters(state.parameters, at: progress)
        }
        clock.endExchange()
        // Afterwards there is no step in which it could be tried again.
        if progress.isFinished, !isAgreed { throw .incompleteMean(lost: synchronizer.agreement?.lost ?? []) }
        return isAgreed
    }

    private func context(_ batch: Batch, _ tape: Tape) -> ObjectiveContext {
        let forward = ForwardContext(
            weights: weights,
            tape: tape,
            isTraining: true,
            random: dropout(batch.sampleIDs[0])
        )
        forward.recomputedBlocks = Set(recipe.config.recompute)
        forward.sampleRandoms = batch.sampleIDs.map { dropout($0) }
        return ObjectiveContext(
            forward: forward,
            averages: state.averages.buffers,
            progress: state.progress,
            seed: recipe.config.seed
        )
    }

    private func dropout(_ sample: UInt64) -> RandomStream {
        RandomStream(seed: recipe.config.seed, purpose: .dropout, index: sample)
    }

    private func report(
        _ exchanged: MeanReport,
        _ globalSampleCount: Int,
        _ norm: Double,
        _ rate: Double
    ) -> StepReport {
        var report = StepReport(
            progress: state.progress,
            loss: loss.value,
            parts: loss.means,
            gradientNorm: norm,
            rate: rate,
            seconds: clock.seconds
        )
        report.imagesPerSecond = Double(globalSampleCount) / max(clock.seconds, 1e-9)
        report.exchangeSeconds = clock.exchangeSeconds
        report.contributors = synchronizer.agreement?.contributors ?? exchanged.contributors
        report.bytesSent = exchanged.bytesSent + (synchronizer.agreement?.bytesSent ?? 0)
        report.withdrawn = withdrawn
        return report
    }

    /// Runs a call to the other workers and wraps its error.
    func group<Result>(_ body: () throws(CommunicationError) -> Result) throws(TrainingError) -> Result {
        do {
            return try body()
        } catch {
            throw .communication(error)
        }
    }
}
