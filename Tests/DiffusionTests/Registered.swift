import Configs
import Diffusion
import TestSupport
import Testing

/// The method of a slot with its defaults.
func method<Slot: MethodSlot, Base>(_ slot: Slot.Type, _ name: String, as base: Base.Type) throws -> Base {
    let type = try #require(Slot.method(named: name))
    return try #require(type.init() as? Base)
}

func schedule(_ name: String) throws -> any NoiseSchedule {
    try method(Schedules.self, name, as: (any NoiseSchedule).self)
}

func prediction(_ name: String) throws -> any Prediction {
    try method(Predictions.self, name, as: (any Prediction).self)
}

func weighting(_ name: String) throws -> any LossWeighting {
    try method(Weightings.self, name, as: (any LossWeighting).self)
}

func timeSampler(_ name: String) throws -> any TimeSampler {
    try method(TimeSamplers.self, name, as: (any TimeSampler).self)
}

func noiseLaw(_ name: String) throws -> any NoiseLaw {
    try method(NoiseLaws.self, name, as: (any NoiseLaw).self)
}

func coupling(_ name: String) throws -> any Coupling {
    try method(Couplings.self, name, as: (any Coupling).self)
}

func sampler(_ name: String) throws -> any Sampler {
    try method(Samplers.self, name, as: (any Sampler).self)
}

func guidance(_ name: String) throws -> any Guidance {
    try method(Guidances.self, name, as: (any Guidance).self)
}

/// One number against another.
func expectClose(
    _ actual: Double,
    _ expected: Double,
    absolute: Double = 0,
    relative: Double = 0,
    _ name: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    expectClose(
        [actual],
        [expected],
        Tolerance(absolute: absolute, relative: relative),
        name,
        sourceLocation: sourceLocation
    )
}

/// Expects a method to refuse its own values, naming the key.
func expectRefused(
    _ key: String,
    _ value: some Configurable,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        try value.validate()
        Issue.record("\(type(of: value)) accepts the value of \(key)", sourceLocation: sourceLocation)
    } catch {
        #expect(error.path == [key], sourceLocation: sourceLocation)
    }
}

/// A copy with a change.
func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var copy = value
    change(&copy)
    return copy
}
