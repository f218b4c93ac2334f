#include "product.h"

CK_INLINE void tile(
    const size_t R, const size_t W, const bool by_rows, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, const float *bias, bool adds) {
    CK_TILE_SUMS(sum);
    ck_tile_clear(R, W, sum);
    // C is often far away and needed only after the sums: its rows are fetched one by one, so that B does not
    // have to wait.
    size_t share = k / (R + 1) & ~(size_t)3;
    for (size_t i = 0; i <= R; i++) {
        size_t depth = i < R ? share : k - R * share;
        if (i < R) {
            CK_UNROLL for (size_t w = 0; w < W; w++) __builtin_prefetch(c + i * ldc + 16 * w, 1);
        }
        if (by_rows) {
            ck_tile_rows(R, W, depth, a, step, b, ldb, sum);
        } else {
            ck_tile_columns(R, W, depth, a, step, b, ldb, sum);
        }
        if (i == R) break;
        a += depth * (by_rows ? 1 : step);
        b += depth * ldb;
    }
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

#define TILE(kind, attributes, R, W, by_rows)                                                                          \
    attributes static void kind##_##R##x##W##_##by_rows(                                                               \
        size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc, const float *bias,    \
        bool adds) {                                                                                                   \
        tile(R, W, by_rows, k, a, step, b, ldb, c, ldc, bias, adds);                                                   \
    }
#define TILES(kind, attributes, R, W) TILE(kind, attributes, R, W, 0) TILE(kind, attributes, R, W, 1)

#define ROW_1(kind, R, by_rows) {kind##_##R##x1_##by_rows}
#define ROW_3(kind, R, by_rows) {kind##_##R##x1_##by_rows, kind##_##R##x2_##by_rows, kind##_##R##x3_##by_rows}

#if defined(__x86_64__)
#define WIDE_TILES(R) TILES(wide, CK_WIDE, R, 1) TILES(wide, CK_WIDE, R, 2) TILES(wide, CK_WIDE, R, 3)
WIDE_TILES(1)
WIDE_TILES(2)
WIDE_TILES(4)
WIDE_TILES(8)

static const ck_tile_set wide = {
    .rows = 8, .vectors = 3,
    .functions = {
        {ROW_3(wide, 1, 0), ROW_3(wide, 2, 0), ROW_3(wide, 4, 0), ROW_3(wide, 8, 0)},
        {ROW_3(wide, 1, 1), ROW_3(wide, 2, 1), ROW_3(wide, 4, 1), ROW_3(wide, 8, 1)}}};
#endif

TILES(narrow, CK_NARROW, 1, 1)
TILES(narrow, CK_NARROW, 2, 1)
TILES(narrow, CK_NARROW, 4, 1)
TILES(narrow, CK_NARROW, 6, 1)

static const ck_tile_set narrow = {
    .rows = 6, .vectors = 1,
    .functions = {
        {ROW_1(narrow, 1, 0), ROW_1(narrow, 2, 0), ROW_1(narrow, 4, 0), ROW_1(narrow, 6, 0)},
        {ROW_1(narrow, 1, 1), ROW_1(narrow, 2, 1), ROW_1(narrow, 4, 1), ROW_1(narrow, 6, 1)}}};

#if defined(__x86_64__)
TILES(small, __attribute__((noinline)), 1, 1)
TILES(small, __attribute__((noinline)), 2, 1)

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
