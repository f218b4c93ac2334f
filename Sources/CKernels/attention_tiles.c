#include "attention.h"
#include "product_pairs.h"

// The products of attention are small, so that a tile has to begin and end fast: the strips of rows of one panel are
// computed in one call, and nothing is fetched ahead. Four vectors suit heads of 64 and need the fewest loads for each
// multiplication.

#if defined(__x86_64__)
typedef void strip_function(
    size_t strips, size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc, bool adds);

// The sums of tiles of either form become C; a strip follows the other.
#define STRIPS_OF(sums_of_tile)                                                                                        \
    for (size_t s = 0; s < strips; s++, a += by_rows ? R * step : R, c += R * ldc) {                                   \
        CK_TILE_SUMS(sum);                                                                                             \
        ck_tile_clear(R, W, sum);                                                                                      \
        sums_of_tile;                                                                                                  \
        if (adds) {                                                                                                    \
            ck_tile_add(R, W, sum, c, ldc);                                                                            \
        } else {                                                                                                       \
            ck_tile_store(R, W, sum, c, ldc);                                                                          \
        }                                                                                                              \
    }

CK_INLINE void floats_strips(
    const size_t R, const size_t W, const bool by_rows, size_t strips, size_t k, const float *a, size_t step,
    const float *b, size_t ldb, float *c, size_t ldc, bool adds) {
    if (by_rows) {
        STRIPS_OF(ck_tile_rows(R, W, k, a, step, b, ldb, sum))
    } else {
        STRIPS_OF(ck_tile_columns(R, W, k, a, step, b, ldb, sum))
    }
}

#if CK_HAS_PAIRS
CK_PAIRS CK_INLINE void pairs_strips(
    const size_t R, const size_t W, const bool by_rows, size_t strips, size_t k, const float *a, size_t step,
    const float *b, size_t ldb, float *c, size_t ldc, bool adds) {
    STRIPS_OF(ck_tile_pairs(R, W, by_rows, k, a, step, b, ldb, sum))
}
#endif

#define STRIPS(kind, attributes, R, W, by_rows)                                                                        \
    attributes static void kind##_##R##x##W##_##by_rows(                                                               \
        size_t strips, size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc,        \
        bool adds) {                                                                                                   \
        kind##_strips(R, W, by_rows, strips, k, a, step, b, ldb, c, ldc, adds);                                        \
    }
#define BOTH_STRIPS(kind, attributes, R, W) STRIPS(kind, attributes, R, W, 0) STRIPS(kind, attributes, R, W, 1)
#define SMALL_STRIPS(kind, attributes, W)                                                                              \
    BOTH_STRIPS(kind, attributes, 1, W) BOTH_STRIPS(kind, attributes, 2, W) BOTH_STRIPS(kind, attributes, 4, W)
#define ALL_STRIPS(kind, attributes)                                                                                   \
    SMALL_STRIPS(kind, attributes, 1)                                                                                  \
    SMALL_STRIPS(kind, attributes, 2)                                                                                  \
    SMALL_STRIPS(kind, attributes, 3)                                                                                  \
    SMALL_STRIPS(kind, attributes, 4)                                                                                  \
    BOTH_STRIPS(kind, attributes, 8, 1)                                                                                \
    BOTH_STRIPS(kind, attributes, 8, 2)                                                                                \
    BOTH_STRIPS(kind, attributes, 8, 3)                                                                                \
    BOTH_STRIPS(kind, attributes, 6, 4)

// For A by columns and by rows, one to four vectors, and 1, 2, 4 and the most rows.
#define ROWS_OF(kind, R, W, by_rows)                                                                                   \
    {kind##_1x##W##_##by_rows, kind##_2x##W##_##by_rows, kind##_4x##W##_##by_rows, kind##_##R##x##W##_##by_rows}
#define VECTORS_OF(kind, by_rows)                                                                                      \
    {ROWS_OF(kind, 8, 1, by_rows), ROWS_OF(kind, 8, 2, by_rows), ROWS_OF(kind, 8, 3, by_rows),                         \
     ROWS_OF(kind, 6, 4, by_rows)}

ALL_STRIPS(floats, CK_WIDE)
static strip_function *const float_strips[2][4][4] = {VECTORS_OF(floats, 0), VECTORS_OF(floats, 1)};

#if CK_HAS_PAIRS
ALL_STRIPS(pairs, __attribute__((noinline)) CK_PAIRS)
static strip_function *const pair_strips[2][4][4] = {VECTORS_OF(pairs, 0), VECTORS_OF(pairs, 1)};
#else
// Nobody chooses the form.
static strip_function *const pair_strips[2][4][4];
#endif

static void wide_product(
    ck_form form, bool by_rows, size_t rows, size_t vectors, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, bool adds) {
    for (size_t done = 0, wide; done < vectors; done += wide, b += 16 * wide, c += 16 * wide) {
        size_t left = vectors - done;
        // Five vectors are three and two rather than four and one.
        wide = left == 5 ? 3 : left < 4 ? left : 4;
        strip_function *const *choice = (form == ck_form_pairs ? pair_strips : float_strips)[by_rows][wide - 1];
        for (size_t i = 0, most = wide == 4 ? 6 : 8, count, strips; i < rows; i += count * strips) {
            size_t rest = rows - i;
            count = rest >= most ? most : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
            strips = rest / count;
            choice[count == most ? 3 : count / 2](
                strips, k, a + i * (by_rows ? step : 1), step, b, ldb, c + i * ldc, ldc, adds);
        }
    }
}
#endif

void ck_attention_product(
    ck_form form, bool by_rows, size_t rows, size_t vectors, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, bool adds) {
#if defined(__x86_64__)
    if (ck_tile_wide()) {
        wide_product(form, by_rows, rows, vectors, k, a, step, b, ldb, c, ldc, adds);
        return;
    }
#endif
    const ck_tile_set *tiles = ck_form_tiles(form);
    for (size_t w = 0; w < 16 * vectors; w += 16 * tiles->vectors) {
        for (size_t i = 0, count; i < rows; i += count) {
            count = ck_tile_rows_of(tiles, rows - i);
            ck_tile_of(tiles, by_rows, count, tiles->vectors)(
                k, a + i * (by_rows ? step : 1), step, b + w, ldb, c + i * ldc + w, ldc, NULL, adds);
        }
    }
}
