#ifndef COPENMPI_SHIM_H
#define COPENMPI_SHIM_H

// The handles and constants of MPI are macros over the addresses of variables, which Swift cannot import; these functions name them.

#include <mpi.h>
#include <stdint.h>

static inline MPI_Comm mpi_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype mpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype mpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype mpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype mpi_byte(void) { return MPI_BYTE; }
static inline MPI_Op mpi_sum(void) { return MPI_SUM; }
static inline MPI_Op mpi_max(void) { return MPI_MAX; }

/// Makes calls on the world return their errors instead of ending the process.
static inline int mpi_return_errors(void) { return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN); }

/// Sums in place over all ranks.
static inline int mpi_sum_floats(float *values, int count) {
    return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}
static inline int mpi_sum_doubles(double *values, int count) {
    return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
static inline int mpi_max_doubles(double *values, int count) {
    return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
}

/// A group of ranks with messages of its own; a request that is under way. Their MPI types differ between implementations.
typedef struct { MPI_Comm value; } mpi_communicator;
typedef struct { MPI_Request value; } mpi_request;

/// All ranks again, so that messages cannot meet those of other users; collective.
static inline int mpi_duplicate_world(mpi_communicator *copy) { return MPI_Comm_dup(MPI_COMM_WORLD, &copy->value); }
/// Starts to send bytes, which must stay as they are until the request is done.
static inline int mpi_send_bytes(
    const void *bytes, int count, int rank, int tag, const mpi_communicator *group, mpi_request *request) {
    return MPI_Isend(bytes, count, MPI_BYTE, rank, tag, group->value, &request->value);
}
/// Starts to receive at most `count` bytes.
static inline int mpi_receive_bytes(
    void *bytes, int count, int rank, int tag, const mpi_communicator *group, mpi_request *request) {
    return MPI_Irecv(bytes, count, MPI_BYTE, rank, tag, group->value, &request->value);
}
/// Moves what is under way; `done` says whether the request is finished, and then `count` how many bytes were received.
static inline int mpi_test_message(mpi_request *request, int *done, int *count) {
    MPI_Status status;
    int result = MPI_Test(&request->value, done, &status);
    if (result != MPI_SUCCESS || !*done) return result;
    return MPI_Get_count(&status, MPI_BYTE, count);
}

enum {
    mpi_success = MPI_SUCCESS,
    mpi_thread_funneled = MPI_THREAD_FUNNELED,
    mpi_largest_error_text = MPI_MAX_ERROR_STRING,
    mpi_largest_host_name = MPI_MAX_PROCESSOR_NAME
};

#endif
