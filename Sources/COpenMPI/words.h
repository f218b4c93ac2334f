#ifndef COPENMPI_WORDS_H
#define COPENMPI_WORDS_H

// Words in memory that several processes map: ordered reads and writes, and sleeping until one changes.

#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline uint32_t word_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static inline void word_store(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }
static inline uint32_t word_add(uint32_t *word, uint32_t value) { return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST); }

static inline uint64_t long_word_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
/// Writes `value` if the word holds `expected`; answers whether it did.
static inline bool long_word_replace(uint64_t *word, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/// Sleeps while the word holds `value`, for at most that many nanoseconds; may return early.
static inline void word_wait(uint32_t *word, uint32_t value, int64_t nanoseconds) {
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, (void *)0, 0);
}
/// Wakes everybody who sleeps on the word, in any process.
static inline void word_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, (void *)0, (void *)0, 0); }

#endif
