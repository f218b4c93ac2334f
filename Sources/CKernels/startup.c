#define _GNU_SOURCE
#include "include/ck_startup.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// OpenBLAS reads OPENBLAS_CORETYPE in its constructor, before main. Functions of .preinit_array run before the constructors of shared
// libraries, so the variable can still be renamed in place there.

#define VARIABLE "OPENBLAS_CORETYPE"
#define PUT_ASIDE "OVERRIDE_CORETYPE"

const char *ck_overridden_core_type(void) { return getenv(PUT_ASIDE); }

size_t ck_available_threads(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (size_t)count : 1;
}

void ck_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names; names++) {
        if (strcasecmp(name, *names) == 0) return true;
    }
    return false;
}

static bool is_older_than_processor(const char *name) {
    static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    static const char *const middle[] = {"Haswell", "Zen", NULL};
    if (*name == '\0' || is_one_of(name, wide)) return false;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return true;
    return __builtin_cpu_supports("x86-64-v3") && !is_one_of(name, middle);
}

static void put_core_type_aside(int count, char **arguments, char **environment) {
    (void)count, (void)arguments;
    const size_t length = sizeof VARIABLE - 1;
    for (char **entry = environment; *entry; entry++) {
        if (strncmp(*entry, VARIABLE "=", length + 1) == 0 && is_older_than_processor(*entry + length + 1)) {
            memcpy(*entry, PUT_ASIDE, length);
        }
    }
}

__attribute__((section(".preinit_array"), used, retain)) static void (*const put_core_type_aside_entry)(
    int, char **, char **) = put_core_type_aside;

#endif
