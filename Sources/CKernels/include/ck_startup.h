#ifndef CK_STARTUP_H
#define CK_STARTUP_H

#include <stddef.h>

/// The value of OPENBLAS_CORETYPE that was put aside when the program started because it names a kernel set older than the processor, or
/// null. It is put aside before any shared library starts, and only in programs that this code is linked into.
const char *ck_overridden_core_type(void);

/// Threads that this process may run on at the same time, at least 1.
size_t ck_available_threads(void);

/// Tells the processor that a loop waits for another thread.
void ck_relax(void);

#endif
