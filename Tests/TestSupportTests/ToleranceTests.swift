import TestSupport
import Testing

@Suite("Tolerance")
struct ToleranceTests {
    @Test("every element counts")
    func everyElement() {
        let tolerance = Tolerance(absolute: 0.1)
        #expect(tolerance.mismatch([1.0, 2.0], [1.05, 1.95]) == nil)
        let message = tolerance.mismatch([1.0, 2.5, 3.0], [1, 2, 3])
        #expect(
            message
                == "1 of 3 numbers are further than 0.1 + 0.0 * |expected| apart; worst at 1: expected 2.0, found 2.5"
        )
        #expect(Tolerance(absolute: 0.1, offenders: 1).mismatch([1.0, 2.5, 3.0], [1, 2, 3]) == nil)
    }

    @Test("the relative part grows with the expected number")
    func relative() {
        let tolerance = Tolerance(relative: 0.01)
        #expect(tolerance.accepts(100.9, 100) && !tolerance.accepts(101.1, 100))
        #expect(tolerance.accepts(0, 0) && !tolerance.accepts(1e-30, 0))
    }

    @Test("NaN is close to nothing and infinities only to themselves")
    func special() {
        let tolerance = Tolerance(absolute: 1e30, relative: 1)
        #expect(!tolerance.accepts(.nan, .nan) && !tolerance.accepts(.nan, 1))
        #expect(Tolerance.exact.accepts(.infinity, .infinity) && !Tolerance.exact.accepts(.infinity, -.infinity))
        #expect(tolerance.mismatch([Double.nan], [0]) != nil)
        #expect(!Tolerance(absolute: 1).accepts(.infinity, 0))
    }

    @Test("another count is a mismatch")
    func counts() {
        #expect(Tolerance(absolute: 9).mismatch([Float](), [1]) == "expected 1 numbers, found 0")
    }
}
