#include "include/ck_attention.h"
#include "vector.h"

// One tile of R rows and 16 W columns in registers; R and W are constants after inlining.
CK_INLINE void tile(
    const size_t R, const size_t W, size_t k, const float *restrict a, size_t row, size_t column,
    const float *restrict b, size_t ldb, float *restrict c, size_t ldc, bool accumulate) {
    v16 sum[8][2];
    CK_UNROLL for (size_t i = 0; i < R; i++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] = (v16){0};
    }
    for (size_t p = 0; p < k; p++) {
        v16 right[2];
        CK_UNROLL for (size_t w = 0; w < W; w++) right[w] = CK_CV16(b + p * ldb + 16 * w);
        CK_UNROLL for (size_t i = 0; i < R; i++) {
            float left = a[i * row + p * column];
            CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] += left * right[w];
        }
    }
    CK_UNROLL for (size_t i = 0; i < R; i++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) {
            v16u *place = (v16u *)(c + i * ldc + 16 * w);
            *place = accumulate ? *place + sum[i][w] : sum[i][w];
        }
    }
}

// One strip of R rows.
CK_INLINE void strip(
    const size_t R, const size_t W, size_t n, size_t k, const float *a, size_t row, size_t column, const float *b,
    size_t ldb, float *c, size_t ldc, bool accumulate) {
    size_t j = 0;
    for (; j + 16 * W <= n; j += 16 * W) tile(R, W, k, a, row, column, b + j, ldb, c + j, ldc, accumulate);
    if (W == 2 && j < n) tile(R, 1, k, a, row, column, b + j, ldb, c + j, ldc, accumulate);
}

// 32 registers of 16 numbers hold 8 x 2 sums; fewer or narrower ones hold 4 x 1.
CK_INLINE bool has_wide_registers(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

CK_CLONES void ck_small_gemm(
    size_t m, size_t n, size_t k, const float *a, size_t row, size_t column, const float *b, size_t ldb, float *c,
    size_t ldc, bool accumulate) {
    size_t i = 0;
    if (has_wide_registers()) {
        for (; i + 8 <= m; i += 8) {
            strip(8, 2, n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc, accumulate);
        }
        for (; i + 4 <= m; i += 4) {
            strip(4, 2, n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc, accumulate);
        }
        for (; i < m; i++) strip(1, 2, n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc, accumulate);
    } else {
        for (; i + 4 <= m; i += 4) {
            strip(4, 1, n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc, accumulate);
        }
        for (; i < m; i++) strip(1, 1, n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc, accumulate);
    }
}
