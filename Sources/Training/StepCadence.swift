/// Whether a step crosses a multiple of a cadence in samples; the end of a run always counts.
struct StepCadence {
    let every: UInt64

    func isDue(from before: UInt64, to after: UInt64, planned: UInt64) -> Bool {
        before / every != after / every || (after >= planned && before < planned)
    }
}
