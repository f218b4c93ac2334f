/// The dimensions of a tensor, outermost first; elements lie in row-major order.
public struct Shape: Sendable, Hashable, Codable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The length of each axis, each at least 0.
    public let dimensions: [Int]

    /// Makes a shape from axis lengths.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 >= 0 }, "negative dimension in \(dimensions)")
        self.dimensions = dimensions
    }

    /// Makes a shape from a literal such as `[2, 8, 8, 1]`.
    public init(arrayLiteral elements: Int...) {
        self.init(elements)
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    /// The number of elements; 1 for a scalar.
    public var count: Int { dimensions.reduce(1, *) }

    /// The elements between neighbours along each axis, row-major.
    public var strides: [Int] {
        var result = [Int](repeating: 1, count: rank)
        var step = 1
        for axis in stride(from: rank - 1, through: 0, by: -1) {
            result[axis] = step
            step *= dimensions[axis]
        }
        return result
    }

    /// The shape in brackets, as in `[2, 8, 8, 1]`.
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }

    /// The length of an axis; negative axes count from the end.
    public subscript(axis: Int) -> Int { dimensions[normalized(axis)] }

    /// The axis as an index from the front; negative axes count from the end.
    public func normalized(_ axis: Int) -> Int {
        let index = axis < 0 ? axis + rank : axis
        precondition(index >= 0 && index < rank, "axis \(axis) of shape \(self)")
        return index
    }

    /// The same shape with one axis of another length.
    public func replacing(axis: Int, with length: Int) -> Shape {
        var result = dimensions
        result[normalized(axis)] = length
        return Shape(result)
    }

    /// The same shape without one axis.
    public func removing(axis: Int) -> Shape {
        var result = dimensions
        result.remove(at: normalized(axis))
        return Shape(result)
    }

    /// The common shape of two operands under NumPy's broadcasting rules, or nil if they do not fit.
    public func broadcast(with other: Shape) -> Shape? {
        let rank = max(self.rank, other.rank)
        var result = [Int](repeating: 1, count: rank)
        for back in 1..<(rank + 1) {
            let mine = back <= self.rank ? dimensions[self.rank - back] : 1
            let theirs = back <= other.rank ? other.dimensions[other.rank - back] : 1
            guard mine == theirs || mine == 1 || theirs == 1 else { return nil }
            result[rank - back] = mine == 1 ? theirs : mine
        }
        return Shape(result)
    }

    /// Strides with which this shape is read as if it had the shape `target`; 0 along repeated axes.
    ///
    /// `target` must be the result of broadcasting this shape.
    public func broadcastStrides(to target: Shape) -> [Int] {
        let own = strides
        var result = [Int](repeating: 0, count: target.rank)
        for back in 1..<(rank + 1) where dimensions[rank - back] != 1 {
            precondition(dimensions[rank - back] == target[-back], "\(self) does not broadcast to \(target)")
            result[target.rank - back] = own[rank - back]
        }
        return result
    }
}
