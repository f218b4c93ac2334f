/// Measures the wall time of a step for its report; no result depends on it.
struct StepClock {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var exchangeStart: ContinuousClock.Instant
    private var exchange = Duration.zero

    init() {
        start = clock.now
        exchangeStart = start
    }

    mutating func startExchange() { exchangeStart = clock.now }

    mutating func endExchange() { exchange += clock.now - exchangeStart }

    var seconds: Double { (clock.now - start) / .seconds(1) }

    var exchangeSeconds: Double { exchange / .seconds(1) }
}
