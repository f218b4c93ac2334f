import Buffers
import Communication

extension Trainer {
    /// Accumulates a step's work and forms the mean; where the strategy offers it, the exchange runs while the last gradients are computed.
    ///
    /// The numbers are those of `accumulate` for each range and `exchange`, to the bit.
    func accumulateAndExchange(_ work: Work) throws(TrainingError) -> MeanReport {
        let total = work.sampleCount
        var seen = 0
        var isSound = true
        var delivery: GradientDelivery?
        // A worker without samples takes part, so that no group waits for it.
        if total == 0 { delivery = try open(samples: 0, isSound: true) }
        for range in work.samples {
            _ = try accumulate(
                range,
                beforeBackward: { loss, count throws(TrainingError) in
                    seen += count
                    guard seen == total else { return }
                    // This is known before the exchange starts; what becomes of the gradient is not.
                    isSound = self.loss.isFinite && loss.isFinite
                    delivery = try open(samples: total, isSound: isSound)
                },
                onReady: { delivery?.becameFinal($0) }
            )
        }
        guard var delivery else { return try exchange() }
        delivery.deliverRest()
        guard let report = try wait(for: delivery.open) else { return try exchange() }
        if !isSound {
            synchronizer.withdraw()
            if report.isComplete { withdrawn += 1 }
        }
        return report
    }

    private func open(samples: Int, isSound: Bool) throws(TrainingError) -> GradientDelivery? {
        clock.startExchange()
        defer { clock.endExchange() }
        let open = try group { () throws(CommunicationError) in
            try synchronizer.openGradients(mean, weight: isSound ? Float(samples) : 0, at: state.progress)
        }
        guard let open else { return nil }
        return GradientDelivery(open, of: state.gradients, into: mean, times: samples == 0 ? 0 : 1 / Float(samples))
    }

    // Nil if some worker's gradient is not finite: all workers hear that together and form the mean again, from which that worker withdraws.
    private func wait(for open: any OpenMean) throws(TrainingError) -> MeanReport? {
        clock.startExchange()
        defer { clock.endExchange() }
        do throws(CommunicationError) {
            return try open.wait()
        } catch .notFinite {
            return nil
        } catch {
            throw .communication(error)
        }
    }
}
