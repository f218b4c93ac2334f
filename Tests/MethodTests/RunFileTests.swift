import Buffers
import Configs
import Foundation
import Testing
import Training

@Suite("Run files")
struct RunFileTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("configs/runs").path

    static let files: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    @Test("every run file that is shipped can be run", arguments: files)
    func shippedRunFilesAreValid(_ file: String) throws {
        let config = try RunConfig(contentsOf: Self.folder + "/" + file)
        let recipe = try Recipe(config)
        #expect(recipe.layout.count > 0)
    }

    @Test("a resolved run file says the same as the one it came from", arguments: files)
    func resolvingIsStable(_ file: String) throws {
        let config = try RunConfig(contentsOf: Self.folder + "/" + file)
        let resolved = ConfigEncoder.encode(config)
        let again = try RunConfig(parsing: resolved, file: "resolved.yaml")
        #expect(ConfigEncoder.encode(again) == resolved)
    }

    @Test("there are run files")
    func thereAreRunFiles() {
        #expect(!Self.files.isEmpty)
    }
}
