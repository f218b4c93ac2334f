import Communication
import Configs
import Testing

@testable import Training

@Suite("The section 'communication' of a run file")
struct CommunicationSectionTests {
    @Test("chooses a codec, a path and the size of buckets; float32 and measured ones without it")
    func keys() throws {
        let text = "communication: {compression: {type: int8-block, block: 128}, path: network, bucket: 4MiB}"
        let config = try RunConfig(parsing: text, file: "run.yaml").communication
        #expect(config.aggregator is WeightedMean)
        let robust = try RunConfig(
            parsing: "communication: {aggregator: {type: centered-clip, iterations: 5}}",
            file: "run.yaml"
        )
        #expect((robust.communication.aggregator as? CenteredClip)?.iterations == 5)
        #expect((config.compression as? Int8BlockCompression)?.block == 128)
        #expect(config.path == .network && config.bucket == ByteCount(4 << 20))
        let usual = try RunConfig(parsing: "name: a", file: "run.yaml").communication
        #expect(usual.compression is Float32Compression && usual.path == .automatic && usual.bucket.rawValue == 0)
    }

    @Test(
        "refuses paths that do not exist and buckets that are too small, too large or cut blocks",
        arguments: [
            "path: tcp", "bucket: 63KiB", "bucket: 2GiB", "bucket: 100KiB", "bucket: 4", "codec: float32",
            "aggregator: mode",
        ]
    )
    func refusals(line: String) {
        #expect(throws: ConfigError.self) {
            try RunConfig(parsing: "communication: {\(line)}", file: "run.yaml")
        }
    }

    @Test("may change path and buckets between a stop and the next start, but not the codec")
    func identity() throws {
        func identity(_ section: String) throws -> RunIdentity {
            RunIdentity(try RunConfig(parsing: "communication: {\(section)}", file: "run.yaml"))
        }
        let usual = try identity("")
        #expect(try usual.firstChange(to: identity("path: memory, bucket: 1MiB")) == nil)
        #expect(try usual.firstChange(to: identity("compression: bfloat16")) != nil)
        #expect(try usual.firstChange(to: identity("aggregator: median")) != nil)
        let signs = try identity("compression: one-bit")
        #expect(try signs.firstChange(to: identity("compression: one-bit, feedback: true")) != nil)
    }
}
