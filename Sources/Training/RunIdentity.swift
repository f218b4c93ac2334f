import Communication
import Configs

/// The part of a run file that decides its numbers: what may change between a stop and the next start is left out.
struct RunIdentity {
    private let lines: [String]

    init(_ config: RunConfig) {
        var essential = config
        // A run may be made longer, saved, judged, reported, kept in memory and exchanged differently without becoming another run.
        essential.name = "run"
        essential.length = RunConfig().length
        essential.checkpoint = CheckpointSection()
        essential.evaluation = EvaluationSection()
        essential.report = ReportSection()
        essential.recompute = []
        if var everyStep = essential.synchronization as? EveryStep {
            everyStep.overlap = EveryStep().overlap
            essential.synchronization = everyStep
        }
        // Which way sums go changes no bit of them; what a codec drops does.
        essential.communication.path = .automatic
        essential.communication.bucket = CommunicationSection().bucket
        lines = ConfigEncoder.encode(essential).split(separator: "\n").map(String.init)
    }

    /// The first line that differs, in words, or nil.
    func firstChange(to other: RunIdentity) -> String? {
        for (mine, theirs) in zip(lines, other.lines) where mine != theirs {
            return "'\(trim(mine))' there, '\(trim(theirs))' here"
        }
        guard lines.count != other.lines.count else { return nil }
        let longer = lines.count > other.lines.count ? lines : other.lines
        return "'\(trim(longer[min(lines.count, other.lines.count)]))' stands in only one of them"
    }

    private func trim(_ line: String) -> String {
        String(line.drop { $0 == " " })
    }
}

extension RunConfig {
    /// The first difference that makes another run file another run, in words; nil if both train the same run.
    public func firstChange(to other: RunConfig) -> String? {
        RunIdentity(self).firstChange(to: RunIdentity(other))
    }
}
