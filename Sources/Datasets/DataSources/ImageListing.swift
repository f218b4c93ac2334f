import Buffers
import Glibc
import TensorFiles

/// The image files under a directory, sorted, with their labels.
struct ImageListing {
    struct File {
        let path: String  // relative to the directory
        let label: Int?
    }

    let root: String
    let classes: [String]
    let files: [File]

    private static let maximumDepth = 16
    private static let endings: Set<String> = ["png", "jpg", "jpeg", "webp"]

    init(path: String) throws(DatasetError) {
        guard !path.isEmpty else { throw .missingPath(source: ImageFolder.name) }
        guard Folder.isFolder(path) else { throw .notADirectory(path: path) }
        root = path
        let entries = try ImageListing.entries(of: path)
        let loose = entries.filter { !$0.isDirectory && ImageListing.isImage($0.name) }.map(\.name)
        let folders = entries.filter(\.isDirectory).map(\.name)
        if let image = loose.first, !folders.isEmpty { throw .mixedFolder(path: path, image: image) }
        classes = folders
        var files = loose.map { File(path: $0, label: nil) }
        for (label, folder) in folders.enumerated() {
            let images = try ImageListing.images(under: folder, of: path)
            guard !images.isEmpty else { throw .noImages(path: "\(path)/\(folder)") }
            files += images.map { File(path: $0, label: label) }
        }
        guard !files.isEmpty else { throw .noImages(path: path) }
        self.files = files
    }

    func absolute(_ file: File) -> String { "\(root)/\(file.path)" }

    /// The shape of an image by its header.
    func shape(of file: File) throws(DatasetError) -> Shape {
        let path = absolute(file)
        let bytes = try ImageListing.read(path)
        do {
            let size = try ImageCodec.inspect(bytes)
            return [size.height, size.width, size.channels]
        } catch {
            throw .image(name: path, error)
        }
    }

    /// The bytes of an image file, whose length is judged before it is read.
    static func read(_ path: String) throws(DatasetError) -> [UInt8] {
        guard try length(of: path) <= ImageCodec.maximumFileSize else { throw .image(name: path, .tooLarge) }
        do {
            return try MappedFile.read(path, limit: ImageCodec.maximumFileSize)
        } catch {
            throw .file(error)
        }
    }

    static func length(of path: String) throws(DatasetError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        return Int(status.st_size)
    }

    private static func isImage(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return endings.contains(name[name.index(after: dot)...].lowercased())
    }

    // Sorted by bytes, so that the order depends on no locale.
    private static func entries(of path: String) throws(DatasetError) -> [(name: String, isDirectory: Bool)] {
        let names: [String]
        do {
            names = try Folder.names(path)
        } catch {
            throw .file(error)
        }
        return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
            ($0, Folder.isFolder("\(path)/\($0)"))
        }
    }

    private static func images(
        under folder: String,
        of root: String,
        depth: Int = 1
    ) throws(DatasetError) -> [String] {
        guard depth <= maximumDepth else {
            throw .unreadable(
                path: "\(root)/\(folder)",
                reason: "it lies too deep; does a link lead back to a folder above?"
            )
        }
        var result: [String] = []
        for entry in try entries(of: "\(root)/\(folder)") {
            let path = "\(folder)/\(entry.name)"
            if entry.isDirectory {
                result += try images(under: path, of: root, depth: depth + 1)
            } else if isImage(entry.name) {
                result.append(path)
            }
        }
        return result
    }
}
