import Buffers
public import Configs
import FoundationEssentials
import TensorFiles

/// Hand-written digits, 8x8 and grey, carried by the program itself.
///
/// 1,797 images of 43 writers with levels 0...16, which become `level / 8 - 1`; labels are the digits 0...9. The first
/// 1,500 are for training and the last 297, by other writers, are held out.
public struct Digits: DataSource {
    /// The name in a run file.
    public static let name = "digits"
    /// Where they come from.
    public static let reference = Reference(
        title: "Optical Recognition of Handwritten Digits (Alpaydin and Kaynak), UCI Machine Learning Repository",
        year: 1998,
        link: "https://doi.org/10.24432/C50P49",
        equations: "the test part, in its order"
    )

    /// Which of the digits are used.
    public enum Split: String, Codable, CaseIterable, Sendable {
        /// The first 1,500.
        case train
        /// The last 297.
        case test
        /// All 1,797.
        case all
    }

    /// Which of the digits are used.
    public var split = Split.train
    /// Changes made to each digit as it is read, in order.
    @ChoiceList<Augmentations> public var augmentations: [any Augmentation] = []

    /// The digits for training, unchanged.
    public init() {}

    /// Accepts every value; augmentations judge themselves.
    public func validate() throws(ConfigError) {
        for augmentation in augmentations { try augmentation.validate() }
    }

    /// One shard of 8x8x1 images in 10 classes; its digest is that of the pixels and labels.
    public func manifest() throws(DatasetError) -> DatasetManifest {
        let bytes = DigitsArchive.pixels(rows) + DigitsArchive.labels(rows)
        let info = ShardInfo(digest: Digest(of: bytes).description, count: rows.count, bytes: bytes.count)
        return DatasetManifest(
            name: Digits.name,
            shards: [info],
            image: [8, 8, 1],
            classes: 10,
            labels: (0...9).map(String.init)
        )
    }

    /// The only shard.
    public func shard(_ index: Int) throws(DatasetError) -> Shard {
        precondition(index == 0, "shard \(index) of the digits")
        let images = TensorData(DigitsArchive.pixels(rows), shape: [rows.count, 8, 8, 1])
        return Shard(
            name: "\(Digits.name) \(split.rawValue)",
            images: images,
            white: 16,
            labels: DigitsArchive.labels(rows).map(Int64.init)
        )
    }

    private var rows: Range<Int> {
        switch split {
        case .train: 0..<1500
        case .test: 1500..<DigitsArchive.count
        case .all: 0..<DigitsArchive.count
        }
    }
}

/// The digits as they are embedded: pixels of all images, then all labels, in one zstd frame in base64.
enum DigitsArchive {
    static let count = 1797
    private static let pixelCount = count * 64

    /// The levels of some images, 64 bytes each.
    static func pixels(_ rows: Range<Int>) -> [UInt8] {
        Array(content[rows.lowerBound * 64..<rows.upperBound * 64])
    }

    /// The labels of some images.
    static func labels(_ rows: Range<Int>) -> [UInt8] {
        Array(content[pixelCount + rows.lowerBound..<pixelCount + rows.upperBound])
    }

    private static let content: [UInt8] = {
        let length = pixelCount + count
        guard let frame = Data(base64Encoded: firstHalf + secondHalf, options: .ignoreUnknownCharacters),
            let bytes = try? Zstd.decompress([UInt8](frame), limit: length, name: "digits"), bytes.count == length
        else { preconditionFailure("the digits of this program are damaged") }
        return bytes
    }()
}
