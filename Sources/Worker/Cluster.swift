public import Communication
import MPICommunication

/// The group of ranks that this process was started in.
public enum Cluster {
    /// Runs `body` as one rank; an error of one rank ends all of them with one sentence that names it.
    ///
    /// Without `mpirun` the group has one member.
    public static func enter(_ body: (any Communicator) throws -> Bool) throws -> Bool {
        let environment = try MPIEnvironment()
        do {
            let result = try body(environment.communicator())
            try environment.finish()
            return result
        } catch {
            guard environment.size > 1 else { throw error }
            environment.abort(because: "\(error)")
        }
    }
}
