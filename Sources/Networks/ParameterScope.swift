public import Buffers

/// One parameter of a network: a place in a flat buffer and a shape.
public struct Parameter: Sendable, Hashable {
    /// The dimensions.
    public let shape: Shape
    /// The elements in a flat buffer of the network's layout.
    public let range: Range<Int>
}

/// Names and registers parameters while a model is built.
///
/// Scopes form a tree whose paths are the parameter names, such as `blocks.0.attn.qkv.weight`. All scopes of one tree share one layout; the
/// order of registration is the order in the flat buffer. A scope is used by one thread, and only while a model is built.
public final class ParameterScope {
    private final class Registry {
        var names: Set<String> = []
        var specs: [ParameterSpec] = []
        var initializers: [Initializer] = []
        var count = 0
    }

    /// The path of this scope; empty at the root.
    public let path: String
    private let registry: Registry

    /// The root of a new tree without parameters.
    public init() {
        path = ""
        registry = Registry()
    }

    private init(path: String, registry: Registry) {
        self.path = path
        self.registry = registry
    }

    /// The scope below this one; `name` may hold several parts with dots.
    public func scope(_ name: String) -> ParameterScope {
        ParameterScope(path: join(name), registry: registry)
    }

    /// The scope of one element of a list below this one.
    public func scope(_ name: String, _ index: Int) -> ParameterScope {
        scope("\(name).\(index)")
    }

    /// Registers a parameter; a name that is taken is a bug and traps.
    ///
    /// `decay` says whether weight decay applies.
    public func parameter(
        _ name: String,
        _ shape: Shape,
        _ initializer: Initializer,
        decay: Bool = true
    ) -> Parameter {
        let full = join(name)
        precondition(registry.names.insert(full).inserted, "parameter \(full) is registered twice")
        let spec = ParameterSpec(name: full, shape: shape, offset: registry.count, decay: decay)
        registry.specs.append(spec)
        registry.initializers.append(initializer)
        registry.count = spec.range.upperBound
        return Parameter(shape: shape, range: spec.range)
    }

    /// All parameters of the tree so far, in the order of registration.
    public var layout: ParameterLayout { ParameterLayout(registry.specs) }

    /// Starting values of all parameters of the tree: the same for equal seeds on every machine.
    ///
    /// Parameter number i draws from `RandomStream(seed, .initialization, i)`.
    public func initialize(seed: UInt64) -> FlatBuffer {
        var values: [Float] = []
        values.reserveCapacity(registry.count)
        for (index, spec) in registry.specs.enumerated() {
            var random = RandomStream(seed: seed, purpose: .initialization, index: UInt64(index))
            values += registry.initializers[index].values(spec.shape, using: &random)
        }
        return FlatBuffer(values)
    }

    private func join(_ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}
