#include "dispatch.h"
#include "include/CKernels.h"

#include <math.h>
#include <string.h>

CK_CLONES void ck_fill(float *x, size_t count, float value) {
    for (size_t i = 0; i < count; i++) x[i] = value;
}

CK_CLONES void ck_axpy(float *restrict y, const float *restrict x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) y[i] += scale * x[i];
}

CK_CLONES void ck_scale(float *x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) x[i] *= scale;
}

CK_CLONES void ck_lerp(float *restrict y, const float *restrict x, size_t count, float weight) {
    for (size_t i = 0; i < count; i++) y[i] += weight * (x[i] - y[i]);
}

// sum[i] = x[0][i] + x[1][i] + ..., from the left.
CK_INLINE void sum_members(float *restrict sum, const float *const *x, size_t members, size_t start, size_t count) {
    if (members == 1) {
        memcpy(sum, x[0] + start, count * sizeof *sum);
        return;
    }
    const float *first = x[0] + start, *second = x[1] + start;
    for (size_t i = 0; i < count; i++) sum[i] = first[i] + second[i];
    for (size_t m = 2; m < members; m++) {
        const float *next = x[m] + start;
        for (size_t i = 0; i < count; i++) sum[i] += next[i];
    }
}

CK_CLONES void ck_sum_groups(float *y, const float *const *x, const size_t *sizes, size_t groups, size_t count) {
    // A tile of every source is read before the result's is written, which may be the same memory.
    enum { TILE = 1024 };
    float total[TILE], group[TILE];
    for (size_t start = 0; start < count; start += TILE) {
        size_t length = count - start < TILE ? count - start : TILE;
        const float *const *members = x;
        for (size_t g = 0; g < groups; g++) {
            sum_members(g == 0 ? total : group, members, sizes[g], start, length);
            if (g > 0) for (size_t i = 0; i < length; i++) total[i] += group[i];
            members += sizes[g];
        }
        memcpy(y + start, total, length * sizeof *y);
    }
}

CK_CLONES double ck_squared_norm(const float *x, size_t count) {
    double lanes[CK_LANES] = {0};
    size_t i = 0;
    for (; i + CK_LANES <= count; i += CK_LANES) {
        for (size_t l = 0; l < CK_LANES; l++) {
            double v = x[i + l];
            lanes[l] += v * v;
        }
    }
    double sum = 0;
    for (size_t l = 0; l < CK_LANES; l++) sum += lanes[l];
    for (; i < count; i++) sum += (double)x[i] * x[i];
    return sum;
}

CK_CLONES bool ck_is_finite(const float *x, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7f800000u) == 0x7f800000u);
    }
    return bad == 0;
}
