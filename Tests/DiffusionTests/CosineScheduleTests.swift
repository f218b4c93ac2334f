import Diffusion
import RealModule
import Testing

@Suite("The cosine schedule")
struct CosineScheduleTests {
    private let paper = with(CosineSchedule()) { $0.endOffset = 0 }

    @Test("without end offset has the paper's cosine and no signal at the end")
    func paperValues() {
        for t in [0, 0.1, 0.5, 0.9, 1] {
            let expected = Double.cos((t + 0.008) / 1.008 * .pi / 2)
            expectClose(paper.alpha(t), expected, absolute: 1e-15)
        }
        #expect(paper.alpha(1) == 0)
        #expect(!paper.keepsSignal)
    }

    @Test("preserves the variance")
    func variance() {
        for t in [0, 0.3, 0.7, 1] {
            let (alpha, sigma) = (CosineSchedule().alpha(t), CosineSchedule().sigma(t))
            expectClose(alpha * alpha + sigma * sigma, 1, absolute: 1e-15)
        }
    }

    @Test("ends with about the signal of the linear schedule")
    func end() {
        expectClose(CosineSchedule().signalToNoise(1), LinearSchedule().signalToNoise(1), relative: 0.05)
    }

    @Test("refuses offsets outside 0 to 0.5")
    func ranges() {
        expectRefused("offset", with(CosineSchedule()) { $0.offset = -0.1 })
        expectRefused("offset", with(CosineSchedule()) { $0.offset = .nan })
        expectRefused("end_offset", with(CosineSchedule()) { $0.endOffset = 0.6 })
    }
}
