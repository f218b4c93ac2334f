import Foundation

/// What commands print: results on standard output, everything else on standard error.
enum Output {
    /// Whether standard error is a terminal, where a progress bar is wanted.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints one line of results.
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Prints a value as one JSON object on a line, keys sorted and in snake case.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Tells something that is no result.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A counter on a terminal for work with a known end; silent elsewhere.
    static func counter(_ what: String, of total: Int) -> (Int) -> Void {
        guard isTerminal else { return { _ in } }
        let start = ContinuousClock.now
        return { done in
            guard ContinuousClock.now - start > .seconds(2) || done == total else { return }
            let end = done == total ? "\n" : ""
            FileHandle.standardError.write(Data("\r\u{1B}[K\(what): \(done) of \(total)\(end)".utf8))
        }
    }
}
