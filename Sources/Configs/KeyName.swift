/// How a property's name is written in a run file.
enum KeyName {
    /// The snake case of a lower camel case name: `warmupLength` is `warmup_length`, `useEMA` is `use_ema`.
    static func written(_ property: String) -> String {
        let letters = Array(property)
        var result = ""
        for (index, letter) in letters.enumerated() {
            if index > 0, letter.isUppercase {
                let before = letters[index - 1]
                let startsWord = index + 1 < letters.count && letters[index + 1].isLowercase
                if before.isLowercase || (startsWord && before != "_") {
                    result.append("_")
                }
            }
            result += letter.lowercased()
        }
        return result
    }

    /// The lower camel case of a snake case key, for types that ask which keys exist.
    static func property(_ written: String) -> String {
        let words = written.split(separator: "_", omittingEmptySubsequences: true)
        guard let first = words.first else { return written }
        return words.dropFirst().reduce(into: String(first)) { $0 += $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}
