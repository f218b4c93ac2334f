import Buffers
public import TensorFiles

/// One rank's part of numbers that several ranks hold together.
public struct CheckpointPart: Sendable {
    /// The elements of the whole that the part holds.
    public let range: Range<Int>
    /// The tensors, each of `range.count` elements.
    public let tensors: [NamedTensor]
}

/// The words in the metadata of a part's file.
private enum PartKey {
    static let first = "first"
    static let end = "end"
    static let total = "of"
}

extension CheckpointWriter {
    /// Adds this rank's part of flat tensors of `total` elements; each tensor holds the elements in `range`.
    ///
    /// Written as `<name>.part-R-of-N`; the parts of all ranks must cover the whole once.
    public mutating func addPart(
        _ name: String,
        _ tensors: [NamedTensor],
        _ range: Range<Int>,
        of total: Int
    ) throws(CheckpointError) {
        let shared = SharedFileName(name, .part, rank, of: count)
        let metadata = [
            PartKey.first: "\(range.lowerBound)", PartKey.end: "\(range.upperBound)", PartKey.total: "\(total)",
        ]
        try write(shared.name, tensors, metadata: metadata)
    }

    /// Adds tensors that each rank has for itself: `<name>` of rank 0, `<name>.rank-R-of-N` of the others.
    public mutating func addOwn(_ name: String, _ tensors: [NamedTensor]) throws(CheckpointError) {
        try write(SharedFileName(name, .rank, rank, of: count).name, tensors, metadata: [:])
    }

    /// Adds a value that each rank has for itself, as `<name>.json` or `<name>.rank-R-of-N.json`.
    public mutating func addOwn(_ name: String, value: some Encodable) throws(CheckpointError) {
        try write(SharedFileName(name, .rank, rank, of: count).name, value)
    }

    /// Takes the files that another rank added into the list of files, for the manifest.
    public mutating func include(_ others: [CheckpointFile]) throws(CheckpointError) {
        for file in others {
            guard CheckpointManifest.isFileName(file.name), !files.contains(where: { $0.name == file.name }) else {
                throw .badName(path: folderPath, name: file.name)
            }
            files.append(file)
        }
    }
}

extension CheckpointReader {
    /// The name under which this rank finds what each rank had for itself; with n saved ranks, rank r reads that of rank r mod n.
    public func own(_ name: String) -> String {
        guard let count = shared(name, .rank).first?.count else { return name }
        return SharedFileName(name, .rank, rank % count, of: count).name
    }

    /// Whether the tensors of a name were saved in parts.
    public func hasParts(_ name: String) -> Bool {
        !shared(name, .part).isEmpty
    }

    /// Hands out the parts of flat tensors by rising range, one after another.
    ///
    /// Throws unless they cover `total` elements once.
    public func eachPart(
        _ name: String,
        of total: Int,
        _ body: (CheckpointPart) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var end = 0
        for shared in shared(name, .part) {
            let file = try open(shared.name)
            let numbers = [PartKey.first, PartKey.end, PartKey.total].map {
                file.header.metadata[$0].flatMap { Int($0) }
            }
            guard let first = numbers[0], let last = numbers[1], let whole = numbers[2], 0 <= first, first <= last
            else {
                throw .badParts(path: path, name: name, words: "no range in \(shared.name)")
            }
            guard whole == total else {
                throw .badParts(path: path, name: name, words: "\(whole) elements instead of \(total)")
            }
            guard first == end else {
                let fault = first > end ? "a gap at element" : "an overlap before element"
                throw .badParts(path: path, name: name, words: "\(fault) \(max(first, end))")
            }
            let tensors = file.tensors()
            for tensor in tensors where tensor.data.shape != [last - first] || tensor.data.dtype != .float32 {
                throw .badParts(path: path, name: name, words: "\(tensor.name) of another size in \(shared.name)")
            }
            try body(CheckpointPart(range: first..<last, tensors: tensors))
            end = last
        }
        guard end == total else { throw .badParts(path: path, name: name, words: "a gap at element \(end)") }
    }

    private func shared(_ name: String, _ kind: SharedFileName.Kind) -> [SharedFileName] {
        let ending = kind == .part ? "safetensors" : ""
        return manifest.files.compactMap { SharedFileName(file: $0.name) }
            .filter { $0.base == name && $0.kind == kind && $0.ending.hasPrefix(ending) }
            .sorted { $0.index < $1.index }
    }
}
