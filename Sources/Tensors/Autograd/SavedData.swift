import Buffers

/// A result that is cheaper to make again than to keep until its users run backward.
///
/// The first user on the way back makes it and the others share it. The operation that made it first runs backward after all of them and
/// lets it go.
final class RemadeData {
    private let make: () -> TensorData
    private var made: TensorData?

    /// `make` gives the same bits each time and holds nothing that its operation does not keep anyway.
    init(_ make: @escaping () -> TensorData) {
        self.make = make
    }

    /// The numbers, made now if no user has asked before.
    func get() -> TensorData {
        if let made { return made }
        let data = make()
        made = data
        return data
    }

    /// Lets the numbers go.
    func release() { made = nil }
}

/// What an operation keeps of an input for the way back.
enum SavedData {
    /// The numbers.
    case kept(TensorData)
    /// How to make them again, and their shape.
    case remade(RemadeData, Shape)

    /// The numbers.
    var data: TensorData {
        switch self {
        case .kept(let data): data
        case .remade(let source, let shape): source.get().reshaped(shape)
        }
    }
}
