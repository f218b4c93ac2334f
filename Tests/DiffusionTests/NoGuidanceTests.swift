import Diffusion
import Testing

@Suite("No guidance")
struct NoGuidanceTests {
    @Test("is the conditional prediction in one pass")
    func plain() {
        var predict = LabelPrediction()
        #expect(predict(NoGuidance(), labels: [2, 7]) == [2, 7])
        #expect(predict.rows == [2])
    }
}
