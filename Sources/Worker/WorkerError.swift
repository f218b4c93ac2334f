public import Communication
public import Training

/// Why a worker could not go on.
public enum WorkerError: Error, Sendable {
    /// An address that is no `HOST:PORT`.
    case badAddress(String)
    /// The token's file cannot be read.
    case noToken(path: String, reason: String)
    /// Nothing answers at the coordinator's address.
    case unreachable(address: String, reason: String)
    /// The coordinator refused; its own words.
    case refused(reason: String)
    /// The coordinator does not know this worker any more: it was away for too long.
    case unknown
    /// The run is over.
    case finished
    /// An answer that this version does not understand.
    case unexpected(call: String, found: String)
    /// A blob whose bytes are not those that were announced.
    case corrupt(digest: String)
    /// A file of the cache cannot be read or written.
    case file(path: String, reason: String)
    /// The training itself failed.
    case training(TrainingError)
    /// The run file given is not of the coordinator's run.
    case differentRun(change: String)
    /// Peers cannot be reached.
    case communication(CommunicationError)
    /// The worker was told to stop.
    case stopped
}

extension WorkerError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .badAddress(let text):
            "'\(text)' is no address; write HOST:PORT, such as 192.0.2.7:7300"
        case .noToken(let path, let reason):
            "the token \(path) cannot be read (\(reason)); ask whoever runs the coordinator for one"
        case .unreachable(let address, let reason):
            "no coordinator answers at \(address) (\(reason)); check the address and that it is running"
        case .refused(let reason): "the coordinator refused: \(reason)"
        case .unknown: "the coordinator has given this worker up; it will join again"
        case .finished: "the run is over; nothing is left to do"
        case .unexpected(let call, let found):
            "the answer to \(call) is not understood (\(found)); use the same version here and at the coordinator"
        case .corrupt(let digest):
            "the bytes received for \(digest.prefix(12)) are not those announced; start again to fetch them anew"
        case .file(let path, let reason):
            "\(path) cannot be used (\(reason)); check the cache folder, or choose another with --cache"
        case .training(let error): error.description
        case .differentRun(let change):
            "the run file is not that of the coordinator's run (\(change)); use the coordinator's, or start without --coordinator"
        case .communication(let error): error.description
        case .stopped: "stopped"
        }
    }

    /// The code that a program ends with: 1 failed, 2 bad usage, 3 refused by the coordinator, 4 interrupted.
    public var exitCode: Int32 {
        switch self {
        case .badAddress, .noToken, .file, .differentRun: 2
        case .unreachable, .refused: 3
        case .stopped: 4
        case .finished: 0
        case .training(let error): error.isUsage ? 2 : 1
        case .unknown, .unexpected, .corrupt, .communication: 1
        }
    }
}
