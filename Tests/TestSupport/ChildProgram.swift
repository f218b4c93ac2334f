import Foundation
import Glibc
import Synchronization

/// One of the package's programs as a child process, started when it is made and killed, if it still runs, with the value.
///
/// Its output goes to files, so that it never waits for a reader.
public final class ChildProgram: Sendable {
    /// How a program ended.
    public struct Result: Sendable {
        /// The exit code, or 128 and the number of the signal that ended it.
        public let code: Int32
        /// What it wrote to standard output.
        public let output: String
        /// What it wrote to standard error.
        public let errors: String
    }

    private let process: Process
    private let ends: AsyncStream<Int32>
    private let files: TestDirectory

    /// Starts a program by name in a folder; `home` stands for the user's folder, where caches go.
    public init(_ name: String, _ arguments: [String], in folder: String) throws {
        files = try TestDirectory()
        process = Process()
        process.executableURL = ChildProgram.folder.appendingPathComponent(name)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["HOME": folder, "XDG_CACHE_HOME": folder]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try ChildProgram.output(to: files.write([], to: "output"))
        process.standardError = try ChildProgram.output(to: files.write([], to: "errors"))
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        self.ends = ends
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            end.yield(isSignal ? 128 + process.terminationStatus : process.terminationStatus)
            end.finish()
        }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs a program to its end.
    public static func run(_ name: String, _ arguments: [String], in folder: String) async throws -> Result {
        try await ChildProgram(name, arguments, in: folder).result()
    }

    /// Sends a signal.
    public func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool { process.isRunning }

    /// Waits for the end; may be called once.
    ///
    /// A cancelled task, such as one over its time limit, kills the program.
    public func result() async throws -> Result {
        var code: Int32?
        for await end in ends { code = end }
        guard let code else {
            send(SIGKILL)
            throw CancellationError()
        }
        return Result(code: code, output: try text("output"), errors: try text("errors"))
    }

    /// What it has written so far.
    public func text(_ stream: String) throws -> String {
        String(decoding: try files.read(stream), as: UTF8.self)
    }

    /// Programs lie where the test bundle lies.
    private static let folder = (Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]))
        .resolvingSymlinksInPath().deletingLastPathComponent()

    private static func output(to path: String) throws -> FileHandle {
        try FileHandle(forWritingTo: URL(filePath: path))
    }
}

/// Asks again and again until an answer comes; nil when the deadline has passed.
public func poll<Answer>(
    seconds: Double = 60,
    _ question: () async throws -> Answer?
) async throws -> Answer? {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if let answer = try await question() { return answer }
        try await Task.sleep(for: .milliseconds(20))
    }
    return nil
}
