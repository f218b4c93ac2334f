import Foundation
import TensorFiles

/// `run.jsonl`: the lines of the journal's reports as a file that other programs read.
struct ReportLog: Sendable {
    private let folder: RunFolder

    init(_ folder: RunFolder) { self.folder = folder }

    /// Appends a line.
    func append(_ line: String) throws(CoordinatorError) {
        guard let handle = FileHandle(forWritingAtPath: folder.reports) else {
            throw .file(path: folder.reports, reason: "it cannot be opened")
        }
        defer { try? handle.close() }
        do {
            try handle.seekToEnd()
            try handle.write(contentsOf: Data((line + "\n").utf8))
        } catch {
            throw .file(path: folder.reports, reason: "it cannot be written")
        }
    }

    /// Makes the file anew, as at the start and after a roll back.
    func rewrite(_ lines: [String]) throws(CoordinatorError) {
        try folder.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: folder.reports)
    }
}

/// `samples/`: sheets by the samples at which they were drawn.
struct SheetFolder: Sendable {
    private let folder: RunFolder

    init(_ folder: RunFolder) { self.folder = folder }

    /// The newest sheet.
    var newest: UInt64? {
        ((try? Folder.names(folder.samples)) ?? []).compactMap { name in
            name.hasSuffix(".png") ? UInt64(name.dropLast(4)) : nil
        }.max()
    }
}
