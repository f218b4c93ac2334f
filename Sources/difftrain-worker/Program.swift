import ArgumentParser
import Configs
import Foundation
import Training
import Worker

/// How this program ends: 0 done, 1 failed, 2 bad usage or configuration, 3 refused by the coordinator, 4 interrupted.
enum Program {
    /// Runs the command that the arguments name and exits.
    static func run(_ root: (some ParsableCommand).Type) -> Never {
        do {
            var command = try root.parseAsRoot()
            try command.run()
            exit(0)
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch let error as WorkerError {
            fail(error.description, code: error.exitCode)
        } catch let error as TrainingError {
            fail(error.description, code: error.isUsage ? 2 : 1)
        } catch let error as ConfigError {
            fail(error.description, code: 2)
        } catch {
            let code = root.exitCode(for: error)
            guard code.rawValue != 0 else { root.exit(withError: error) }
            fail(root.fullMessage(for: error), code: code == .validationFailure ? 2 : 1)
        }
    }

    /// Tells something on standard error.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        note(message)
        exit(code)
    }
}
