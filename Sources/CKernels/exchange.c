#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// Sums wait in the first cache while they are formed: every value is read once from memory and written once.
#define CK_EXCHANGE_BLOCK 512

// Products are rounded before they are added, as when each member multiplies its own values; what the compiler may not look through
// cannot become a fused multiplication and addition.
#define CK_ROUNDED(values) __asm__ volatile("" : : "r"(values) : "memory")

CK_INLINE uint32_t ck_not_finite(const float *x, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7f800000u) == 0x7f800000u);
    }
    return bad;
}

CK_INLINE void ck_add_weighted(float *restrict sum, const float *restrict x, size_t count, float weight, bool is_first) {
    float products[CK_EXCHANGE_BLOCK];
    const float *values = x;
    if (weight != 1) {
        for (size_t i = 0; i < count; i++) products[i] = weight * x[i];
        CK_ROUNDED(products);
        values = products;
    }
    if (is_first) {
        memcpy(sum, values, count * sizeof *sum);
    } else {
        for (size_t i = 0; i < count; i++) sum[i] += values[i];
    }
    CK_ROUNDED(sum);
}

CK_CLONES bool ck_weighted_mean(
    const float *const *sources, const float *weights, size_t source_count, float divisor, float *const *targets,
    size_t target_count, size_t count) {
    uint32_t bad = 0;
    for (size_t start = 0; start < count; start += CK_EXCHANGE_BLOCK) {
        size_t n = count - start < CK_EXCHANGE_BLOCK ? count - start : CK_EXCHANGE_BLOCK;
        float sum[CK_EXCHANGE_BLOCK];
        bool is_first = true, withdrawn = false;
        for (size_t s = 0; s < source_count; s++) {
            if (weights[s] == 0) {
                withdrawn = true;
                continue;
            }
            bad |= ck_not_finite(sources[s] + start, n);
            ck_add_weighted(sum, sources[s] + start, n, weights[s], is_first);
            is_first = false;
        }
        if (is_first) {
            memset(sum, 0, n * sizeof *sum);
        } else if (withdrawn) {
            // Turns -0 into 0, as the zeros of a withdrawn member do at any place of the sum.
            for (size_t i = 0; i < n; i++) sum[i] += 0.0f;
        }
        if (divisor != 1) {
            for (size_t i = 0; i < n; i++) sum[i] /= divisor;
        }
        for (size_t t = 0; t < target_count; t++) memcpy(targets[t] + start, sum, n * sizeof *sum);
    }
    return bad == 0;
}
