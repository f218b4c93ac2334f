/// The table of rooms in `docs/architecture.md`, section 2: who may import whom.
struct ImportTable {
    /// Modules of the toolchain that every room may use; `Foundation` is forbidden where numbers are made.
    static let toolchain: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]

    /// Modules a room may import, by room.
    private(set) var allowed: [String: Set<String>] = [:]

    init(page: [String]) {
        var libraries: Set<String> = []
        var rows: [(rooms: [String], ours: String, packages: String)] = []
        for line in page where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingSpaces }
            guard cells.count == 4 else { continue }
            let rooms = ImportTable.names(cells[0])
            libraries.formUnion(rooms.filter { !$0.hasPrefix("difftrain") })
            rows.append((rooms, cells[2], cells[3]))
        }
        for row in rows {
            var modules = Set(ImportTable.words(row.ours) + ImportTable.words(row.packages))
            if row.ours.hasPrefix("any library but") {
                modules = libraries.subtracting(modules).union(ImportTable.words(row.packages))
            }
            if modules.contains("NIO*") {
                modules.formUnion(["NIOCore", "NIOPosix", "NIOHTTP1", "NIOFoundationCompat"])
            }
            for room in row.rooms { allowed[room] = modules }
        }
    }

    private static func names(_ cell: String) -> [String] {
        cell.split(separator: "`").enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element) }
    }

    private static func words(_ cell: String) -> [String] {
        cell.split { $0 == "," || $0 == " " }.map(String.init)
    }
}

extension StringProtocol {
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
