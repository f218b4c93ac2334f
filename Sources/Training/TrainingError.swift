public import Checkpoints
public import Communication
public import Configs
public import Datasets

/// Why a run could not go on.
public enum TrainingError: Error, Sendable {
    /// The run file is wrong.
    case config(ConfigError)
    /// The data cannot be read.
    case data(DatasetError)
    /// A checkpoint cannot be read or written.
    case checkpoint(CheckpointError)
    /// The other workers cannot be reached.
    case communication(CommunicationError)
    /// A file of the run directory cannot be read or written; the system's own words.
    case file(path: String, reason: String)
    /// The run directory holds another run.
    case differentRun(directory: String, change: String)
    /// There is nothing to draw samples with yet.
    case noCheckpoint(directory: String)
    /// Weights were asked for that the run does not keep.
    case unknownWeights(String, known: [String], directory: String)
    /// Two checkpoints were to be compared that hold other parameters.
    case differentParameters(String, String)
    /// A metric was asked for that does not exist for this data.
    case unknownMetric(String, known: [String])
    /// The metrics of this data need images of another shape or classes.
    case noMetrics(data: String)
    /// Workers were lost in a step and nobody can take their samples over.
    case incompleteMean(lost: [String])
    /// A measurement was to be compared with a floor that the file does not give.
    case noFloor(measurement: String, workload: String)
    /// A measurement is a smaller share of the machine's peak than it must be.
    case belowFloor(measurement: String, workload: String, share: Double, floor: Double)
    /// The authority over this worker's work refused to go on; its own words.
    case refused(String)
}

extension TrainingError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .config(let error): error.description
        case .data(let error): error.description
        case .checkpoint(let error): error.description
        case .communication(let error): error.description
        case .file(let path, let reason):
            "\(path) cannot be used (\(reason)); check that the folder exists and may be written"
        case .differentRun(let directory, let change):
            "\(directory) holds another run (\(change)); choose another --out, or add --fresh to start over"
        case .noCheckpoint(let directory):
            "\(directory) holds no checkpoint yet; train first, or name a folder that does"
        case .unknownWeights(let name, let known, let directory):
            "\(directory) has no weights '\(name)'; choose from \(known.joined(separator: ", "))"
        case .differentParameters(let first, let second):
            "the checkpoints belong to different networks (\(first) in one, \(second) in the other); compare two of one network"
        case .unknownMetric(let name, let known):
            "there is no metric '\(name)'; choose from \(known.joined(separator: ", "))"
        case .noMetrics(let data):
            "no metric is known for the data '\(data)'; label accuracy and Fréchet distance need the embedded digits"
        case .incompleteMean(let lost):
            "the mean lacks samples of \(lost.joined(separator: ", ")); start the job again to resume"
        case .noFloor(let measurement, let workload):
            "no floor is given for \(measurement) of \(workload); add one to the file"
        case .belowFloor(let measurement, let workload, let share, let floor):
            "\(measurement) of \(workload) reached \(Self.percent(share)) of the GEMM peak, expected at least "
                + "\(Self.percent(floor)); repeat it on an idle machine before looking for the cause"
        case .refused(let reason):
            reason
        }
    }

    /// Whether the user's input is at fault, so that a program exits with code 2.
    public var isUsage: Bool {
        switch self {
        case .config, .data, .differentRun, .noCheckpoint, .unknownWeights, .differentParameters, .unknownMetric,
            .noMetrics, .noFloor, .file, .checkpoint:
            true
        case .communication, .incompleteMean, .belowFloor, .refused: false
        }
    }

    // With one digit after the point.
    private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}
