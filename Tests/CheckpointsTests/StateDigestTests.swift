import Buffers
import Checkpoints
import FoundationEssentials
import TensorFiles
import TestSupport
import Testing

@Suite("State digest")
struct StateDigestTests {
    private let chunk = StateDigest.chunkByteCount

    private func digest(_ bytes: [UInt8]) -> StateDigest {
        bytes.withUnsafeBytes { StateDigest(of: $0) }
    }

    @Test("the tree is that of its definition")
    func definition() {
        let bytes = [UInt8](repeating: 7, count: 2 * chunk + 5)
        let leaves = [0..<chunk, chunk..<2 * chunk, 2 * chunk..<bytes.count].map { Digest(of: [0] + bytes[$0]) }
        let left = Digest(of: [1] + leaves[0].bytes + leaves[1].bytes)
        let state = digest(bytes)
        #expect(state.leaves == leaves)
        #expect(state.root == Digest(of: [1] + left.bytes + leaves[2].bytes))
        #expect(digest([1, 2]).root == Digest(of: [0, 1, 2]))
        #expect(digest([]).root == Digest(of: [0]) && digest([]).leaves.count == 1)
    }

    @Test("a buffer and its snapshot have the same digest, and one changed bit another")
    func buffers() {
        var random = SeededGenerator(seed: 1)
        let buffer = FlatBuffer(random.floats(300_000))
        let first = StateDigest(of: buffer)
        #expect(first == StateDigest(of: buffer.snapshot()))
        #expect(first.leaves.count == 2)
        buffer.withMutableFloats { $0[299_999] = -$0[299_999] }
        let second = StateDigest(of: buffer)
        #expect(second.root != first.root && second.leaves[0] == first.leaves[0])
    }

    @Test("chunks are accepted at their own place only")
    func chunks() {
        var random = SeededGenerator(seed: 2)
        var bytes = random.bytes(chunk + 100)
        let state = digest(bytes)
        let accepts = { (range: Range<Int>, index: Int) in
            bytes[range].withUnsafeBytes { state.accepts($0, at: index) }
        }
        #expect(state.range(of: 1) == chunk..<chunk + 100)
        #expect(accepts(0..<chunk, 0) && accepts(chunk..<chunk + 100, 1))
        #expect(!accepts(0..<chunk, 1) && !accepts(0..<chunk - 1, 0) && !accepts(0..<chunk, 2) && !accepts(0..<1, -1))
        bytes[5] ^= 1
        #expect(!accepts(0..<chunk, 0))
    }

    @Test("a digest whose parts do not belong together is found")
    func consistency() throws {
        let state = digest([UInt8](repeating: 1, count: chunk + 1))
        #expect(state.isConsistent)
        let json =
            #"{"byteCount":\#(chunk),"leaves":["\#(state.leaves[0])","\#(state.leaves[1])"],"root":"\#(state.root)"}"#
        #expect(try !decoded(json).isConsistent)
        let other = #"{"byteCount":3,"leaves":["\#(state.leaves[0])"],"root":"\#(state.root)"}"#
        #expect(try !decoded(other).isConsistent)
        let negative = #"{"byteCount":-3,"leaves":[],"root":"\#(state.root)"}"#
        #expect(try !decoded(negative).isConsistent)
    }
}

@Suite("Run directory lock")
struct RunDirectoryLockTests {
    @Test("a second holder is refused with the first one's process, and the lock ends with its object")
    func exclusive() throws {
        let directory = try TestDirectory()
        let path = directory.file("run")
        var lock: RunDirectoryLock? = try RunDirectoryLock(directory: path)
        let error = #expect(throws: CheckpointError.self) { try RunDirectoryLock(directory: path) }
        #expect(
            error?.description.contains(
                "expected a run directory that no other process uses, found it in use by process"
            )
                == true
        )
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(throws: Never.self) { try RunDirectoryLock(directory: path) }
    }
}

private func decoded(_ json: String) throws -> StateDigest {
    try JSONDecoder().decode(StateDigest.self, from: Data(json.utf8))
}
