import ArgumentParser
import Communication
import Configs
import Foundation
import Logging
import MPICommunication
import Training

extension BenchCommand {
    /// Measures means over a group.
    struct Exchange: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Means of float32 values over MPI ranks or TCP peers; every result is checked.",
            discussion: """
                A wrong result, or other bits on another rank, ends with code 1. GB/s counts the bytes of the buffer; link GB/s those \
                that every rank has to send, 2 (n - 1) / n of them. A time is that of the slowest rank.

                Examples:
                  mpirun -n 2 difftrain bench exchange --backend mpi --bytes 64MiB
                  mpirun -n 2 difftrain bench exchange --backend mpi --against mpi-allreduce --seconds 10
                  difftrain bench exchange --backend peers --peers 4 --compression bfloat16 --json
                """
        )

        @Option(
            help: "Who exchanges: mpi (the ranks that mpirun started) or peers (threads over sockets of this machine)."
        )
        var backend = Backend.mpi

        @Option(parsing: .upToNextOption, help: "Sizes of the buffer, as in '64MiB' (default: 1MiB 16MiB 64MiB).")
        var bytes: [String] = []

        @Option(help: "The codec of the values on their way; see 'difftrain config methods compression'.")
        var compression = Float32Compression.name

        @Option(help: "The number of peers, 1 to 256; for --backend peers (default: 2).")
        var peers: Int?

        @Option(
            help: "Deliver the values in so many ranges, the last first, as a backward pass does (default: at once)."
        )
        var pieces: Int?

        @OptionGroup var route: RouteOptions

        @Option(help: "Measure this in turn with it: mpi-allreduce, the sum of the MPI library; for --backend mpi.")
        var against: Rival?

        @Option(help: "How long to measure each, in seconds; at least three exchanges are made.")
        var seconds = 3.0

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func validate() throws {
            try BenchCommand.check(seconds)
            _ = try counts
            _ = try codec
            if let pieces, !(1...65_536).contains(pieces) {
                throw ValidationError("--pieces must be 1 to 65536, not \(pieces)")
            }
            if let peers, !(1...RoundGroup.largestSize).contains(peers) {
                throw ValidationError("--peers must be 1 to \(RoundGroup.largestSize), not \(peers)")
            }
            switch backend {
            case .mpi:
                if peers != nil {
                    throw ValidationError("--peers is for '--backend peers'; mpirun -n N says how many ranks")
                }
            case .peers:
                if against != nil { throw ValidationError("--against is for '--backend mpi'; leave it out for peers") }
                try route.refuse()
            }
        }

        func run() throws {
            switch backend {
            case .mpi: try measureRanks()
            case .peers: try measurePeers()
            }
        }
    }
}

extension BenchCommand.Exchange {
    enum Backend: String, ExpressibleByArgument, CaseIterable {
        case mpi, peers
    }

    enum Rival: String, ExpressibleByArgument, CaseIterable {
        case mpiAllreduce = "mpi-allreduce"
    }

    /// How values travel between ranks.
    struct RouteOptions: ParsableArguments {
        @Option(help: "How ranks exchange: automatic, memory or network; for --backend mpi.")
        var path: Path?

        @Option(
            help: "The size of the buckets that travel at once, as in '1MiB'; for --backend mpi (default: 4MiB)."
        )
        var bucket: String?

        enum Path: String, ExpressibleByArgument, CaseIterable {
            case automatic, memory, network
        }

        func validate() throws {
            if let bucket { _ = try BenchCommand.Exchange.size(bucket, "--bucket") }
        }

        /// Refuses the options where there are no ranks.
        func refuse() throws {
            guard path == nil, bucket == nil else {
                throw ValidationError("--path and --bucket are for '--backend mpi'; leave them out for peers")
            }
        }
    }

    /// The numbers of float32 values.
    private var counts: [Int] {
        get throws {
            try (bytes.isEmpty ? ["1MiB", "16MiB", "64MiB"] : bytes).map { try Self.size($0, "--bytes") / 4 }
        }
    }

    private var codec: any Compression {
        get throws {
            try BenchCommand.codec(compression)
        }
    }

    /// A size in bytes, a multiple of 4 up to 4 GiB.
    private static func size(_ text: String, _ flag: String) throws -> Int {
        guard let size = ByteCount(text)?.rawValue, size >= 4, size <= 4 << 30, size.isMultiple(of: 4) else {
            throw ValidationError("\(flag) must be whole float32 values up to 4GiB, as in '64MiB', not '\(text)'")
        }
        return Int(size)
    }

    private func measureRanks() throws {
        let environment = try MPIEnvironment()
        do {
            guard environment.size <= ExchangeBenchmark.largestSize else {
                throw ValidationError(
                    "at most \(ExchangeBenchmark.largestSize) ranks can be measured, not \(environment.size)"
                )
            }
            if environment.size == 1 {
                Output.note(
                    "This is rank 0 of 1 and exchanges with nobody; start several ranks with 'mpirun -n 2 difftrain ...'."
                )
            }
            let communicator = try group(environment)
            let library = LibraryAllReduce(environment)
            var contenders = [
                ExchangeContender(means: "mean_mpi", of: communicator, compression: try codec, pieces: pieces)
            ]
            if against == .mpiAllreduce {
                contenders.append(ExchangeContender(sums: "mpi_allreduce", exchange: library.sum))
            }
            try measure(ExchangeBenchmark(contenders, control: communicator), counts, isFirst: environment.rank == 0)
            try environment.finish()
        } catch {
            guard environment.size > 1 else { throw error }
            environment.abort(because: "\(error)")
        }
    }

    /// The ranks, exchanging as the options say.
    private func group(_ environment: MPIEnvironment) throws -> any Communicator {
        var options = ExchangeOptions(compression: try codec)
        if let path = route.path.flatMap({ ExchangePath(rawValue: $0.rawValue) }) { options.path = path }
        options.bucketBytes = try route.bucket.map { try Self.size($0, "--bucket") }
        return try environment.communicator(options)
    }

    private func measurePeers() throws {
        let (codec, counts, command) = (try codec, try counts, self)
        var logger = Logger(label: "peers")
        logger.logLevel = .error
        try PeerThreads.run(peers ?? 2, compression: codec, logger: logger) { peers, threads in
            let contender = ExchangeContender(
                means: "mean_peers",
                of: peers,
                compression: codec,
                pieces: command.pieces,
                size: threads.size
            )
            try command.measure(ExchangeBenchmark([contender], control: threads), counts, isFirst: threads.rank == 0)
        }
    }

    /// Measures one size after another and shows each as soon as it is known, on the first member.
    private func measure(_ benchmark: ExchangeBenchmark, _ counts: [Int], isFirst: Bool) throws {
        if isFirst, !json { Output.line(ExchangeTimes.header) }
        for count in counts {
            let times = try benchmark.run(count: count, seconds: seconds)
            if isFirst { try show(times) }
        }
    }

    private func show(_ times: [ExchangeTimes]) throws {
        for times in times { json ? try Output.json(times.line(settings)) : Output.line(times.row) }
        guard times.count == 2 else { return }
        let ratio = ExchangeRatio(of: times[1], over: times[0], config: settings)
        if json { try Output.json(ratio) } else { Output.line(ratio.text) }
    }

    private var settings: [String: String] {
        var settings = ["backend": backend.rawValue, "compression": compression]
        if let pieces { settings["pieces"] = "\(pieces)" }
        if let path = route.path { settings["path"] = path.rawValue }
        if let bucket = route.bucket { settings["bucket"] = bucket }
        return settings
    }
}
