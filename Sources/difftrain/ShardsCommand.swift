import ArgumentParser
import Datasets
import Foundation
import Training

/// Turns images into shards and looks into them.
struct ShardsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shards",
        abstract: "Turns images into shards, and looks into them.",
        discussion: """
            Example:
              difftrain shards build images --out data/images
            """,
        subcommands: [Build.self, Inspect.self, Verify.self]
    )

    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes shards of a folder with one sub-folder per class, or of the embedded 'digits'.",
            discussion: """
                Example:
                  difftrain shards build images --out data/images
                """
        )
        @Argument(help: "A folder of PNG, JPEG or WebP files, or 'digits'.", completion: .directory) var source: String
        @Option(help: "Where the shards go.", completion: .directory) var out: String

        func run() throws {
            let manifest = try ShardWriter.export(chosen, to: out)
            Output.note("Wrote \(manifest.count) records in \(manifest.shards.count) shards to \(out).")
        }

        private var chosen: any DataSource {
            guard source != Digits.name else { return Digits() }
            var folder = ImageFolder()
            folder.path = source
            return folder
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what a directory of shards holds, as JSON.",
            discussion: """
                Example:
                  difftrain shards inspect data/images
                """
        )
        @Argument(completion: .directory) var directory: String

        func run() throws {
            Output.line(String(decoding: try ShardDirectory(path: directory).manifest().encoded(), as: UTF8.self))
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every byte of a directory of shards.",
            discussion: """
                Example:
                  difftrain shards verify data/images
                """
        )
        @Argument(completion: .directory) var directory: String

        func run() throws {
            let source = ShardDirectory(path: directory)
            let manifest = try source.manifest()
            let count = Output.counter("verified", of: manifest.shards.count)
            for index in manifest.shards.indices {
                _ = try source.shard(index)
                count(index + 1)
            }
            Output.line("\(directory) is whole: \(manifest.count) records in \(manifest.shards.count) shards")
        }
    }
}
