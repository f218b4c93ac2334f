/// How far a run is: samples seen of samples planned.
///
/// Lengths and schedules depend on samples alone; steps are counted for reports.
public struct Progress: Codable, Hashable, Sendable {
    /// Optimiser steps taken.
    public var step: Int
    /// Samples trained on.
    public var samples: UInt64
    /// Samples the run will train on in all.
    public var plannedSamples: UInt64

    /// Creates a progress; the start of a run by default.
    public init(step: Int = 0, samples: UInt64 = 0, plannedSamples: UInt64) {
        self.step = step
        self.samples = samples
        self.plannedSamples = plannedSamples
    }

    /// The part of the run that is done, in `[0, 1]`; 1 if nothing is planned.
    public var fraction: Double {
        plannedSamples == 0 ? 1 : min(1, Double(samples) / Double(plannedSamples))
    }

    /// Whether all planned samples were seen.
    public var isFinished: Bool {
        samples >= plannedSamples
    }

    /// Counts one step over `count` samples.
    public mutating func advance(by count: UInt64) {
        step += 1
        samples += count
    }
}
