/// The name under which one rank of several writes what the others have too: `<base>.part-2-of-4` or `<base>.rank-2-of-4`.
struct SharedFileName: Hashable {
    /// How the ranks' files belong together.
    enum Kind: String {
        /// Each rank holds a part of the numbers, and all parts are one whole.
        case part
        /// Each rank has numbers of its own; those of rank 0 stand under the base name.
        case rank
    }

    let base: String
    let kind: Kind
    let index: Int
    let count: Int
    /// What follows in the name of the file: its kind.
    let ending: String

    init(_ base: String, _ kind: Kind, _ index: Int, of count: Int, ending: String = "") {
        (self.base, self.kind, self.index, self.count, self.ending) = (base, kind, index, count, ending)
    }

    /// Reads the name of a file, or nil if it is no shared one.
    init?(file: String) {
        let words = file.split(separator: ".", omittingEmptySubsequences: false)
        for (place, word) in words.enumerated().dropFirst() {
            let fields = word.split(separator: "-", omittingEmptySubsequences: false)
            guard fields.count == 4, fields[2] == "of", let kind = Kind(rawValue: String(fields[0])),
                let index = Int(fields[1]), let count = Int(fields[3]), count > 1, (0..<count).contains(index)
            else { continue }
            let base = words[..<place].joined(separator: ".")
            self.init(base, kind, index, of: count, ending: words[(place + 1)...].joined(separator: "."))
            return
        }
        return nil
    }

    /// The name without the ending that says what kind of file it is.
    var name: String {
        kind == .rank && index == 0 ? base : "\(base).\(kind.rawValue)-\(index)-of-\(count)"
    }

    /// Throws unless the files of all ranks are there, of the same number of ranks.
    static func check(_ files: [String], path: String) throws(CheckpointError) {
        let groups = Dictionary(grouping: files.compactMap { SharedFileName(file: $0) }) { name in
            [name.base, name.kind.rawValue, name.ending]
        }
        for found in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).map(\.value) {
            let (base, count) = (found[0].base, found[0].count)
            guard found.allSatisfy({ $0.count == count }), found.count <= count else {
                throw .badParts(path: path, name: base, words: "those of different numbers of ranks")
            }
            let expected = Set((found[0].kind == .rank ? 1 : 0)..<count)
            if let missing = expected.subtracting(found.map(\.index)).min() {
                throw .badParts(path: path, name: base, words: "none of rank \(missing) of \(count)")
            }
        }
    }
}
