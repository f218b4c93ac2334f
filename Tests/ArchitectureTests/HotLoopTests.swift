import Testing

@Suite("Rules of the code")
struct HotLoopTests {
    private static let sources = Repository.files(below: "Sources", endings: ["swift"])

    private func code(_ file: String) throws -> [(number: Int, text: String)] {
        try Repository.lines(file).enumerated().map { ($0.offset + 1, $0.element) }
            .filter { !$0.1.trimmingSpaces.hasPrefix("//") }
    }

    @Test("nothing is asynchronous or printed where numbers are made")
    func noAsyncInTheHotRooms() throws {
        let hot: Set<String> = ["Buffers", "Tensors", "Networks", "Diffusion", "Optimization"]
        let files = Self.sources.filter {
            hot.contains(Repository.room(of: $0)) || $0 == "Sources/Training/Trainer.swift"
        }
        #expect(files.count > 50)
        for file in files {
            for (number, text) in try code(file) {
                for word in [" async ", "await ", "print("] where text.contains(word) {
                    Issue.record("\(file):\(number) uses \(word)")
                }
            }
        }
    }

    @Test("unchecked sendability stands only where it is proved")
    func uncheckedSendableIsRare() throws {
        let proved: Set<String> = [
            "Sources/Buffers/Storage.swift", "Sources/Tensors/Compute/ThreadPool.swift",
            "Sources/Datasets/BoundedQueue.swift", "Sources/MPICommunication/MPIThread.swift",
        ]
        for file in Self.sources {
            for (number, text) in try code(file) {
                if text.contains("@unchecked Sendable"), !proved.contains(file) {
                    Issue.record("\(file):\(number) is unchecked")
                }
                #expect(!text.contains("nonisolated(unsafe)"), "\(file):\(number)")
            }
        }
    }

    @Test("nothing is forced, tried without a catch, or left to do")
    func nothingIsForced() throws {
        for file in Self.sources {
            for (number, text) in try Repository.lines(file).enumerated() {
                for word in ["try" + "! ", "as" + "! ", "TO" + "DO", "FIX" + "ME"] where text.contains(word) {
                    Issue.record("\(file):\(number + 1) contains \(word)")
                }
            }
        }
    }
}
