#ifndef CK_PRODUCT_PAIRS_H
#define CK_PRODUCT_PAIRS_H

// Tiles of pairs in bfloat16, for processors with the instruction that multiplies them (AVX512-BF16).

#include "product.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
#define CK_HAS_PAIRS 1
#define CK_PAIRS __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,fma")))
#elif defined(__AVX512BF16__)
#define CK_HAS_PAIRS 1
#define CK_PAIRS
#else
#define CK_HAS_PAIRS 0
#endif

#if CK_HAS_PAIRS
typedef __bf16 v16_pairs __attribute__((vector_size(64)));

// sum += A B, both products of a pair, that of the later depth first. What calls this must be CK_PAIRS, too. For A by
// rows pointers are as in ck_tile_rows.
CK_PAIRS CK_INLINE void ck_tile_pairs(
    const size_t R, const size_t W, const bool by_rows, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, v16 sum[][ck_tile_most_vectors]) {
    const float *pair[(ck_tile_most_rows + 1) / 2];
    CK_UNROLL for (size_t i = 0; i < R; i += 2) {
        pair[i / 2] = a + (by_rows ? i * step : i);
        if (by_rows) CK_TILE_OPAQUE(pair[i / 2]);
    }
#pragma clang loop unroll_count(4)
    for (size_t p = 0; p < k; p++, b += ldb) {
        v16_pairs right[ck_tile_most_vectors];
        CK_UNROLL for (size_t w = 0; w < W; w++) right[w] = (v16_pairs)CK_CV16(b + 16 * w);
        CK_UNROLL for (size_t i = 0; i < R; i++) {
            float x = pair[i / 2][by_rows ? (i % 2) * step + p : i % 2 + p * step];
            v16_pairs left = (v16_pairs)(v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
            CK_UNROLL for (size_t w = 0; w < W; w++) {
                sum[i][w] = __builtin_ia32_dpbf16ps_512(sum[i][w], left, right[w]);
            }
        }
        CK_TILE_STEP;
    }
}
#endif

#endif
