/// Reads the few forms of JSON that a safetensors header has, and nothing else.
struct HeaderScanner {
    private let bytes: [UInt8]
    private var index = 0
    private let path: String
    private let base: Int

    /// Scans bytes that begin at `base` of the file.
    init(_ bytes: [UInt8], path: String, base: Int) {
        self.bytes = bytes
        self.path = path
        self.base = base
    }

    func error(_ fault: TensorFileError.HeaderFault) -> TensorFileError {
        .badHeader(path: path, offset: base + index, fault: fault)
    }

    /// Whether only blanks are left.
    mutating func isAtEnd() -> Bool {
        skipBlanks()
        return index == bytes.count
    }

    /// Takes a character if it is next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// Takes a character that must be next.
    mutating func expect(_ character: Unicode.Scalar) throws(TensorFileError) {
        guard take(character) else { throw error(.syntax(expected: "'\(character)'")) }
    }

    /// Reads what stands between two brackets, separated by commas.
    mutating func list(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ item: (inout HeaderScanner) throws(TensorFileError) -> Void
    ) throws(TensorFileError) {
        try expect(open)
        if take(close) {
            return
        }
        repeat {
            try item(&self)
        } while take(",")
        try expect(close)
    }

    /// A whole number of at most 18 digits without a leading zero.
    mutating func number() throws(TensorFileError) -> Int {
        skipBlanks()
        let start = index
        var value = 0
        while index < bytes.count, let digit = Self.digit(bytes[index]) {
            guard index - start < 18 else { throw error(.syntax(expected: "a number below 10^18")) }
            value = value * 10 + digit
            index += 1
        }
        guard index > start, bytes[start] != UInt8(ascii: "0") || index == start + 1 else {
            throw error(.syntax(expected: "a whole number"))
        }
        return value
    }

    /// A string with JSON's escapes; control characters and bytes that are not UTF-8 are refused.
    mutating func string() throws(TensorFileError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            guard index < bytes.count, bytes[index] >= 0x20 else { throw error(.syntax(expected: "'\"'")) }
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                break
            }
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: Array(String(try escape()).utf8))
            } else {
                text.append(byte)
            }
        }
        guard let result = String(validating: text, as: UTF8.self) else { throw error(.syntax(expected: "UTF-8")) }
        return result
    }

    private mutating func escape() throws(TensorFileError) -> Unicode.Scalar {
        guard index < bytes.count else { throw error(.syntax(expected: "an escape")) }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error(.syntax(expected: "an escape"))
        }
    }

    private mutating func unicodeEscape() throws(TensorFileError) -> Unicode.Scalar {
        let high = try fourDigits()
        var value = high
        if high >= 0xD800, high < 0xDC00 {
            guard take("\\"), take("u") else { throw error(.syntax(expected: "a low surrogate")) }
            let low = try fourDigits()
            guard low >= 0xDC00, low < 0xE000 else { throw error(.syntax(expected: "a low surrogate")) }
            value = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw error(.syntax(expected: "a character")) }
        return scalar
    }

    private mutating func fourDigits() throws(TensorFileError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw error(.syntax(expected: "four hexadecimal digits")) }
        var value: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error(.syntax(expected: "four hexadecimal digits"))
            }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }

    private mutating func skipBlanks() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) {
            index += 1
        }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
    }
}
