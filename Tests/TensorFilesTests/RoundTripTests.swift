import Buffers
import TensorFiles
import TestSupport
import Testing

@Suite("Safetensors round trips")
struct RoundTripTests {
    private static let samples = [
        NamedTensor("weight", TensorData((0..<24).map { Float($0) / 7 }, shape: [2, 3, 4])),
        NamedTensor("naïve \"name\"\n\\", TensorData([UInt8(1), 2, 3], shape: [3])),
        NamedTensor("scalar", TensorData([Int64.min], shape: [])),
        NamedTensor("empty", TensorData([Float](), shape: [0, 5])),
    ]

    private func expectSamples(_ reader: SafetensorsReader) throws {
        #expect(reader.names == Self.samples.map(\.name))
        for sample in Self.samples {
            let tensor = try reader.tensor(sample.name)
            #expect(tensor.shape == sample.data.shape && tensor.dtype == sample.data.dtype)
            #expect(tensor.withUnsafeBytes { Array($0) } == sample.data.withUnsafeBytes { Array($0) })
        }
    }

    @Test("tensors survive a plain file and a compressed one, and the digest is that of the file", arguments: [nil, 3])
    func files(_ level: Int?) throws {
        let directory = try TestDirectory()
        let path = directory.file(level == nil ? "a.safetensors" : "a.safetensors.zst")
        let written = try SafetensorsWriter.write(
            Self.samples,
            metadata: ["made_by": "test", "a": "b"],
            to: path,
            compressionLevel: level
        )
        let reader = try SafetensorsReader(path: path)
        try expectSamples(reader)
        #expect(reader.header.metadata == ["made_by": "test", "a": "b"])
        #expect(try Digest(ofFile: path) == written.digest)
        #expect(try Folder.byteCount(path) == written.byteCount)
        #expect(try directory.names().count == 1)
    }

    @Test("the data begins at a multiple of 64 bytes")
    func alignment() throws {
        for count in 0..<70 {
            let name = String(repeating: "n", count: count + 1)
            let bytes = SafetensorsWriter.encode([NamedTensor(name, TensorData([Float(1)], shape: [1]))])
            let reader = try SafetensorsReader(bytes: bytes, name: "memory")
            #expect(reader.header.dataOffset.isMultiple(of: 64) && bytes.count == reader.header.dataOffset + 4)
        }
    }

    @Test("equal tensors give equal bytes")
    func stable() {
        let first = SafetensorsWriter.encode(Self.samples, metadata: ["b": "1", "a": "2", "c": "3"])
        #expect(first == SafetensorsWriter.encode(Self.samples, metadata: ["c": "3", "a": "2", "b": "1"]))
    }

    @Test("a file of another program is read: unsorted names, blanks after the header, data that is not aligned")
    func foreign() throws {
        let header = """
            {"b":{"shape":[2],"data_offsets":[1,9],"dtype":"F32"}, "__metadata__":{"format":"pt"},
            "a\\u00e9\\ud83d\\ude00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}   
            """
        let data: [UInt8] =
            [7] + [Float(1.5), -2].flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        let reader = try SafetensorsReader(bytes: rawFile(header, data), name: "foreign")
        #expect(reader.names == ["aé😀", "b"])
        #expect(try reader.tensor("b").floats == [1.5, -2])
        #expect(try reader.tensor("aé😀").integers == [7])
    }

    @Test("random tensors survive")
    func random() {
        forAll(seeds: 50) { random in
            let tensors = (0..<random.int(0...6)).map { index in
                let shape = Shape((0..<random.int(0...4)).map { _ in random.int(0...5) })
                let type = random.element(DType.allCases)
                let bytes = random.bytes(shape.count * type.byteWidth)
                return NamedTensor(
                    "t\(index)",
                    bytes.withUnsafeBytes { TensorData(bytes: $0, dtype: type, shape: shape) }
                )
            }
            let reader = try SafetensorsReader(bytes: SafetensorsWriter.encode(tensors), name: "memory")
            for (expected, found) in zip(tensors, reader.tensors()) {
                try #require(expected.name == found.name && expected.data.shape == found.data.shape)
                let same = expected.data.withUnsafeBytes { first in
                    found.data.withUnsafeBytes { Array(first) == Array($0) }
                }
                try #require(same && expected.data.dtype == found.data.dtype)
            }
            try #require(reader.names.count == tensors.count)
        }
    }

    @Test("a name that the file does not have is reported")
    func missing() throws {
        let reader = try SafetensorsReader(bytes: SafetensorsWriter.encode(Self.samples), name: "memory")
        #expect(throws: TensorFileError.noTensor(path: "memory", name: "bias")) { try reader.tensor("bias") }
        #expect(reader.contains("weight") && !reader.contains("bias"))
    }
}

/// A safetensors file from its header's text and its data.
func rawFile(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8) + data
}
