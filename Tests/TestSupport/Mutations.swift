import FoundationEssentials

/// Damages bytes in the ways that find mistakes in parsers.
public struct Mutator {
    /// Where the damage is drawn from.
    public var random: SeededGenerator
    /// Words of the format that are inserted now and then.
    public let dictionary: [[UInt8]]

    /// Creates a mutator; equal seeds give equal damage.
    public init(seed: UInt64, dictionary: [String] = []) {
        random = SeededGenerator(seed: seed)
        self.dictionary = dictionary.map { Array($0.utf8) }
    }

    /// A damaged copy: one to eight random edits.
    public mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<random.int(1...8) {
            edit(&result)
        }
        return result
    }

    private mutating func edit(_ bytes: inout [UInt8]) {
        switch random.int(0...8) {
        case 0: flipBit(&bytes)
        case 1: overwrite(&bytes)
        case 2: bytes.insert(contentsOf: random.bytes(random.int(1...4)), at: place(bytes))
        case 3: bytes.removeSubrange(range(bytes))
        case 4: bytes.insert(contentsOf: Array(bytes[range(bytes)]), at: place(bytes))
        case 5: bytes.removeLast(bytes.isEmpty ? 0 : random.int(0...(bytes.count - 1)) / 4)
        case 6: overwriteWord(&bytes)
        case 7: swapBytes(&bytes)
        default:
            if !dictionary.isEmpty {
                bytes.insert(contentsOf: random.element(dictionary), at: place(bytes))
            }
        }
    }

    private mutating func flipBit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes[random.int(0...(bytes.count - 1))] ^= 1 << random.int(0...7)
    }

    private mutating func overwrite(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let edges: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x20, 0x22, 0x5B, 0x7B]
        bytes[random.int(0...(bytes.count - 1))] = random.element(edges)
    }

    /// Overwrites an eight-byte word with a number at the edge of its range.
    private mutating func overwriteWord(_ bytes: inout [UInt8]) {
        guard bytes.count >= 8 else { return }
        let edges: [UInt64] = [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, UInt64(Int64.max), .max, UInt64(bytes.count)]
        let start = random.int(0...(bytes.count - 8))
        let word = random.element(edges)
        for index in 0..<8 {
            bytes[start + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
        }
    }

    private mutating func swapBytes(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes.swapAt(random.int(0...(bytes.count - 1)), random.int(0...(bytes.count - 1)))
    }

    private mutating func place(_ bytes: [UInt8]) -> Int {
        random.int(0...bytes.count)
    }

    private mutating func range(_ bytes: [UInt8]) -> Range<Int> {
        let start = place(bytes)
        return start..<min(bytes.count, start + random.int(0...16))
    }
}

/// Feeds damaged copies of a corpus to a parser.
///
/// The body must return whatever it is given; a trap ends the process and a thrown error fails the test that calls
/// this. It runs `rounds` inputs, or as long as `DIFFTRAIN_FUZZ_SECONDS` says if the environment sets it.
public func fuzz(
    corpus: [[UInt8]],
    rounds: Int = 2000,
    dictionary: [String] = [],
    _ body: ([UInt8]) throws -> Void
) throws {
    let seconds = ProcessInfo.processInfo.environment["DIFFTRAIN_FUZZ_SECONDS"].flatMap(Double.init)
    let start = ContinuousClock.now
    var seed: UInt64 = 0
    while seconds.map({ start.duration(to: .now) < .seconds($0) }) ?? (seed < UInt64(rounds)) {
        var mutator = Mutator(seed: seed, dictionary: dictionary)
        let input = mutator.mutate(mutator.random.element(corpus))
        do {
            try body(input)
        } catch {
            throw FuzzFailure(seed: seed, input: input, error: error)
        }
        seed += 1
    }
}

/// An input that a parser handled badly.
public struct FuzzFailure: Error, CustomStringConvertible {
    /// The seed of the mutation.
    public let seed: UInt64
    /// The damaged bytes.
    public let input: [UInt8]
    /// What the parser threw.
    public let error: any Error

    /// The seed, the error and the beginning of the input.
    public var description: String {
        "fuzz seed \(seed): \(error); input (\(input.count) bytes): \(String(decoding: input.prefix(400), as: UTF8.self))"
    }
}
