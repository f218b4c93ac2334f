import Communication
import Testing
import Training

@testable import Worker

@Suite("Errors of a worker")
struct WorkerErrorTests {
    /// Each error with its sentence and the code that a program ends with.
    private static let errors: [(WorkerError, String, Int32)] = [
        (.badAddress("x"), "'x' is no address; write HOST:PORT, such as 192.0.2.7:7300", 2),
        (
            .noToken(path: "t", reason: "it is empty"),
            "the token t cannot be read (it is empty); ask whoever runs the coordinator for one", 2
        ),
        (
            .unreachable(address: "h:1", reason: "the connection was refused"),
            "no coordinator answers at h:1 (the connection was refused); check the address and that it is running", 3
        ),
        (.refused(reason: "The run is full."), "the coordinator refused: The run is full.", 3),
        (.unknown, "the coordinator has given this worker up; it will join again", 1),
        (.finished, "the run is over; nothing is left to do", 0),
        (
            .unexpected(call: "/v1/work", found: "{}"),
            "the answer to /v1/work is not understood ({}); use the same version here and at the coordinator", 1
        ),
        (
            .corrupt(digest: "0123456789abcdef"),
            "the bytes received for 0123456789ab are not those announced; start again to fetch them anew", 1
        ),
        (
            .file(path: "c", reason: "it cannot be written"),
            "c cannot be used (it cannot be written); check the cache folder, or choose another with --cache", 2
        ),
        (
            .training(.noCheckpoint(directory: "d")),
            "d holds no checkpoint yet; train first, or name a folder that does", 2
        ),
        (
            .training(.incompleteMean(lost: ["w-1", "w-2"])),
            "the mean lacks samples of w-1, w-2; start the job again to resume", 1
        ),
        (
            .differentRun(change: "'seed: 7' there, 'seed: 8' here"),
            "the run file is not that of the coordinator's run ('seed: 7' there, 'seed: 8' here); "
                + "use the coordinator's, or start without --coordinator", 2
        ),
        (
            .communication(.closed),
            "the exchange was closed before it was finished; start the worker again to go on", 1
        ),
        (.stopped, "stopped", 4),
    ]

    @Test("say in one sentence what was expected, what was found and what to do")
    func sentences() {
        for (error, sentence, _) in WorkerErrorTests.errors { #expect(error.description == sentence) }
    }

    @Test("end a program with 2 for bad usage, 3 for a refusal, 4 for an interruption and 1 for the rest")
    func codes() {
        for (error, sentence, code) in WorkerErrorTests.errors { #expect(error.exitCode == code, "\(sentence)") }
    }
}
