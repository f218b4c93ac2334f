extension ConfigNode {
    /// The tree as a YAML document: two blanks a level, lists of scalars on one line, keys in their order.
    public var yaml: String {
        var lines: [String] = []
        switch content {
        case .mapping(let entries) where !entries.isEmpty:
            Self.write(entries, indent: "", into: &lines)
        case .sequence(let items) where !items.allSatisfy(\.isInline):
            Self.write(items, indent: "", into: &lines)
        default:
            lines.append(inline)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ entries: [Entry], indent: String, into lines: inout [String]) {
        for entry in entries {
            let key = indent + quoted(entry.key) + ":"
            if entry.value.isInline {
                lines.append("\(key) \(entry.value.inline)")
            } else {
                lines.append(key)
                entry.value.writeBlock(indent: indent + "  ", into: &lines)
            }
        }
    }

    private static func write(_ items: [ConfigNode], indent: String, into lines: inout [String]) {
        for item in items {
            if item.isInline {
                lines.append("\(indent)- \(item.inline)")
                continue
            }
            let first = lines.count
            item.writeBlock(indent: indent + "  ", into: &lines)
            lines[first] = indent + "- " + lines[first].dropFirst(indent.count + 2)
        }
    }

    private func writeBlock(indent: String, into lines: inout [String]) {
        switch content {
        case .mapping(let entries): Self.write(entries, indent: indent, into: &lines)
        case .sequence(let items): Self.write(items, indent: indent, into: &lines)
        case .scalar: lines.append(indent + inline)
        }
    }

    /// Whether the node fits on the line of its key: scalars, empty collections and lists of scalars.
    private var isInline: Bool {
        switch content {
        case .scalar: true
        case .sequence(let items): items.allSatisfy { $0.text != nil }
        case .mapping(let entries): entries.isEmpty
        }
    }

    private var inline: String {
        switch content {
        case .scalar(let text, isQuoted: true): Self.quoted(text)
        case .scalar(let text, isQuoted: false): text.isEmpty ? "null" : text
        case .sequence(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
        case .mapping: "{}"
        }
    }

    /// Text as it must be written to be read as text again.
    private static func quoted(_ text: String) -> String {
        let safe = text.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                || "_-./+ ".utf8.contains(byte)
        }
        let opens = text.utf8.first.map { "-+. ".utf8.contains($0) } ?? true
        if safe, !opens, text.utf8.last != UInt8(ascii: " "), kind(of: text) == .text {
            return text
        }
        return text.unicodeScalars.reduce(into: "\"") { $0 += escaped($1) } + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\t": return "\\t"
        case " "..."~", "\u{A1}"..."\u{D7FF}":
            return scalar == "\u{2028}" || scalar == "\u{2029}" ? hexadecimal(scalar) : String(scalar)
        default: return hexadecimal(scalar)
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
