import Buffers
public import Communication

extension MPICommunicator {
    /// Tries the paths and buckets that the options leave open, for half a second or so, and takes the fastest.
    ///
    /// Called on all ranks at once, while no mean is under way. The memory of the trials, at most that of the means to come and at most 16 MiB,
    /// is given back. Nil for a single rank, and where there is nothing to exchange.
    public func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        guard size > 1, count > 0 else { return nil }
        var trials = ExchangeTrials(paths: group.openPaths, bucket: group.options.bucketBytes, count: count)
        var values = FlatBuffer(count: 0)
        if trials.isOpen {
            values = group.makeBuffer(count: min(count, ExchangeTrials.largestCount))
            values.fill(1)
            if trials.paths.count > 1, try !isShared(values) {
                // Gradients will find no room in the shared memory either.
                trials = ExchangeTrials(paths: [.network], bucket: trials.bucket, count: count)
            }
        }
        let group = group
        let choice = try trials.run { way, count throws(CommunicationError) in
            group.way = way
            let start = ContinuousClock.now
            try mean(of: values.window(0..<count), weight: 1, round: 0)
            return try slowest((ContinuousClock.now - start) / .seconds(1))
        }
        group.way = choice.way
        try group.thread.perform { () throws(CommunicationError) in group.dropSums() }
        return choice
    }

    /// Whether the buffers of all ranks lie in the memory of their hosts.
    private func isShared(_ buffer: FlatBuffer) throws(CommunicationError) -> Bool {
        try sum([group.window?.place(of: buffer) == nil ? 1 : 0]) == [0]
    }
}
