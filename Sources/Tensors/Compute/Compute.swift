/// Where numbers are made.
public enum Compute {
    /// The kernels that operations use, set for a scope with `Compute.$backend.withValue(...) { ... }` and never assigned.
    @TaskLocal public static var backend: any Backend = ReferenceBackend()
}
