import ArgumentParser

/// The program that computes.
@main
struct DifftrainWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "difftrain-worker",
        abstract: "Computes: every rank of a cluster under mpirun, or a volunteer that joins by address.",
        discussion: """
            Examples:
              mpirun -n 4 difftrain-worker configs/runs/digits.yaml --out runs/digits
              difftrain-worker join 192.0.2.7:7300 --token token.txt
              difftrain-worker doctor 192.0.2.7:7300 --token token.txt
            """,
        subcommands: [RunCommand.self, JoinCommand.self, DoctorCommand.self],
        defaultSubcommand: RunCommand.self
    )

    static func main() {
        Program.run(DifftrainWorker.self)
    }
}
