import Glibc

/// What a job can do when it has lost a rank.
public enum RankRecovery {
    /// Whether the MPI library has the calls of user-level failure mitigation, by which ranks could go on without a lost one.
    static var canShrink: Bool { dlsym(nil, "MPIX_Comm_shrink") != nil }

    /// One sentence for the start of a job, whose ranks are watched or not.
    public static func description(isWatched: Bool) -> String {
        text(isWatched: isWatched, canShrink: canShrink)
    }

    static func text(isWatched: Bool, canShrink: Bool) -> String {
        let library =
            canShrink
            ? "this MPI library could go on without it, which is not used" : "this MPI library cannot go on without it"
        return isWatched
            ? "A rank that is lost or hangs ends the job (\(library)); started again it goes on from the newest checkpoint."
            : "The ranks are not watched: one that hangs makes the others wait for ever."
    }
}
