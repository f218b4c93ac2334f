/// Finds the word that was probably meant.
enum Suggestion {
    /// The nearest known word, or nil if none is near: at most a third of the letters may differ.
    ///
    /// Upper case, hyphens and underscores do not count, so `warmupLength` finds `warmup_length`.
    static func nearest(to word: String, in known: [String]) -> String? {
        let wanted = folded(word)
        guard wanted.count <= 64 else { return nil }
        let limit = max(1, wanted.count / 3)
        let ranked = known.map { (word: $0, distance: distance(wanted, folded($0))) }
        return ranked.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.word
    }

    /// The least number of insertions, deletions, replacements and swaps of neighbours between two words.
    static func distance(_ first: [Character], _ second: [Character]) -> Int {
        var older: [Int] = []
        var old = Array(0...second.count)
        for (i, a) in first.enumerated() {
            var new = [i + 1]
            for (j, b) in second.enumerated() {
                var best = min(old[j + 1] + 1, new[j] + 1, old[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == second[j - 1], b == first[i - 1] {
                    best = min(best, older[j - 1] + 1)
                }
                new.append(best)
            }
            (older, old) = (old, new)
        }
        return old[second.count]
    }

    private static func folded(_ word: String) -> [Character] {
        Array(word.lowercased().filter { $0 != "_" && $0 != "-" })
    }
}
