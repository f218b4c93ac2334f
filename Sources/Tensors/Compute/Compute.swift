/// Where numbers are made.
public enum Compute {
    /// The kernels that operations use, set for a scope with `Compute.$backend.withValue(...) { ... }` and never assigned.
    ///
    /// By default it is the processor with all threads that the process may use.
    @TaskLocal public static var backend: any Backend = CPUBackend()
}
