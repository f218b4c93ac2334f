import Buffers

extension Tensor {
    /// Rows of a table `[K, E]` by index: `[indices.count, E]`.
    ///
    /// An index outside `0..<K` traps.
    public func embedding(_ indices: [Int]) -> Tensor {
        precondition(shape.rank == 2, "rows of a table [K, E], found \(shape)")
        let (rows, table) = (shape[0], shape)
        for index in indices { precondition(index >= 0 && index < rows, "row \(index) of \(rows)") }
        let places = TensorData(indices.map { Int64($0) }, shape: [indices.count])
        let y = TensorData.uninitialized([indices.count, table[1]], dtype)
        Compute.backend.gatherRows(width: table[1], data.region, indices: places.region, into: y.region)
        return Tensor.record(y, from: [self]) { dy, sink in
            sink.accumulate(0, table) { region, isEmpty in
                if isEmpty { Compute.backend.fill(0, into: region) }
                Compute.backend.scatterAddRows(width: table[1], dy.region, indices: places.region, into: region)
            }
        }
    }

    /// The same number of tokens from each sequence: `[B, N, C]` and B lists of K indices give `[B, K, C]`.
    public func gatherTokens(_ indices: [[Int]]) -> Tensor {
        precondition(shape.rank == 3 && indices.count == shape[0], "\(indices.count) lists for tokens \(shape)")
        let (tokens, kept) = (shape[1], indices.first?.count ?? 0)
        let rows = indices.enumerated().flatMap { batch, list in
            precondition(list.count == kept, "\(list.count) tokens of sequence \(batch), \(kept) of the first")
            return list.map { index in
                precondition(index >= 0 && index < tokens, "token \(index) of \(tokens)")
                return batch * tokens + index
            }
        }
        let (batch, width) = (shape[0], shape[2])
        return reshaped([batch * tokens, width]).embedding(rows).reshaped([batch, kept, width])
    }
}
