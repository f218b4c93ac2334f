import Buffers
import Datasets

/// Judges digits by an independent classifier: how often it sees the class that was asked for, and the Fréchet
/// distance between the features it has of drawn and of real digits.
struct DigitMetrics {
    /// The metrics by name.
    static let names = ["frechet_distance", "label_accuracy"]

    private let classifier = DigitClassifier.embedded
    private let recipe: Recipe

    init(_ recipe: Recipe) {
        self.recipe = recipe
    }

    /// Whether the run draws what the classifier knows.
    static func apply(to recipe: Recipe) -> Bool {
        recipe.config.data is Digits && recipe.image == [8, 8, 1]
    }

    func judge(_ images: TensorData, labels: [Int]) throws(TrainingError) -> EvaluationReport {
        let drawn = classifier(images.floats)
        let train = try features(.train)
        let test = try features(.test)
        let right = zip(drawn.labels, labels).count { $0 == $1 }
        return EvaluationReport(
            samples: 0,
            count: labels.count,
            metrics: [
                "label_accuracy": Double(right) / Double(max(1, labels.count)),
                "frechet_distance": FrechetDistance.between(statistics(drawn.features), train),
                "real_vs_real": FrechetDistance.between(test, train),
            ],
            featureNet: DigitClassifier.featureNet
        )
    }

    private func features(_ split: Digits.Split) throws(TrainingError) -> FeatureStatistics {
        var source = Digits()
        source.split = split
        do {
            let loader = try BatchLoader(source: source, image: [8, 8, 1], seed: 0, threads: 1)
            let batch = try loader.records(0..<loader.manifest.count)
            return statistics(classifier(batch.images.floats).features)
        } catch {
            throw .data(error)
        }
    }

    private func statistics(_ features: [Float]) -> FeatureStatistics {
        var statistics = FeatureStatistics(dimension: DigitClassifier.featureCount)
        statistics.add(features)
        return statistics
    }
}
