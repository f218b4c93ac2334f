import ArgumentParser
import Foundation
import Worker

/// Says why a join fails.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Walks the way of a worker that joins and names the first thing that fails.",
        discussion: """
            Example:
              difftrain-worker doctor 192.0.2.7:7300 --token token.txt
            """
    )

    @OptionGroup var volunteer: VolunteerOptions

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() throws {
        let config = try volunteer.load()
        let isFine = Doctor(config).examine { finding in show(finding) }
        if !isFine { throw ExitCode(3) }
    }

    private func show(_ finding: Finding) {
        let text: String
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = .sortedKeys
            text = (try? encoder.encode(finding)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        } else {
            text = "\(finding.isFine ? "ok  " : "FAIL") \(finding.step): \(finding.detail)"
        }
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
