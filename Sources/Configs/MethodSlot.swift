/// An extension point: a kind of method and the list of those that exist.
public protocol MethodSlot: Sendable {
    /// What a method of the slot is, such as `any NoiseSchedule`.
    associatedtype Base: Sendable

    /// The name of the slot in run files and messages, such as `schedule`.
    static var name: String { get }

    /// Every method of the slot, sorted by name.
    static var methods: [any Method.Type] { get }
}

extension MethodSlot {
    /// The names of all methods, in the order of the registry.
    public static var methodNames: [String] {
        methods.map { $0.name }
    }

    /// The method type of a name, or nil if no method has it.
    public static func method(named name: String) -> (any Method.Type)? {
        methods.first { $0.name == name }
    }

    /// A method as a value of the slot; a method that is listed in the wrong registry is a bug and traps.
    static func base(_ method: any Method) -> Base {
        guard let base = method as? Base else {
            preconditionFailure("the slot '\(name)' lists \(type(of: method)), which is no \(Base.self)")
        }
        return base
    }

    /// A value of the slot as a method; a slot whose base is no method is a bug and traps.
    static func method(_ base: Base) -> any Method {
        guard let method = base as? any Method else {
            preconditionFailure("the slot '\(name)' holds \(type(of: base)), which is no Method")
        }
        return method
    }
}
