#ifndef COPENMPI_SHIM_H
#define COPENMPI_SHIM_H

// The handles and constants of MPI are macros over the addresses of variables, which Swift cannot import; these functions name them.

#include "words.h"

#include <mpi.h>
#include <stdint.h>

static inline MPI_Comm mpi_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype mpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype mpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype mpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype mpi_byte(void) { return MPI_BYTE; }
static inline MPI_Op mpi_sum(void) { return MPI_SUM; }

/// Makes calls on the world return their errors instead of ending the process.
static inline int mpi_return_errors(void) { return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN); }

static inline MPI_Request mpi_no_request(void) { return MPI_REQUEST_NULL; }
static inline MPI_Comm mpi_no_communicator(void) { return MPI_COMM_NULL; }

/// Whether an operation is done.
static inline int mpi_test(MPI_Request *request, int *done) { return MPI_Test(request, done, MPI_STATUS_IGNORE); }
/// A communicator of the ranks that share memory with this one, in the order of ranks.
static inline int mpi_split_by_host(MPI_Comm *result) {
    return MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, result);
}
/// The least of all ranks' numbers.
static inline int mpi_lowest_int(const int *value, int *result) {
    return MPI_Allreduce(value, result, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
}
/// Whether any rank's number is above 0, known later.
static inline int mpi_start_highest_int(const int *value, int *result, MPI_Comm communicator, MPI_Request *request) {
    return MPI_Iallreduce(value, result, 1, MPI_INT, MPI_MAX, communicator, request);
}
/// Copies each rank's values to all, in place.
static inline int mpi_start_gather(float *values, const int *counts, const int *starts, MPI_Request *request) {
    return MPI_Iallgatherv(
        MPI_IN_PLACE, 0, MPI_FLOAT, values, counts, starts, MPI_FLOAT, MPI_COMM_WORLD, request);
}
/// A communicator of the ranks of one color, in the order of ranks; none for a color below 0.
static inline int mpi_split_by_color(int color, MPI_Comm *result) {
    return MPI_Comm_split(MPI_COMM_WORLD, color < 0 ? MPI_UNDEFINED : color, 0, result);
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
    mpi_thread_single = MPI_THREAD_SINGLE,
    mpi_thread_funneled = MPI_THREAD_FUNNELED,
    mpi_thread_serialized = MPI_THREAD_SERIALIZED,
    mpi_largest_error_text = MPI_MAX_ERROR_STRING,
    mpi_largest_host_name = MPI_MAX_PROCESSOR_NAME
};

#endif
