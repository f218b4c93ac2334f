import ArgumentParser
import Configs
import Datasets
import Foundation
import Training

/// How this program ends: 0 done, 1 failed, 2 bad usage or configuration, 4 interrupted with state saved.
enum Program {
    /// Runs the command that the arguments name and exits.
    static func run(_ root: (some ParsableCommand).Type) -> Never {
        do {
            var command = try root.parseAsRoot()
            try command.run()
            exit(0)
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch let error as TrainingError {
            fail(error.description, code: error.isUsage ? 2 : 1)
        } catch let error as ConfigError {
            fail(error.description, code: 2)
        } catch let error as DatasetError {
            fail(error.description, code: 2)
        } catch {
            end(root, error)
        }
    }

    /// The code for a run that was told to stop and saved its state.
    static let interrupted = ExitCode(4)

    // The parser's own errors: help is no failure, everything else is bad usage.
    private static func end(_ root: (some ParsableCommand).Type, _ error: any Error) -> Never {
        let code = root.exitCode(for: error)
        guard code.rawValue != 0 else { root.exit(withError: error) }
        fail(root.fullMessage(for: error), code: code == .validationFailure ? 2 : 1)
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(code)
    }
}
