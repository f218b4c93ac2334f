import ArgumentParser
import Configs
import Diffusion

/// Methods that a flag names.
enum MethodByName {
    static func sampler(_ name: String) throws -> any Sampler {
        guard let type = Samplers.method(named: name), let sampler = type.init() as? any Sampler else {
            let known = Samplers.methodNames.joined(separator: ", ")
            throw ValidationError("there is no sampler '\(name)'; choose from \(known)")
        }
        return sampler
    }

    static func guidance(weight: Double) throws -> any Guidance {
        var guidance = ClassifierFree()
        guidance.weight = weight
        try guidance.validate()
        return guidance
    }
}
