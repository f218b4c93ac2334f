#ifndef CK_DISPATCH_H
#define CK_DISPATCH_H

// One source, compiled for several instruction sets; the loader picks the best one that the processor has.
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

// Small functions must be inlined into every clone, otherwise they would be compiled for the baseline only.
#define CK_INLINE static inline __attribute__((always_inline))

// Sums keep this many independent lanes in a fixed order, so that a result does not depend on the vector width.
#define CK_LANES 16

#endif
