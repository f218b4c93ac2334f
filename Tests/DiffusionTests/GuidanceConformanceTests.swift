import Buffers
import Configs
import Diffusion
import Tensors
import TestSupport
import Testing

/// Predictions that are the label of each row (-1 without one), and how many rows were asked for.
struct LabelPrediction {
    var rows: [Int] = []

    mutating func callAsFunction(_ guidance: any Guidance, labels: [Int]?, count: Int = 2, t: Double = 0.5) -> [Float] {
        var asked: [Int] = []
        let result = guidance.clean(.zeros([count, 1, 1, 1]), at: t, condition: Condition(labels: labels)) {
            x,
            condition in
            asked.append(x.shape[0])
            return Tensor((condition.labels ?? Array(repeating: -1, count: x.shape[0])).map { Float($0) }, x.shape)
        }
        rows = asked
        return result.floats
    }
}

@Suite("Every guidance")
struct GuidanceConformanceTests {
    @Test("is one plain pass for data without labels", arguments: Guidances.methodNames)
    func unlabelled(name: String) throws {
        var predict = LabelPrediction()
        #expect(predict(try guidance(name), labels: nil) == [-1, -1])
        #expect(predict.rows == [2])
    }

    @Test("changes nothing where condition and no condition agree", arguments: Guidances.methodNames)
    func agreement(name: String) throws {
        var predict = LabelPrediction()
        #expect(predict(try guidance(name), labels: [Condition.dropped, Condition.dropped]) == [-1, -1])
    }

    @Test("answers each row by its own label", arguments: Guidances.methodNames)
    func rows(name: String) throws {
        var predict = LabelPrediction()
        let guidance = try guidance(name)
        let both = predict(guidance, labels: [2, 5])
        #expect(predict(guidance, labels: [2], count: 1) + predict(guidance, labels: [5], count: 1) == both)
    }
}
