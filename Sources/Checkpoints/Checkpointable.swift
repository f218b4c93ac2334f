/// State that survives a stop.
public protocol Checkpointable {
    /// Adds the state to a checkpoint, under names that no other part of the run uses.
    func save(_ writer: inout CheckpointWriter) throws(CheckpointError)

    /// Takes the state from a checkpoint; the next step then gives the same bits as without the stop.
    mutating func restore(_ reader: CheckpointReader) throws(CheckpointError)
}
