import Checkpoints
import FoundationEssentials
import TensorFiles
import TestSupport
import Testing

@Suite("Kill during write")
struct KillDuringWriteTests {
    /// Copies the directory as a kill before each step would leave it, while `work` runs.
    private func images(of directory: TestDirectory, _ work: () throws -> Void) throws -> [String] {
        let images = directory.path + ".images"
        try Folder.create(images)
        let points = FaultPoints { index, _ in
            _ = try? FileManager.default.copyItem(atPath: directory.path, toPath: "\(images)/\(index)")
        }
        try points.run(work)
        let paths = (0..<points.count).map { "\(images)/\($0)" }
        #expect(paths.allSatisfy { Folder.isFolder($0) })
        return paths
    }

    @Test("a kill before any step leaves the older checkpoint or the new one, and the next save works")
    func everyStep() throws {
        let directory = try TestDirectory()
        try CheckpointStore(directory: directory.path).save(1, samples: 64)
        let images = try images(of: directory) {
            try CheckpointStore(directory: directory.path).save(2, samples: 128)
        }
        defer { try? Folder.remove(directory.path + ".images") }
        #expect(images.count > 20)
        var seen: Set<Int> = []
        for image in images {
            let store = CheckpointStore(directory: image)
            let state = try #require(try store.newestState())
            #expect(state == SampleState(seed: 1) || state == SampleState(seed: 2))
            #expect(try store.newestValid().refused.isEmpty)
            seen.insert(state.counters.step)
            try store.removeRemains()
            #expect(try Folder.names(image).allSatisfy { CheckpointID(folder: $0) != nil })
            try store.save(3, samples: 192)
            #expect(try store.newestState() == SampleState(seed: 3))
        }
        #expect(seen == [1, 2])
    }

    @Test("a kill while a checkpoint is replaced leaves the old one or the new one")
    func replacement() throws {
        let directory = try TestDirectory()
        try CheckpointStore(directory: directory.path).save(1, samples: 64)
        let images = try images(of: directory) {
            try CheckpointStore(directory: directory.path).save(2, samples: 64)
        }
        defer { try? Folder.remove(directory.path + ".images") }
        for image in images {
            let store = CheckpointStore(directory: image)
            try store.removeRemains()
            let state = try #require(try store.newestState())
            #expect(state == SampleState(seed: 1) || state == SampleState(seed: 2))
            #expect(try Folder.names(image) == ["000000000064"])
        }
    }

    @Test("a kill while old checkpoints are removed leaves no half checkpoint")
    func retention() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        for seed in 1...3 as ClosedRange<UInt64> {
            try store.save(seed, samples: 64 * seed)
        }
        let images = try images(of: directory) { try store.retain(1) }
        defer { try? Folder.remove(directory.path + ".images") }
        for image in images {
            let store = CheckpointStore(directory: image)
            for id in try store.list() {
                #expect(throws: Never.self) { try store.open(id) }
            }
            #expect(try store.newestState() == SampleState(seed: 3))
        }
    }

    @Test("whichever step fails, the error is typed and the store keeps a sound checkpoint")
    func everyFault() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        try store.save(1, samples: 64)
        let points = FaultPoints()
        try points.run { _ = try store.save(2, samples: 128) }
        try Folder.remove(store.path(of: CheckpointID(samples: 128)))
        for failing in 0..<points.count {
            let fault = FaultPoints(failing: failing, code: 28)
            _ = try? fault.run { try store.save(2, samples: 128) }
            #expect(fault.count > failing, "step \(failing) was not reached")
            let state = try #require(try store.newestState())
            #expect(state == SampleState(seed: 1) || state == SampleState(seed: 2))
            #expect(try store.newestValid().refused.isEmpty)
            try Folder.remove(store.path(of: CheckpointID(samples: 128)))
            #expect(try directory.names() == ["000000000064"])
        }
    }
}
