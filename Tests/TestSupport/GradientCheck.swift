public import Buffers
public import Tensors
public import Testing

/// Compares the gradients of a tape with differences of the function itself.
///
/// The function is evaluated in float32 with sums in double precision, so that each output carries a rounding error of about `2^-24`.
/// Central differences over `h = 1/16` and `h/2`, combined after Richardson, leave an error of the order `h^4` and amplify rounding by
/// about `3 / h`: `3e-6` times the outputs. The tolerance of `1e-3` of the largest slope is far above both and far below any mistake.
public struct GradientCheck {
    /// The largest step of the differences; a power of two.
    public var step: Float = 1 / 16
    /// The part of the largest slope by which the two may differ.
    public var tolerance = 1e-3
    /// The kernels to check.
    public var backend: any Backend = ReferenceBackend()
    /// The draws of directions and of the output's gradient.
    public var seed: UInt64 = 1

    /// Makes a check with the settings above.
    public init() {}

    /// Records an issue for every input whose gradient differs from the differences, along random directions and single elements.
    public func expect(
        _ name: String,
        _ inputs: [TensorData],
        sourceLocation: SourceLocation = #_sourceLocation,
        _ function: ([Tensor]) -> Tensor
    ) {
        Compute.$backend.withValue(backend) {
            var random = SeededGenerator(seed: seed)
            let output = function(inputs.map { Tensor($0) })
            let seeds = random.floats(output.shape.count)
            let gradients = gradients(inputs, seeds, function)
            for (i, input) in inputs.enumerated() {
                let slopes = gradients[i].map { Double($0) }
                let scale = max(1, slopes.reduce(0) { max($0, abs($1)) })
                for direction in directions(input.shape.count, &random) {
                    let expected = difference(inputs, i, direction, seeds, function)
                    let found = zip(slopes, direction).reduce(0) { $0 + $1.0 * Double($1.1) }
                    let length = direction.reduce(0) { $0 + abs(Double($1)) }
                    let isClose = abs(expected - found) <= tolerance * scale * max(1, length.squareRoot())
                    guard !isClose else { continue }
                    Issue.record(
                        "\(name), input \(i): slope \(found), differences \(expected)",
                        sourceLocation: sourceLocation
                    )
                }
            }
        }
    }

    private func gradients(_ inputs: [TensorData], _ seeds: [Float], _ function: ([Tensor]) -> Tensor) -> [[Float]] {
        let tape = Tape()
        let leaves = inputs.map { tape.watch(Tensor($0)) }
        let output = function(leaves)
        return tape.gradients(of: output, seed: Tensor(seeds, output.shape), withRespectTo: leaves).map(\.floats)
    }

    /// Two random directions over all elements, and a few single elements.
    private func directions(_ count: Int, _ random: inout SeededGenerator) -> [[Float]] {
        guard count > 0 else { return [] }
        var result = [random.floats(count), random.floats(count)]
        for _ in 0..<min(count, 4) {
            var single = [Float](repeating: 0, count: count)
            single[random.int(0...count - 1)] = 1
            result.append(single)
        }
        return result
    }

    private func difference(
        _ inputs: [TensorData],
        _ input: Int,
        _ direction: [Float],
        _ seeds: [Float],
        _ function: ([Tensor]) -> Tensor
    ) -> Double {
        func value(_ step: Float) -> Double {
            var moved = inputs
            let numbers = zip(inputs[input].floats, direction).map { $0 + step * $1 }
            moved[input] = TensorData(numbers, shape: inputs[input].shape)
            let output = function(moved.map { Tensor($0) }).floats
            return zip(output, seeds).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let wide = (value(step) - value(-step)) / Double(2 * step)
        let narrow = (value(step / 2) - value(-step / 2)) / Double(step)
        return (4 * narrow - wide) / 3
    }
}
