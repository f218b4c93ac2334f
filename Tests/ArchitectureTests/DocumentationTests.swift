import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
    @Test("links between pages lead somewhere")
    func linksLead() throws {
        let pages = Repository.files(below: "docs", endings: ["md"]) + ["README.md"]
        #expect(pages.count > 30)
        for page in pages {
            let folder = Repository.root.appendingPathComponent(page).deletingLastPathComponent()
            for target in links(try Repository.text(page)) where !target.contains("://") && !target.hasPrefix("#") {
                let path = target.split(separator: "#")[0]
                let place = folder.appendingPathComponent(String(path)).standardizedFileURL.path
                #expect(FileManager.default.fileExists(atPath: place), "\(page) links to \(target)")
            }
        }
    }

    @Test("every page of the documentation can be reached from the index")
    func everyPageIsReachable() throws {
        var reached: Set<String> = []
        var open = ["docs/index.md"]
        while let page = open.popLast() {
            guard reached.insert(page).inserted else { continue }
            let folder = URL(fileURLWithPath: "/" + page).deletingLastPathComponent()
            for target in links(try Repository.text(page)) where target.hasSuffix(".md") && !target.contains("://") {
                open.append(String(folder.appendingPathComponent(target).standardizedFileURL.path.dropFirst()))
            }
        }
        for page in Repository.files(below: "docs", endings: ["md"]) {
            #expect(reached.contains(page), "no path of links leads to \(page)")
        }
    }

    private func links(_ text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst().compactMap { $0.components(separatedBy: ")").first }
            .filter { !$0.isEmpty && !$0.contains(" ") }
    }
}
