import Checkpoints
import TensorFiles
import TestSupport
import Testing

@Suite("Retention")
struct RetentionTests {
    @Test("the newest are kept and the others are named")
    func retain() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        for samples in [64, 128, 192, 256] as [UInt64] {
            try store.save(samples, samples: samples)
        }
        #expect(try store.retain(5).isEmpty)
        #expect(try store.retain(2).map(\.samples) == [64, 128])
        #expect(try directory.names() == ["000000000192", "000000000256"])
    }

    @Test("what a killed process left is removed and named, checkpoints stay")
    func remains() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path)
        try store.save(1, samples: 64)
        for name in [".partial-000000000128-x", ".removed-000000000032-y"] {
            try Folder.create(directory.file(name))
            try directory.write([1], to: "\(name)/model.safetensors")
        }
        #expect(try store.removeRemains() == [".partial-000000000128-x", ".removed-000000000032-y"])
        #expect(try directory.names() == ["000000000064"])
    }
}
