import CKernels

/// Random numbers as a function of (seed, purpose, index): the same on every machine, for any thread count and any number of stops.
///
/// Source: Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The key is the seed; the counter holds a
/// block number, the purpose and the index, so that different streams never share a block.
public struct RandomStream: RandomNumberGenerator, Sendable {
    /// What the numbers are for; different purposes never share numbers.
    public enum Purpose: UInt32, Sendable {
        /// Starting values of parameters.
        case initialization = 1
        /// The order of the data.
        case order
        /// Changes of a training example.
        case augmentation
        /// The noise level of a training example.
        case time
        /// The noise added to a training example.
        case noise
        /// Units dropped in a forward pass.
        case dropout
        /// Which conditions are dropped for guidance.
        case condition
        /// Noise while samples are drawn.
        case sampling
        /// Stochastic rounding.
        case rounding
        /// Which noise goes with which training example.
        case coupling
    }

    private let key: (UInt32, UInt32)
    private let counter: (UInt32, UInt32, UInt32)
    private var block: UInt32 = 0
    private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    private var used = 4

    /// The stream of one purpose and index.
    public init(seed: UInt64, purpose: Purpose, index: UInt64) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        counter = (purpose.rawValue, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32))
    }

    /// The next 32 random bits.
    public mutating func nextWord() -> UInt32 {
        if used == 4 {
            fill()
            used = 0
        }
        used += 1
        switch used {
        case 1: return words.0
        case 2: return words.1
        case 3: return words.2
        default: return words.3
        }
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return low | UInt64(nextWord()) << 32
    }

    /// A uniform number in `[0, 1)` with 53 random bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Standard normal float32 numbers of a shape.
    public mutating func normal(_ shape: Shape) -> TensorData {
        array(shape, ck_philox_normal)
    }

    /// Uniform float32 numbers in `[0, 1)` of a shape.
    public mutating func uniform(_ shape: Shape) -> TensorData {
        array(shape, ck_philox_uniform)
    }

    private typealias Fill = (
        UnsafeMutablePointer<Float>?, Int, UInt32, UnsafePointer<UInt32>?, UnsafePointer<UInt32>?
    ) -> Void

    // Arrays start at a block of their own, so that their numbers do not depend on what was drawn within the block before.
    private mutating func array(_ shape: Shape, _ kernel: Fill) -> TensorData {
        let storage = Storage(byteCount: shape.count * MemoryLayout<Float>.stride)
        let region = Region(storage, offset: 0, count: shape.count, dtype: .float32)
        let counter: [UInt32] = [0, self.counter.0, self.counter.1, self.counter.2]
        kernel(region.floats, shape.count, block, counter, [key.0, key.1])
        block &+= UInt32((shape.count + 3) / 4)
        used = 4
        return TensorData(region, shape: shape)
    }

    private mutating func fill() {
        let input: [UInt32] = [block, counter.0, counter.1, counter.2]
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) { output in
            ck_philox(input, [key.0, key.1], output.baseAddress)
            words = (output[0], output[1], output[2], output[3])
        }
        block &+= 1
    }
}
