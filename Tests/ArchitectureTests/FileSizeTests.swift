import Testing

@Suite("File sizes")
struct FileSizeTests {
    private static let files =
        Repository.files(below: "Sources", endings: ["swift", "c", "h"])
        + Repository.files(below: "Tests", endings: ["swift"])

    /// Data rather than code: long by nature.
    private static let data: Set<String> = ["Sources/Training/Evaluation/DigitClassifierWeights.swift"]

    @Test("no file has more than 500 lines")
    func noFileIsLong() throws {
        #expect(Self.files.count > 100)
        for file in Self.files where !Self.data.contains(file) {
            let count = try Repository.lines(file).count
            #expect(count <= 500, "\(file) has \(count) lines")
        }
    }

    @Test("no line has more than 180 bytes")
    func noLineIsLong() throws {
        for file in Self.files where !Self.data.contains(file) {
            for (number, line) in try Repository.lines(file).enumerated() where line.utf8.count > 180 {
                Issue.record("\(file):\(number + 1) has \(line.utf8.count) bytes")
            }
        }
    }
}
