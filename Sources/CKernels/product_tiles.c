#include "product_pairs.h"

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

#if CK_HAS_PAIRS
// The same tile with pairs; what contains the instruction must name its target, so it cannot be the same function.
CK_PAIRS CK_INLINE void pair_tile(
    const size_t R, const size_t W, const bool by_rows, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, const float *bias, bool adds) {
    CK_TILE_SUMS(sum);
    ck_tile_clear(R, W, sum);
    for (size_t i = 0; i <= R; i++) {
        size_t depth = part_depth(R, k, i);
        if (i < R) fetch_row(W, c + i * ldc);
        ck_tile_pairs(R, W, by_rows, depth, a, step, b, ldb, sum);
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

#if CK_HAS_PAIRS
#define PAIR_TILES(R) WIDE_TILES(pairs, __attribute__((noinline)) CK_PAIRS, R, pair_tile)
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
#if CK_HAS_PAIRS && !defined(CK_NO_CLONES)
    return ck_tile_wide() && __builtin_cpu_supports("avx512bf16") ? &pairs : NULL;
#elif CK_HAS_PAIRS
    return &pairs;
#else
    return NULL;
#endif
}
