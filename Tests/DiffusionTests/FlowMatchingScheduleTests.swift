import Diffusion
import Testing

@Suite("The flow-matching schedule")
struct FlowMatchingScheduleTests {
    // The paper's sigma at its time 1 - t: 1 - (1 - sigma_min) (1 - t).
    @Test("is the straight line to slightly noised data", arguments: [0, 0.25, 0.5, 1])
    func line(t: Double) {
        let schedule = FlowMatchingSchedule()
        #expect(schedule.alpha(t) == 1 - t)
        expectClose(schedule.sigma(t), 1 - (1 - 1e-4) * (1 - t), absolute: 1e-15)
    }

    @Test("without noise on data is the rectified flow", arguments: [0, 0.4, 1])
    func rectified(t: Double) {
        let schedule = with(FlowMatchingSchedule()) { $0.sigmaMin = 0 }
        #expect(schedule.sigma(t) == RectifiedFlow().sigma(t))
        expectClose(schedule.time(signalToNoise: 4), RectifiedFlow().time(signalToNoise: 4), absolute: 1e-15)
    }

    @Test("refuses much noise on data")
    func ranges() {
        expectRefused("sigma_min", with(FlowMatchingSchedule()) { $0.sigmaMin = -0.1 })
        expectRefused("sigma_min", with(FlowMatchingSchedule()) { $0.sigmaMin = 0.1 })
    }
}
