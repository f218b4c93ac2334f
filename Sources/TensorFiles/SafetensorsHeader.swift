public import Buffers

/// The names, types, shapes and places of the tensors in a safetensors file.
///
/// Format: eight bytes with the header's length, little-endian; the header in JSON; the data without gaps.
/// Source: the safetensors format, https://github.com/huggingface/safetensors, "Format".
public struct SafetensorsHeader: Sendable, Hashable {
    /// One tensor's description.
    public struct Entry: Sendable, Hashable {
        /// The tensor's name.
        public let name: String
        /// The element type.
        public let dtype: DType
        /// The dimensions.
        public let shape: Shape
        /// The tensor's bytes, counted from the beginning of the data.
        public let range: Range<Int>
    }

    /// The tensors in the order of their data.
    public let entries: [Entry]
    /// Free text that the writer put into the file.
    public let metadata: [String: String]
    /// Where the data begins in the file.
    public let dataOffset: Int

    /// The longest header that is read, in bytes; the format's own limit.
    public static let maximumLength = 100_000_000
    /// The most axes of a tensor.
    public static let maximumRank = 32
    static let metadataKey = "__metadata__"

    /// Parses and checks the header of a whole file's bytes; `path` stands in errors.
    ///
    /// Every length is checked before memory is taken for it: the tensors must cover the data without hole or overlap,
    /// and the size of each must follow from its shape and type.
    public init(parsing bytes: UnsafeRawBufferPointer, path: String) throws(TensorFileError) {
        guard bytes.count >= 8 else { throw .truncated(path: path, expected: 8, found: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        let limit = min(Self.maximumLength, bytes.count - 8)
        guard length <= UInt64(limit) else {
            if length <= UInt64(Self.maximumLength) {
                throw .truncated(path: path, expected: 8 + Int(length), found: bytes.count)
            }
            throw .badHeader(path: path, offset: 0, fault: .length(length, limit: Self.maximumLength))
        }
        dataOffset = 8 + Int(length)
        var scanner = HeaderScanner(Array(bytes[8..<dataOffset]), path: path, base: 8)
        var found = Found()
        try scanner.list("{", "}") { (scanner) throws(TensorFileError) in try found.readItem(&scanner) }
        guard scanner.isAtEnd() else { throw scanner.error(.syntax(expected: "the end of the header")) }
        metadata = found.metadata
        entries = found.entries.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        try Self.checkCover(entries, dataCount: bytes.count - dataOffset, path: path)
    }

    private static func checkCover(_ entries: [Entry], dataCount: Int, path: String) throws(TensorFileError) {
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else {
                let fault = TensorFileError.HeaderFault.layout(
                    tensor: entry.name,
                    expected: end,
                    found: entry.range.lowerBound
                )
                throw .badHeader(path: path, offset: 8, fault: fault)
            }
            end = entry.range.upperBound
        }
        guard end <= dataCount else { throw .truncated(path: path, expected: end, found: dataCount) }
        guard end == dataCount else {
            let fault = TensorFileError.HeaderFault.layout(tensor: "end of data", expected: end, found: dataCount)
            throw .badHeader(path: path, offset: 8, fault: fault)
        }
    }

    /// What was read so far.
    private struct Found {
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        private var names: Set<String> = []

        mutating func readItem(_ scanner: inout HeaderScanner) throws(TensorFileError) {
            let name = try scanner.string()
            guard names.insert(name).inserted else { throw scanner.error(.duplicate(name)) }
            try scanner.expect(":")
            if name == SafetensorsHeader.metadataKey {
                try readMetadata(&scanner)
            } else {
                entries.append(try TensorFields(reading: &scanner, name: name).entry(scanner))
            }
        }

        private mutating func readMetadata(_ scanner: inout HeaderScanner) throws(TensorFileError) {
            var pairs: [String: String] = [:]
            try scanner.list("{", "}") { (scanner) throws(TensorFileError) in
                let key = try scanner.string()
                try scanner.expect(":")
                guard pairs.updateValue(try scanner.string(), forKey: key) == nil else {
                    throw scanner.error(.duplicate(key))
                }
            }
            metadata = pairs
        }
    }
}

/// The three fields of a tensor's description.
private struct TensorFields {
    private let name: String
    private var typeName: String?
    private var dimensions: [Int]?
    private var offsets: [Int]?

    init(reading scanner: inout HeaderScanner, name: String) throws(TensorFileError) {
        var fields = TensorFields(name: name)
        try scanner.list("{", "}") { (scanner) throws(TensorFileError) in try fields.readField(&scanner) }
        self = fields
    }

    private init(name: String) {
        self.name = name
    }

    private mutating func readField(_ scanner: inout HeaderScanner) throws(TensorFileError) {
        let key = try scanner.string()
        try scanner.expect(":")
        switch key {
        case "dtype" where typeName == nil:
            typeName = try scanner.string()
        case "shape" where dimensions == nil:
            dimensions = try Self.numbers(&scanner, limit: SafetensorsHeader.maximumRank)
        case "data_offsets" where offsets == nil:
            offsets = try Self.numbers(&scanner, limit: 2)
        default:
            throw scanner.error(.fields(tensor: name))
        }
    }

    private static func numbers(_ scanner: inout HeaderScanner, limit: Int) throws(TensorFileError) -> [Int] {
        var numbers: [Int] = []
        try scanner.list("[", "]") { (scanner) throws(TensorFileError) in
            guard numbers.count < limit else { throw scanner.error(.count("numbers in a list", limit: limit)) }
            numbers.append(try scanner.number())
        }
        return numbers
    }

    func entry(_ scanner: HeaderScanner) throws(TensorFileError) -> SafetensorsHeader.Entry {
        guard let typeName, let dimensions, let offsets, offsets.count == 2 else {
            throw scanner.error(.fields(tensor: name))
        }
        guard let dtype = DType(rawValue: typeName) else {
            throw scanner.error(.elementType(typeName, tensor: name))
        }
        let found = offsets[1] - offsets[0]
        // Empty axes do not hide the others: strides must fit too.
        var extent = dtype.byteWidth
        for dimension in dimensions {
            let (product, overflow) = extent.multipliedReportingOverflow(by: max(1, dimension))
            guard !overflow else { throw scanner.error(.size(tensor: name, expected: .max, found: found)) }
            extent = product
        }
        let size = dimensions.contains(0) ? 0 : extent
        guard size == found else { throw scanner.error(.size(tensor: name, expected: size, found: found)) }
        return SafetensorsHeader.Entry(
            name: name,
            dtype: dtype,
            shape: Shape(dimensions),
            range: offsets[0]..<offsets[1]
        )
    }
}
