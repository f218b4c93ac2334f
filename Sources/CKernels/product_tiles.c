#include "product.h"

// The depth falls into a part for each row of C and a rest.
CK_INLINE size_t part_depth(const size_t R, size_t k, size_t i) {
    size_t share = k / (R + 1) & ~(size_t)3;
    return i < R ? share : k - R * share;
}

CK_INLINE void fetch_row(const size_t W, const float *c) {
    CK_UNROLL for (size_t w = 0; w < W; w++) __builtin_prefetch(c + 16 * w, 1);
}

CK_INLINE void finish(
    const size_t R, const size_t W, v16 sum[][ck_tile_most_vectors], float *c, size_t ldc, const float *bias,
    bool adds) {
    if (adds) {
        CK_UNROLL for (size_t i = 0; i < R; i++) {
            CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] += CK_CV16(c + i * ldc + 16 * w);
        }
    }
    if (bias) {
        CK_UNROLL for (size_t w = 0; w < W; w++) {
            v16 term = CK_CV16(bias + 16 * w);
            CK_UNROLL for (size_t i = 0; i < R; i++) sum[i][w] += term;
        }
    }
    ck_tile_store(R, W, sum, c, ldc);
}

// C is often far away and needed only after the sums: its rows are fetched one by one, so that B does not have to wait.
CK_INLINE void tile(
    const size_t R, const size_t W, const bool by_rows, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, const float *bias, bool adds) {
    CK_TILE_SUMS(sum);
    ck_tile_clear(R, W, sum);
    for (size_t i = 0; i <= R; i++) {
        size_t depth = part_depth(R, k, i);
        if (i < R) fetch_row(W, c + i * ldc);
        if (by_rows) {
            ck_tile_rows(R, W, depth, a, step, b, ldb, sum);
        } else {
            ck_tile_columns(R, W, depth, a, step, b, ldb, sum);
        }
        if (i == R) break;
        a += depth * (by_rows ? 1 : step);
        b += depth * ldb;
    }
    finish(R, W, sum, c, ldc, bias, adds);
}

// The instruction that multiplies pairs in bfloat16.
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
#define HAS_PAIRS 1
#define PAIRS __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,fma")))
#elif defined(__AVX512BF16__)
#define HAS_PAIRS 1
#define PAIRS
#else
#define HAS_PAIRS 0
#endif

#if HAS_PAIRS
typedef __bf16 v16_pairs __attribute__((vector_size(64)));

// The same tile with pairs; what contains the instruction must name its target, so it cannot be the same function.

// sum += A B, both products of a pair, that of the later depth first. For A by rows pointers are as in ck_tile_rows.
PAIRS CK_INLINE void pair_steps(
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

PAIRS CK_INLINE void pair_tile(
    const size_t R, const size_t W, const bool by_rows, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, const float *bias, bool adds) {
    CK_TILE_SUMS(sum);
    ck_tile_clear(R, W, sum);
    for (size_t i = 0; i <= R; i++) {
        size_t depth = part_depth(R, k, i);
        if (i < R) fetch_row(W, c + i * ldc);
        pair_steps(R, W, by_rows, depth, a, step, b, ldb, sum);
        if (i == R) break;
        a += depth * (by_rows ? 1 : step);
        b += depth * ldb;
    }
    finish(R, W, sum, c, ldc, bias, adds);
}
#endif

#define TILE(kind, attributes, R, W, by_rows, body)                                                                    \
    attributes static void kind##_##R##x##W##_##by_rows(                                                               \
        size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc, const float *bias,    \
        bool adds) {                                                                                                   \
        body(R, W, by_rows, k, a, step, b, ldb, c, ldc, bias, adds);                                                   \
    }
#define TILES(kind, attributes, R, W, body)                                                                            \
    TILE(kind, attributes, R, W, 0, body) TILE(kind, attributes, R, W, 1, body)

#define ROW_1(kind, R, by_rows) {kind##_##R##x1_##by_rows}
#define ROW_3(kind, R, by_rows) {kind##_##R##x1_##by_rows, kind##_##R##x2_##by_rows, kind##_##R##x3_##by_rows}

#define WIDE_SET(kind)                                                                                                 \
    {                                                                                                                  \
        .rows = 8, .vectors = 3,                                                                                       \
        .functions = {                                                                                                 \
            {ROW_3(kind, 1, 0), ROW_3(kind, 2, 0), ROW_3(kind, 4, 0), ROW_3(kind, 8, 0)},                              \
            {ROW_3(kind, 1, 1), ROW_3(kind, 2, 1), ROW_3(kind, 4, 1), ROW_3(kind, 8, 1)}},                             \
    }

#define WIDE_TILES(kind, attributes, R, body)                                                                          \
    TILES(kind, attributes, R, 1, body) TILES(kind, attributes, R, 2, body) TILES(kind, attributes, R, 3, body)

#if defined(__x86_64__)
WIDE_TILES(wide, CK_WIDE, 1, tile)
WIDE_TILES(wide, CK_WIDE, 2, tile)
WIDE_TILES(wide, CK_WIDE, 4, tile)
WIDE_TILES(wide, CK_WIDE, 8, tile)

static const ck_tile_set wide = WIDE_SET(wide);
#endif

#if HAS_PAIRS
#define PAIR_TILES(R) WIDE_TILES(pairs, __attribute__((noinline)) PAIRS, R, pair_tile)
PAIR_TILES(1)
PAIR_TILES(2)
PAIR_TILES(4)
PAIR_TILES(8)

static const ck_tile_set pairs = WIDE_SET(pairs);
#endif

TILES(narrow, CK_NARROW, 1, 1, tile)
TILES(narrow, CK_NARROW, 2, 1, tile)
TILES(narrow, CK_NARROW, 4, 1, tile)
TILES(narrow, CK_NARROW, 6, 1, tile)

static const ck_tile_set narrow = {
    .rows = 6, .vectors = 1,
    .functions = {
        {ROW_1(narrow, 1, 0), ROW_1(narrow, 2, 0), ROW_1(narrow, 4, 0), ROW_1(narrow, 6, 0)},
        {ROW_1(narrow, 1, 1), ROW_1(narrow, 2, 1), ROW_1(narrow, 4, 1), ROW_1(narrow, 6, 1)}}};

#if defined(__x86_64__)
TILES(small, __attribute__((noinline)), 1, 1, tile)
TILES(small, __attribute__((noinline)), 2, 1, tile)

static const ck_tile_set small = {
    .rows = 2, .vectors = 1,
    .functions = {
        {ROW_1(small, 1, 0), ROW_1(small, 2, 0), {NULL}, ROW_1(small, 2, 0)},
        {ROW_1(small, 1, 1), ROW_1(small, 2, 1), {NULL}, ROW_1(small, 2, 1)}}};
#endif

const ck_tile_set *ck_tiles(void) {
#if defined(__x86_64__)
    if (ck_tile_wide()) return &wide;
    if (!ck_tile_narrow()) return &small;
#endif
    return &narrow;
}

const ck_tile_set *ck_pair_tiles(void) {
#if HAS_PAIRS && !defined(CK_NO_CLONES)
    return ck_tile_wide() && __builtin_cpu_supports("avx512bf16") ? &pairs : NULL;
#elif HAS_PAIRS
    return &pairs;
#else
    return NULL;
#endif
}
