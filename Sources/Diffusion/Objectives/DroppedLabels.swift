import Buffers

extension Condition {
    /// The condition with a share of its labels dropped, each by the sample's own random number.
    func dropping(_ share: Double, ids: [UInt64], seed: UInt64) -> Condition {
        guard share > 0, let labels else { return self }
        let kept = zip(labels, ids).map { label, id in
            var random = RandomStream(seed: seed, purpose: .condition, index: id)
            return random.uniform() < share ? Condition.dropped : label
        }
        return Condition(labels: kept)
    }
}
