import Glibc

/// Tells the OpenMP runtime of oneDNN to use the calling thread alone; the setting belongs to the thread that makes it.
///
/// The runtime comes with oneDNN; where there is none, oneDNN runs on one thread anyway.
func keepLibrariesOnOneThread() {
    setOpenMPThreads?(1)
}

private let setOpenMPThreads: (@convention(c) (Int32) -> Void)? = dlsym(nil, "omp_set_num_threads").map {
    unsafeBitCast($0, to: (@convention(c) (Int32) -> Void).self)
}
