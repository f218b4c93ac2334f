import FoundationEssentials
public import Testing

/// Runs a property for many seeds and reports the first seed that fails.
///
/// The body throws if the property does not hold; use `try #require` in it, so that the failing seed is known. Run one
/// seed again with `DIFFTRAIN_SEED=<seed>` in the environment.
public func forAll(
    seeds: Int = 100,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (inout SeededGenerator) throws -> Void
) {
    for seed in chosenSeeds(seeds) {
        var generator = SeededGenerator(seed: seed)
        do {
            try body(&generator)
        } catch {
            Issue.record("seed \(seed): \(error)", sourceLocation: sourceLocation)
            return
        }
    }
}

/// The seeds of a property: the first numbers, or only the one that the environment names.
func chosenSeeds(
    _ count: Int,
    environment: [String: String] = ProcessInfo.processInfo.environment
) -> Range<UInt64> {
    if let text = environment["DIFFTRAIN_SEED"], let seed = UInt64(text), seed < .max {
        return seed..<seed + 1
    }
    return 0..<UInt64(count)
}
