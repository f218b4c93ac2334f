import Buffers
public import Communication

/// Measures how long a group takes to add up float32 values, and checks every result; one member's part of it.
///
/// All members make the same calls. The time of an exchange is that of the slowest member.
public struct ExchangeBenchmark {
    /// The largest group: sums of its weighted values are exact in float32.
    public static let largestSize = 512

    /// Members that check and compare the results; may be the group that is measured.
    private let control: any Communicator
    private let contenders: [ExchangeContender]

    /// Ways of exchanging that take turns; members need not be those of `control`, but as many and in the same order.
    public init(_ contenders: [ExchangeContender], control: any Communicator) {
        precondition(!contenders.isEmpty && control.size <= Self.largestSize, "\(control.size) members")
        self.contenders = contenders
        self.control = control
    }

    /// Takes turns until every contender's exchanges have taken `seconds`, or four times as long with the checks, but at least 3 turns
    /// after 2 that are not counted.
    ///
    /// Throws `wrong` or `different`, on all members, if a result is not what it must be.
    public func run(count: Int, seconds: Double) throws(ExchangeFault) -> [ExchangeTimes] {
        let values = ExchangeValues(count: count, rank: control.rank, size: control.size)
        let buffers = contenders.map { $0.makeBuffer(count) }
        var times = contenders.map { ExchangeTimes(name: $0.name, count: count, members: control.size) }
        var round: UInt64 = 0
        var elapsed = 0.0
        let start = ContinuousClock.now
        for turn in 0... {
            for index in contenders.indices {
                // The order turns round, so that none always follows the same one.
                let index = (index + turn) % contenders.count
                let result = try measure(contenders[index], values, buffers[index], round, since: start)
                round += 1
                elapsed = result.elapsed
                guard turn >= 2 else { continue }
                times[index].seconds.append(result.seconds)
                times[index].largestError = max(times[index].largestError, result.error)
            }
            let isLong = elapsed >= 4 * seconds * Double(contenders.count)
            if turn >= 4, isLong || times.allSatisfy({ $0.total >= seconds }) { break }
        }
        return times
    }

    private func measure(
        _ contender: ExchangeContender,
        _ values: ExchangeValues,
        _ result: FlatBuffer,
        _ round: UInt64,
        since first: ContinuousClock.Instant
    ) throws(ExchangeFault) -> (seconds: Double, error: Float, elapsed: Double) {
        let all: [[Double]]
        do throws(CommunicationError) {
            all = try exchange(contender, values, result, round, since: first)
        } catch {
            throw .failed(error)
        }
        let errors = all.map { Float($0[1]) }
        try judge(contender, values, errors: errors, checksums: all.map { $0[2] })
        // Rank 0 keeps the time for all, so that all stop after the same turn.
        return (all.map { $0[0] }.reduce(0, max), errors.reduce(0, max), all[0][3])
    }

    /// Seconds, error, checksum and the time since the first turn, by rank.
    private func exchange(
        _ contender: ExchangeContender,
        _ values: ExchangeValues,
        _ result: FlatBuffer,
        _ round: UInt64,
        since first: ContinuousClock.Instant
    ) throws(CommunicationError) -> [[Double]] {
        result.copy(from: values.own)
        try control.barrier()
        let clock = ContinuousClock()
        let start = clock.now
        try contender.exchange(values.own, result, round)
        let seconds = (clock.now - start) / .seconds(1)
        let error = result.largestDifference(from: contender.isSum ? values.sum : values.mean)
        return try share([seconds, Double(error), Double(result.checksum), (start - first) / .seconds(1)])
    }

    /// Everybody's numbers, by rank.
    private func share(_ numbers: [Double]) throws(CommunicationError) -> [[Double]] {
        var slots = [Double](repeating: 0, count: numbers.count * control.size)
        for (index, number) in numbers.enumerated() { slots[control.rank * numbers.count + index] = number }
        let sums = try control.sum(slots)
        return (0..<control.size).map { Array(sums[$0 * numbers.count..<($0 + 1) * numbers.count]) }
    }

    private func judge(
        _ contender: ExchangeContender,
        _ values: ExchangeValues,
        errors: [Float],
        checksums: [Double]
    ) throws(ExchangeFault) {
        let bytes = values.own.count * MemoryLayout<Float>.stride
        // Of a codec without a known bound the result must at least be finite.
        let allowed = contender.tolerance.map { $0 * values.largest } ?? .greatestFiniteMagnitude
        if let rank = errors.firstIndex(where: { !($0 <= allowed) }) {
            throw .wrong(name: contender.name, bytes: bytes, rank: rank, error: errors[rank], allowed: allowed)
        }
        if let rank = checksums.firstIndex(where: { $0 != checksums[0] }) {
            throw .different(name: contender.name, bytes: bytes, rank: rank)
        }
    }
}

/// What the members bring and must get: a pattern that repeats at no round number of values, and each rank's own constant.
private struct ExchangeValues {
    let own: FlatBuffer
    let mean: FlatBuffer
    let sum: FlatBuffer
    /// The largest magnitude of a member's value.
    let largest: Float

    private static let period = 65_521
    private static let levels = 1021

    init(count: Int, rank: Int, size: Int) {
        let ranks = Float(size)
        // Whole and half numbers, exact in float32; so are their sums, also times the weight.
        own = Self.repeated(count) { $0 + Float(rank + 1) }
        mean = Self.repeated(count) { $0 + (ranks + 1) / 2 }
        sum = Self.repeated(count) { $0 * ranks + ranks * (ranks + 1) / 2 }
        largest = Float(Self.levels - 1) + ranks
    }

    private static func repeated(_ count: Int, _ value: (Float) -> Float) -> FlatBuffer {
        let pattern = FlatBuffer((0..<period).map { value(Float($0 * 7919 % levels)) })
        let buffer = FlatBuffer(count: count)
        for start in stride(from: 0, to: count, by: period) {
            let length = min(period, count - start)
            buffer.copy(from: pattern.view(0..<length, shape: [length]), at: start)
        }
        return buffer
    }
}

/// Why a measurement of exchanges ended.
public enum ExchangeFault: Error, Sendable, Equatable {
    /// The exchange itself failed.
    case failed(CommunicationError)
    /// A result is further from the right one than its codec explains.
    case wrong(name: String, bytes: Int, rank: Int, error: Float, allowed: Float)
    /// A rank's result has other bits than that of rank 0.
    case different(name: String, bytes: Int, rank: Int)
}

extension ExchangeFault: CustomStringConvertible {
    /// One sentence: what was expected and what was found.
    public var description: String {
        switch self {
        case .failed(let error): error.description
        case .wrong(let name, let bytes, let rank, let error, let allowed):
            "\(name) of \(bytes) bytes is wrong on rank \(rank): a value is off by \(error) where \(allowed) is allowed; "
                + "do not train with this exchange, and report it"
        case .different(let name, let bytes, let rank):
            "\(name) of \(bytes) bytes left other bits on rank \(rank) than on rank 0; do not train with this exchange, and report it"
        }
    }
}
