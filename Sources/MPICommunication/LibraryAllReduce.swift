public import Buffers
import COpenMPI
public import Communication

/// The installed library's own `MPI_Allreduce`, in one call and nothing around it: what exchanges of this room are measured against.
public struct LibraryAllReduce {
    private let environment: MPIEnvironment

    /// The ranks of an environment.
    public init(_ environment: MPIEnvironment) {
        self.environment = environment
    }

    /// Adds up the values of all ranks into another buffer of the same count, which is below 2^31.
    ///
    /// Throws `mpi` if the call fails.
    public func sum(_ values: FlatBuffer, into sums: FlatBuffer) throws(CommunicationError) {
        precondition(values.count == sums.count, "\(values.count) values into \(sums.count)")
        guard environment.size > 1 else { return sums.copy(from: values) }
        let (source, target, count) = (values.region.floats, sums.region.floats, Int32(values.count))
        let status = try environment.perform { () throws(CommunicationError) in
            MPI_Allreduce(source, target, count, mpi_float(), mpi_sum(), mpi_world())
        }
        try check(status, "MPI_Allreduce", rank: environment.rank, host: environment.host)
    }
}
