import TestSupport
import Testing

@Suite("Mutations")
struct MutationsTests {
    @Test("equal seeds give equal damage, and most damage changes something")
    func seeded() {
        let bytes = Array("the quick brown fox jumps over the lazy dog".utf8)
        var changed = 0
        for seed in 0..<200 as Range<UInt64> {
            var first = Mutator(seed: seed, dictionary: ["cat"])
            var second = Mutator(seed: seed, dictionary: ["cat"])
            let result = first.mutate(bytes)
            #expect(result == second.mutate(bytes))
            changed += result == bytes ? 0 : 1
        }
        #expect(changed > 180)
    }

    @Test("empty input is damaged too")
    func empty() {
        var results: Set<[UInt8]> = []
        for seed in 0..<100 as Range<UInt64> {
            var mutator = Mutator(seed: seed)
            results.insert(mutator.mutate([]))
        }
        #expect(results.count > 10)
    }

    @Test("a parser that throws is reported with its seed")
    func failure() {
        struct Broken: Error {}
        let failure = #expect(throws: FuzzFailure.self) {
            try fuzz(corpus: [[1, 2, 3]], rounds: 100) { if $0.count > 6 { throw Broken() } }
        }
        #expect(failure?.error is Broken)
    }
}

@Suite("Test folders and fixtures")
struct FolderTests {
    @Test("a folder is empty, keeps bytes, and goes with its value")
    func folder() throws {
        var directory: TestDirectory? = try TestDirectory()
        let path = try #require(directory?.path)
        #expect(try directory?.names() == [])
        try directory?.write([1, 2], to: "a")
        #expect(try directory?.read("a") == [1, 2])
        directory = nil
        #expect(throws: (any Error).self) { try Golden("../\(path)/a") }
    }

    @Test("a fixture that is missing says how it is made")
    func golden() throws {
        let error = #expect(throws: GoldenError.self) { try Golden("no_such_fixture") }
        #expect(error?.description.contains("make it again with the scripts in Tests/Goldens") == true)
    }
}
