import Buffers
import TensorFiles
import TestSupport
import Testing

@Suite("Hostile headers")
struct HostileHeaderTests {
    private func refusal(_ bytes: [UInt8]) -> String? {
        do throws(TensorFileError) {
            _ = try SafetensorsReader(bytes: bytes, name: "h")
            return nil
        } catch {
            return error.description
        }
    }

    private func tensor(
        _ name: String = "a",
        type: String = "\"F32\"",
        shape: String = "[1]",
        offsets: String = "[0,4]"
    ) -> String {
        "\"\(name)\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test("a sound header is accepted")
    func sound() {
        #expect(refusal(rawFile("{\(tensor())}", [0, 0, 0, 0])) == nil)
        #expect(refusal(rawFile("{}")) == nil)
        #expect(refusal(rawFile(" { } \n")) == nil)
    }

    @Test(
        "lengths that lie are refused before memory is taken",
        arguments: [
            [], [1], [2, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7B, 0x7D],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x7B, 0x7D],
            [0, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B, 0x7D],
        ] as [[UInt8]]
    )
    func lengths(_ bytes: [UInt8]) {
        #expect(refusal(bytes) != nil)
    }

    @Test("headers that break the format are refused with their reason")
    func faults() {
        let four: [UInt8] = [0, 0, 0, 0]
        let cases: [(String, String)] = [
            ("{\(tensor()),\(tensor())}", "'a' stands twice"),
            ("{\(tensor(type: "\"F8\""))}", "the element type 'F8' of 'a' is not supported"),
            ("{\(tensor(shape: "[2]"))}", "expected 8 bytes for the shape of 'a', found 4"),
            ("{\(tensor(offsets: "[4,0]"))}", "expected 4 bytes for the shape of 'a', found -4"),
            ("{\(tensor(offsets: "[4,8]"))}", "expected 'a' at byte 0 of the data, found 4"),
            ("{\(tensor()),\(tensor("b"))}", "expected 'b' at byte 4 of the data, found 0"),
            ("{\(tensor()),\(tensor("b", offsets: "[8,12]"))}", "expected 'b' at byte 4 of the data, found 8"),
            ("{\(tensor()),\(tensor("b", offsets: "[4,8]"))}", "expected at least 8 bytes, found 4"),
            ("{}", "expected 'end of data' at byte 0 of the data, found 4"),
            ("{\(tensor(shape: "[999999999999999999,999999999999999999]"))}", "bytes for the shape of 'a'"),
            ("{\(tensor(shape: "[0,999999999999999999,999999999999999999]"))}", "bytes for the shape of 'a'"),
            ("{\(tensor(shape: "[1000000000000000000]"))}", "expected a number below 10^18"),
            ("{\(tensor(shape: "[-1]"))}", "expected a whole number"),
            ("{\(tensor(shape: "[1.0]"))}", "expected ']'"),
            ("{\(tensor(shape: "[01]"))}", "expected a whole number"),
            ("{\(tensor(shape: "[1,]"))}", "expected a whole number"),
            ("{\(tensor(shape: "[" + Array(repeating: "1", count: 33).joined(separator: ",") + "]"))}", "at most 32"),
            ("{\(tensor(offsets: "[0,4,4]"))}", "expected at most 2 numbers in a list, found more"),
            ("{\(tensor(offsets: "[4]"))}", "expected dtype, shape and data_offsets once each for 'a'"),
            ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "expected dtype, shape and data_offsets once each for 'a'"),
            ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "expected dtype, shape and data_offsets once each"),
            ("{\"a\":{\"stride\":[1]}}", "expected dtype, shape and data_offsets once each for 'a'"),
            ("{\(tensor())", "expected '}'"), ("{\(tensor())},", "expected the end of the header"),
            ("[]", "expected '{'"), ("{\"a\":[]}", "expected '{'"), ("{a:1}", "expected '\"'"),
            ("{\"__metadata__\":{\"a\":1}}", "expected '\"'"),
            ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "'a' stands twice"),
            ("{\"\\ud800\":{}}", "expected a low surrogate"), ("{\"\\x\":{}}", "expected an escape"),
            ("{\"\\u12g4\":{}}", "expected four hexadecimal digits"), ("{\"a\nb\":{}}", "expected '\"'"),
        ]
        for (header, reason) in cases {
            let message = refusal(rawFile(header, four))
            #expect(message?.contains(reason) == true, "\(header): \(message ?? "accepted")")
        }
    }

    @Test("names that are no UTF-8 are refused")
    func encoding() {
        let bytes = [UInt8](rawFile("{\"?\":{}}"))
        var broken = bytes
        broken[10] = 0xFF
        #expect(refusal(broken)?.contains("expected UTF-8") == true)
    }

    @Test("errors are one sentence with the path, what was expected, what was found and what to do")
    func sentences() {
        #expect(
            refusal([1]) == "h: expected at least 8 bytes, found 1; the file is cut off, fetch it again"
        )
        #expect(
            refusal(rawFile("[]"))
                == "h: byte 8 of the safetensors header: expected '{'; the file is damaged or not safetensors"
        )
        let missing = TensorFileError.system(.open, path: "x", code: 2)
        #expect(missing.description == "x: could not open it: No such file or directory (error 2); check the path")
    }

    @Test("damaged files are read whole or refused")
    func fuzzed() throws {
        let corpus = [
            rawFile("{\(tensor())}", [0, 0, 0, 0]),
            rawFile(
                "{\(tensor()),\(tensor("b", type: "\"U8\"", shape: "[2,2]", offsets: "[4,8]"))}",
                .init(repeating: 1, count: 8)
            ),
            rawFile("{\"__metadata__\":{\"k\":\"v\"},\(tensor(shape: "[0]", offsets: "[0,0]"))}  "),
        ]
        let words = [
            "\"F32\"", "\"BOOL\"", "[0]", "99999999999999999", "data_offsets", "\\u0041", "{}", "__metadata__",
        ]
        try fuzz(corpus: corpus, rounds: 4000, dictionary: words) { bytes in
            do {
                let reader = try SafetensorsReader(bytes: bytes, name: "f")
                let total = reader.tensors().reduce(0) { $0 + $1.data.shape.count * $1.data.dtype.byteWidth }
                try #require(total == bytes.count - reader.header.dataOffset)
            } catch let error as TensorFileError {
                try #require(error.description.hasPrefix("f: "))
            }
        }
    }
}
