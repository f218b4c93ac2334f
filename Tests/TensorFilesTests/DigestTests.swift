import Crypto
import TensorFiles
import TestSupport
import Testing

@Suite("Digests")
struct DigestTests {
    @Test("the published vectors hold")
    func vectors() {
        // FIPS 180-4 example messages.
        let cases = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
        for (text, hex) in cases {
            #expect(TensorFiles.Digest(of: text.utf8).description == hex)
        }
    }

    @Test("memory, parts and files give the same digest")
    func parts() throws {
        var random = SeededGenerator(seed: 3)
        let bytes = random.bytes((1 << 20) + 17)
        let whole = TensorFiles.Digest(of: bytes)
        var digester = Digester()
        for start in stride(from: 0, to: bytes.count, by: 4097) {
            bytes[start..<min(bytes.count, start + 4097)].withUnsafeBytes { digester.update($0) }
        }
        #expect(digester.finish() == whole)
        #expect(bytes.withUnsafeBytes { TensorFiles.Digest(of: $0) } == whole)
        let directory = try TestDirectory()
        #expect(try TensorFiles.Digest(ofFile: directory.write(bytes, to: "a")) == whole)
        #expect(whole.bytes == Array(SHA256.hash(data: bytes)))
    }

    @Test("hexadecimal digits survive and others are refused")
    func hexadecimal() {
        let digest = TensorFiles.Digest(of: [1, 2, 3])
        #expect(TensorFiles.Digest(hex: digest.description) == digest)
        #expect(TensorFiles.Digest(hex: "") == nil)
        #expect(TensorFiles.Digest(hex: String(repeating: "g", count: 64)) == nil)
        #expect(TensorFiles.Digest(hex: String(repeating: "A", count: 64)) == nil)
        #expect(TensorFiles.Digest(hex: String(repeating: "0", count: 63)) == nil)
        #expect(TensorFiles.Digest(hex: String(repeating: "é", count: 32)) == nil)
    }

    @Test("a folder or a missing file has no digest")
    func noFile() throws {
        let directory = try TestDirectory()
        #expect(throws: TensorFileError.notRegular(path: directory.path)) {
            try TensorFiles.Digest(ofFile: directory.path)
        }
        #expect(throws: TensorFileError.system(.open, path: directory.file("x"), code: 2)) {
            try TensorFiles.Digest(ofFile: directory.file("x"))
        }
    }
}
