import Buffers
import Communication
import Testing

@testable import Training

/// Notes what is delivered, and what the values were at that moment.
final class RecordingMean: OpenMean {
    private let buffer: FlatBuffer
    private let mean: (any OpenMean)?
    private(set) var ranges: [Range<Int>] = []
    private(set) var delivered: [Float?]
    /// Whether nothing changed between its delivery and the wait.
    private(set) var wasFinal = false

    init(_ buffer: FlatBuffer, in mean: (any OpenMean)? = nil) {
        self.buffer = buffer
        self.mean = mean
        delivered = Array(repeating: nil, count: buffer.count)
    }

    func deliver(_ range: Range<Int>) {
        ranges.append(range)
        let floats = buffer.floats
        for index in range {
            #expect(delivered[index] == nil, "element \(index) is delivered again")
            delivered[index] = floats[index]
        }
        mean?.deliver(range)
    }

    func wait() throws(CommunicationError) -> MeanReport {
        wasFinal = zip(delivered, buffer.floats).allSatisfy { $0.map(\.bitPattern) == $1.bitPattern }
        return try mean?.wait() ?? MeanReport(totalWeight: 1, contributors: 1)
    }
}

@Suite("Delivery of gradients")
struct GradientDeliveryTests {
    private let gradients = FlatBuffer((0..<22).map { Float($0) })
    private let mean = FlatBuffer(count: 22)

    @Test("a piece is delivered once all of it is final, together with its neighbours, and the rest in the end")
    func pieces() {
        let recorder = RecordingMean(mean)
        var delivery = GradientDelivery(recorder, of: gradients, into: mean, times: 0.5, piece: 4)
        delivery.becameFinal(20..<22)
        #expect(recorder.ranges == [20..<22])
        delivery.becameFinal(9..<19)
        #expect(recorder.ranges == [20..<22, 12..<16])
        delivery.becameFinal(3..<3)
        delivery.becameFinal(7..<9)
        #expect(recorder.ranges == [20..<22, 12..<16, 8..<12])
        delivery.becameFinal(0..<4)
        delivery.becameFinal(19..<20)
        #expect(recorder.ranges == [20..<22, 12..<16, 8..<12, 0..<4, 16..<20])
        delivery.deliverRest()
        #expect(recorder.ranges.last == 4..<8 && recorder.ranges.count == 6)
        #expect(mean.floats == gradients.floats.map { $0 * 0.5 })
        delivery.deliverRest()
        #expect(recorder.ranges.count == 6)
    }

    @Test("what never becomes final is delivered in runs")
    func rest() {
        let recorder = RecordingMean(mean)
        var delivery = GradientDelivery(recorder, of: gradients, into: mean, times: 1, piece: 4)
        delivery.becameFinal(8..<12)
        delivery.deliverRest()
        #expect(recorder.ranges == [8..<12, 0..<8, 12..<22])
        #expect(mean.floats == gradients.floats)
    }

    @Test("an empty gradient has nothing to deliver")
    func empty() {
        let recorder = RecordingMean(FlatBuffer(count: 0))
        var delivery = GradientDelivery(recorder, of: FlatBuffer(count: 0), into: FlatBuffer(count: 0), times: 1)
        delivery.deliverRest()
        #expect(recorder.ranges.isEmpty)
    }
}
