public import Configs

/// The least shares of the machine's peak that measurements must reach, by workload.
///
/// Both sides of a share come from the same run, so a floor holds on any machine of a kind; times have none.
public struct BenchmarkFloors: Configurable, Hashable {
    /// Floors of training steps.
    public var step: [String: Double] = [:]
    /// Floors of drawing samples.
    public var sample: [String: Double] = [:]

    /// No floors.
    public init() {}

    /// Reads a file of floors.
    public init(contentsOf path: String) throws(ConfigError) {
        self = try ConfigDecoder.decode(BenchmarkFloors.self, from: ConfigNode(contentsOf: path))
    }

    /// Refuses workloads that do not exist and shares out of range.
    public func validate() throws(ConfigError) {
        let known = Workload.all.map(\.name)
        for (section, floors) in [("step", step), ("sample", sample)] {
            for (name, share) in floors.sorted(by: { $0.key < $1.key }) {
                guard known.contains(name) else {
                    throw ConfigError(.unknownValue(name, known: known), path: [section])
                }
                let isShare = share > 0 && share <= 4
                try ConfigError.require(isShare, section, found: share, expected: "shares above 0, at most 4")
            }
        }
    }

    /// Throws if a measurement lies below the floor of its workload, or has none.
    public func check(_ line: BenchmarkLine) throws(TrainingError) {
        let workload = line.config["model"] ?? ""
        guard let floor = (line.name == "sample" ? sample : step)[workload] else {
            throw .noFloor(measurement: line.name, workload: workload)
        }
        let share = line.shareOfPeak ?? 0
        guard share >= floor else {
            throw .belowFloor(measurement: line.name, workload: workload, share: share, floor: floor)
        }
    }
}
