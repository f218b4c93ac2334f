import TestSupport
import Testing

@testable import Worker

@Suite("Settings of a worker")
struct WorkerConfigTests {
    @Test(
        "take addresses of hosts and ports",
        arguments: [
            "192.0.2.7:7300", "localhost:1", "a-b.example_1.org:65535", "[::1]:7300", "[2001:db8::7]:80",
        ]
    )
    func addresses(text: String) throws {
        let config = try WorkerConfig(address: text, tokenFile: nil, cache: "cache")
        #expect(config.address == text && config.cache == "cache" && config.host == nil)
        #expect(!config.name.isEmpty && config.name.utf8.count <= 64)
    }

    @Test(
        "refuse everything else with the text that was given",
        arguments: [
            "", "host", "host:", ":7300", "host:0", "host:65536", "host:-1", "host:+80", "host:80a", "http://host:80",
            "host:80/", "user@host:80", "a b:80", "::1:80", "[]:80", "host\n:80", "[::1:80",
        ]
    )
    func badAddresses(text: String) {
        let error = #expect(throws: WorkerError.self) {
            _ = try WorkerConfig(address: text, tokenFile: nil, cache: nil)
        }
        #expect(error?.description == "'\(text)' is no address; write HOST:PORT, such as 192.0.2.7:7300")
        #expect(error?.exitCode == 2)
    }

    @Test("read the token without the white space around it, and never show it")
    func token() throws {
        let directory = try TestDirectory()
        let file = try directory.write(Array(" s3cret-token\n".utf8), to: "token")
        let config = try WorkerConfig(address: "host:80", tokenFile: file, cache: nil)
        #expect(config.token.text == "s3cret-token")
        #expect("\(config.token)" == "<redacted>")
        #expect(String(reflecting: config.token) == "<redacted>")
        var dumped = ""
        dump(config, to: &dumped)
        #expect(!"\(config)".contains("s3cret") && !dumped.contains("s3cret"))
    }

    @Test("refuse a token's file that is missing, empty, too long or no text")
    func badTokens() throws {
        let directory = try TestDirectory()
        try directory.write(Array("\n \n".utf8), to: "empty")
        try directory.write([UInt8](repeating: 65, count: 4097), to: "long")
        try directory.write([0xFF, 0xFE, 0xFF], to: "binary")
        for (name, reason) in [("none", "missing"), ("empty", "empty"), ("long", "4096"), ("binary", "not text")] {
            let error = #expect(throws: WorkerError.self) {
                _ = try WorkerConfig(address: "host:80", tokenFile: directory.file(name), cache: nil)
            }
            #expect(error?.description.contains(reason) == true)
            #expect(error?.exitCode == 2)
        }
    }
}
