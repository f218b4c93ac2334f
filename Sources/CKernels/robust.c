#include "dispatch.h"
#include "include/CKernels.h"

// Bits must not depend on the instruction set, as every machine may be the one that combines a part. So a factor is float32 wherever a
// product is added: products of two float32 numbers are exact in double, and a fused multiplication and addition rounds as two steps do.

// The center's block and its sums stay in the first cache while the members' blocks pass.
#define CK_ROBUST_BLOCK 512

// Sums over blocks of lanes in a fixed order.
CK_INLINE double squared_distance(const float *restrict x, const float *restrict center, size_t count) {
    double lanes[CK_LANES] = {0};
    size_t i = 0;
    for (; i + CK_LANES <= count; i += CK_LANES) {
        for (size_t l = 0; l < CK_LANES; l++) {
            float difference = x[i + l] - center[i + l];
            lanes[l] += (double)difference * (double)difference;
        }
    }
    double sum = 0;
    for (size_t l = 0; l < CK_LANES; l++) sum += lanes[l];
    for (; i < count; i++) {
        float difference = x[i] - center[i];
        sum += (double)difference * (double)difference;
    }
    return sum;
}

CK_CLONES void ck_clip_step(
    const float *restrict parts, size_t members, size_t count, const float *restrict coefficients, float *restrict center,
    double *restrict squares) {
    double sum[CK_ROBUST_BLOCK];
    for (size_t m = 0; m < members; m++) squares[m] = 0;
    for (size_t start = 0; start < count; start += CK_ROBUST_BLOCK) {
        size_t n = count - start < CK_ROBUST_BLOCK ? count - start : CK_ROBUST_BLOCK;
        float *c = center + start;
        if (coefficients) {
            for (size_t i = 0; i < n; i++) sum[i] = 0;
            for (size_t m = 0; m < members; m++) {
                const float *x = parts + m * count + start;
                double coefficient = coefficients[m];
                for (size_t i = 0; i < n; i++) {
                    float difference = x[i] - c[i];
                    sum[i] += coefficient * (double)difference;
                }
            }
            for (size_t i = 0; i < n; i++) c[i] = (float)((double)c[i] + sum[i] / (double)members);
        }
        for (size_t m = 0; m < members; m++) squares[m] += squared_distance(parts + m * count + start, c, n);
    }
}

CK_CLONES void ck_scaled_mean(
    const float *restrict parts, size_t members, size_t count, const float *restrict coefficients, double divisor,
    float *restrict result) {
    double sum[CK_ROBUST_BLOCK];
    for (size_t start = 0; start < count; start += CK_ROBUST_BLOCK) {
        size_t n = count - start < CK_ROBUST_BLOCK ? count - start : CK_ROBUST_BLOCK;
        for (size_t i = 0; i < n; i++) sum[i] = 0;
        for (size_t m = 0; m < members; m++) {
            const float *x = parts + m * count + start;
            double coefficient = coefficients[m];
            for (size_t i = 0; i < n; i++) sum[i] += coefficient * (double)x[i];
        }
        for (size_t i = 0; i < n; i++) result[start + i] = (float)(sum[i] / divisor);
    }
}
