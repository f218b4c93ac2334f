import Buffers
public import Configs
import TensorFiles

/// PNG, JPEG and WebP files under a directory; the names of its folders are the labels.
///
/// Folders directly below the path are the classes, sorted by the bytes of their names; files are taken from all
/// depths and sorted by their path. A directory without folders has no labels. Hidden files and other endings are
/// passed over; files are read when their record is asked for.
public struct ImageFolder: DataSource {
    /// The name in a run file.
    public static let name = "image-folder"
    /// Where the layout is described.
    public static let reference = Reference(
        title: "torchvision.datasets.ImageFolder",
        year: 2017,
        link: "https://pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html",
        equations: "root/class/image"
    )

    /// The directory; must be set.
    public var path = ""
    /// The height that images are scaled and cut to, in pixels; 0 takes that of the first image.
    public var height = 0
    /// The width that images are scaled and cut to, in pixels; 0 takes that of the first image.
    public var width = 0
    /// 1 for grey, 3 for colour; 0 takes those of the first image.
    public var channels = 0
    /// Changes made to each image as it is read, in order.
    @ChoiceList<Augmentations> public var augmentations: [any Augmentation] = []

    /// A folder without a path, which must be set before use.
    public init() {}

    /// Refuses sizes that no image has; whether the path exists is seen when it is read.
    public func validate() throws(ConfigError) {
        let side = "0 to 16384 pixels"
        try ConfigError.require((0...16384).contains(height), "height", found: height, expected: side)
        try ConfigError.require((0...16384).contains(width), "width", found: width, expected: side)
        try ConfigError.require([0, 1, 3].contains(channels), "channels", found: channels, expected: "0, 1 or 3")
        for augmentation in augmentations { try augmentation.validate() }
    }

    /// One shard of all files; its digest is that of their paths, labels and contents, so every file is read.
    public func manifest() throws(DatasetError) -> DatasetManifest {
        let listing = try ImageListing(path: path)
        var lines = ""
        var bytes = 0
        for file in listing.files {
            let content = try ImageListing.read(listing.absolute(file))
            bytes += content.count
            lines += "\(file.path)\t\(file.label ?? -1)\t\(Digest(of: content))\n"
        }
        let first = try listing.shape(of: listing.files[0])
        let image: Shape = [
            height == 0 ? first[0] : height, width == 0 ? first[1] : width, channels == 0 ? first[2] : channels,
        ]
        let info = ShardInfo(
            digest: Digest(of: Array(lines.utf8)).description,
            count: listing.files.count,
            bytes: max(1, bytes)
        )
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return DatasetManifest(
            name: name,
            shards: [info],
            image: image,
            classes: listing.classes.count,
            labels: listing.classes
        )
    }

    /// The only shard.
    public func shard(_ index: Int) throws(DatasetError) -> Shard {
        precondition(index == 0, "shard \(index) of an image folder")
        let listing = try ImageListing(path: path)
        let labels = listing.classes.isEmpty ? nil : listing.files.map { Int64($0.label ?? 0) }
        return Shard(name: path, files: listing.files.map(listing.absolute), labels: labels)
    }
}
