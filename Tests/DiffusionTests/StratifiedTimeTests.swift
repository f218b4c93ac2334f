import Diffusion
import Testing

@Suite("Stratified times")
struct StratifiedTimeTests {
    @Test("put one of every 64 samples into each interval")
    func intervals() {
        for start: UInt64 in [0, 64, 6400] {
            let places = times(StratifiedTime(), start..<start + 64).map { Int($0 * 64) }
            #expect(places.sorted() == Array(0..<64))
        }
    }

    @Test("spread every aligned eight samples over the eighths")
    func pieces() {
        let places = times(StratifiedTime(), 16..<24).map { Int($0 * 8) }
        #expect(places.sorted() == Array(0..<8))
    }

    @Test("refuse numbers that are no power of two")
    func ranges() {
        expectRefused("strata", with(StratifiedTime()) { $0.strata = 48 })
        expectRefused("strata", with(StratifiedTime()) { $0.strata = 1 })
    }
}
