import ArgumentParser
import Buffers
import Datasets
import Foundation
import Training

/// Draws samples as a picture.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Draws samples and writes them as one PNG.",
        discussion: """
            Example:
              difftrain sample runs/digits --out samples.png --count 100
            """
    )

    @OptionGroup var model: ModelOptions

    @Option(help: "The PNG to write.", completion: .file(extensions: ["png"]))
    var out: String

    @Option(help: "How many images; without --labels of all classes in rising order.")
    var count: Int?

    @Option(help: "Classes to draw, as in '0,1,2'; repeated in turn up to --count.")
    var labels: String?

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        if let count, !(1...100_000).contains(count) {
            throw ValidationError("--count must be 1 to 100000, not \(count)")
        }
    }

    func run() throws {
        try threads.compute {
            let model = try self.model.open()
            let labels = try chosenLabels(classes: model.recipe.manifest.classes, model)
            let images = model.evaluator.draw(
                model.weights,
                try self.model.request(labels: labels),
                progress: Output.counter("drawn", of: labels.count)
            )
            let sheet = try SampleGrid.png(
                images,
                columns: SampleGrid.columns(for: labels.count),
                scale: SampleGrid.scale(forWidth: images.shape[2])
            )
            try RunDirectory.write(sheet, to: out)
            Output.note("Wrote \(labels.count) samples to \(out).")
        }
    }

    private func chosenLabels(classes: Int, _ model: TrainedModel) throws -> [Int] {
        guard let labels else { return model.evaluator.classOrdered(count ?? 64) }
        let chosen = try labels.split(separator: ",").map { word -> Int in
            guard let label = Int(word), (0..<classes).contains(label) else {
                throw ValidationError("--labels must name classes from 0 to \(classes - 1), not '\(word)'")
            }
            return label
        }
        guard !chosen.isEmpty else { throw ValidationError("--labels names no class; write '0,1,2'") }
        return (0..<(count ?? chosen.count)).map { chosen[$0 % chosen.count] }
    }
}
