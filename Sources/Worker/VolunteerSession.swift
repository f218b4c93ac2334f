import Communication
import Configs
import Coordination
import Training

/// Does what the coordinator says, instruction after instruction, with one trainer.
final class VolunteerSession {
    private let client: CoordinatorClient
    private let peer: PeerID
    private let reply: JoinReply
    private let trainer: any RoundTrainer
    private let control: RoundControl
    private let observers: [any TrainingObserver]
    private let states: StateExchange
    private let duties: LeaderDuties
    private let stop: StopSignal
    private var mark: StateMark?
    /// The leases of the open round whose samples are in the gradient, or were found not to be finite.
    private var computed: [LeaseID: (samples: Range<UInt64>, isFinite: Bool)] = [:]
    private var inGradient: Set<LeaseID> = []

    init(
        client: CoordinatorClient,
        peer: PeerID,
        reply: JoinReply,
        trainer: any RoundTrainer,
        control: RoundControl,
        observers: [any TrainingObserver],
        states: StateExchange,
        stop: StopSignal
    ) {
        self.client = client
        self.peer = peer
        self.reply = reply
        self.trainer = trainer
        self.control = control
        self.observers = observers
        self.states = states
        self.stop = stop
        duties = LeaderDuties(client, trainer, states, peer)
    }

    /// Works until the run is over; `holding` hears which state the trainer holds.
    func run(holding: (StateMark?) -> Void) throws(WorkerError) {
        defer { for observer in observers { observer.didFinish() } }
        var instruction = try client.work(peer, holding: mark)
        while true {
            guard !stop.isSet else { throw .stopped }
            switch instruction {
            case .finished: return
            case .startFromSeed(let seed):
                try training { () throws(TrainingError) in try trainer.startOver() }
                mark = StateMark(generation: seed.generation, samples: 0)
            case .load(let state):
                try states.load(state, into: trainer)
                mark = state.mark
            case .snapshot(let snapshot) where snapshot.mark == mark:
                try states.save(trainer, as: snapshot.mark, by: peer)
            case .snapshot: mark = nil
            case .commit: mark = nil  // The mean it speaks of is gone; the agreed state has to be loaded.
            case .lease, .exchange:
                let next = try round(startingWith: instruction)
                holding(mark)
                if let next {
                    instruction = next
                    continue
                }
            case .wait: break
            }
            holding(mark)
            instruction = try client.work(peer, holding: mark)
        }
    }

    /// One round from its first lease to its commit, or to an instruction that is not part of it.
    private func round(startingWith first: Instruction) throws(WorkerError) -> Instruction? {
        guard let held = mark else { return nil }
        computed = [:]
        try training { () throws(TrainingError) in try trainer.begin() }
        inGradient = []
        var instruction = first
        while !stop.isSet {
            switch instruction {
            case .lease(let lease): instruction = try compute(lease, holding: held)
            case .exchange(let exchange):
                guard let next = try self.exchange(exchange, holding: held) else { return nil }
                instruction = next
            case .wait: instruction = try client.work(peer, holding: held)
            default: return instruction
            }
        }
        throw .stopped
    }

    private func compute(_ lease: LeaseInstruction, holding held: StateMark) throws(WorkerError) -> Instruction {
        let samples = lease.first..<lease.first + lease.count
        try match(Set(lease.credited))
        let loss = try training { () throws(TrainingError) in try trainer.accumulate(samples) }
        computed[lease.id] = (samples, loss.isFinite)
        inGradient.insert(lease.id)
        let request = CompleteRequest(
            peer: peer,
            holds: held,
            loss: loss.isFinite ? loss : nil,
            withdrawn: !loss.isFinite,
            wait: CoordinatorClient.wait
        )
        return try client.complete(lease.id, request).instruction
    }

    /// Makes the gradient consist of exactly the credited leases, but for those that are not finite and weigh nothing.
    ///
    /// Nearly always it does; otherwise a lease was taken back, or was not finite, and the others are computed again.
    private func match(_ credited: Set<LeaseID>) throws(WorkerError) {
        let wanted = credited.filter { computed[$0]?.isFinite == true }
        guard wanted != inGradient else { return }
        try training { () throws(TrainingError) in try trainer.begin() }
        for lease in wanted.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let samples = computed[lease]?.samples else { continue }
            _ = try training { () throws(TrainingError) in try trainer.accumulate(samples) }
        }
        inGradient = wanted
    }

    /// Exchanges and, if the round is committed, applies; nil then, else what comes next.
    private func exchange(
        _ announced: ExchangeInstruction,
        holding held: StateMark
    ) throws(WorkerError) -> Instruction? {
        try match(Set(announced.credited))
        control.announced = announced
        let mean: MeanReport
        do {
            mean = try trainer.exchange()
        } catch {
            if let failure = control.failure { throw failure }
            if stop.isSet { throw .stopped }
            throw .training(error)
        }
        guard mean.isComplete, let commit = control.commit else {
            if let next = control.next { return next }
            return try client.work(peer, holding: held)
        }
        var report = try training { () throws(TrainingError) in
            try trainer.apply(mean, globalSampleCount: Int(commit.count))
        }
        mark = commit.mark
        if let loss = commit.loss { (report.loss, report.steps) = (loss, 1) }
        report.contributors = commit.members
        for observer in observers { observer.didStep(report) }
        try duties.perform(commit, report)
        return nil
    }

    private func training<Result>(_ body: () throws(TrainingError) -> Result) throws(WorkerError) -> Result {
        do {
            return try body()
        } catch {
            throw .training(error)
        }
    }
}
