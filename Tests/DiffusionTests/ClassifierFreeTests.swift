import Diffusion
import Testing

@Suite("Classifier-free guidance")
struct ClassifierFreeTests {
    @Test("goes beyond the condition by its weight", arguments: zip([0, 0.5, 2, 4], [-1, 0.5, 5, 11] as [Float]))
    func weight(weight: Double, expected: Float) {
        var predict = LabelPrediction()
        #expect(predict(ClassifierFree(weight: weight), labels: [2, 2]) == [expected, expected])
        #expect(predict.rows == [4])
    }

    @Test("costs one pass at weight 1")
    func one() {
        var predict = LabelPrediction()
        #expect(predict(ClassifierFree(weight: 1), labels: [2, 3]) == [2, 3])
        #expect(predict.rows == [2])
    }

    @Test("guides only inside its interval")
    func interval() {
        let guidance = with(ClassifierFree(weight: 2)) {
            $0.intervalStart = 0.2
            $0.intervalEnd = 0.6
        }
        var predict = LabelPrediction()
        #expect(predict(guidance, labels: [2, 2], t: 0.1) == [2, 2])
        #expect(predict(guidance, labels: [2, 2], t: 0.4) == [5, 5])
        #expect(predict(guidance, labels: [2, 2], t: 0.7) == [2, 2])
    }

    @Test("refuses values out of range")
    func ranges() {
        expectRefused("weight", ClassifierFree(weight: -1))
        expectRefused("interval_start", with(ClassifierFree()) { $0.intervalStart = -0.1 })
        expectRefused("interval_end", with(ClassifierFree()) { $0.intervalEnd = 1.1 })
    }
}
