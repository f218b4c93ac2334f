import Foundation
import Tensors

/// Chooses what computes.
public enum ComputeScope {
    /// Runs `body` with the processor and so many threads; nil takes all that the processor has.
    public static func run<Result>(threads: Int?, _ body: () throws -> Result) rethrows -> Result {
        let backend = CPUBackend(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        return try Compute.$backend.withValue(backend) { try body() }
    }
}
