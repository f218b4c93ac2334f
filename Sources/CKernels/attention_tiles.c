#include "attention.h"

// The products of attention are small, so that a tile has to begin and end fast: the strips of rows of one panel are
// computed in one call, and nothing is fetched ahead. Four vectors suit heads of 64 and need the fewest loads for each
// multiplication.

#if defined(__x86_64__)
typedef void strip_function(
    size_t strips, size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc, bool adds);

CK_INLINE void strips_of(
    const size_t R, const size_t W, const bool by_rows, size_t strips, size_t k, const float *a, size_t step,
    const float *b, size_t ldb, float *c, size_t ldc, bool adds) {
    for (size_t s = 0; s < strips; s++, a += by_rows ? R * step : R, c += R * ldc) {
        CK_TILE_SUMS(sum);
        ck_tile_clear(R, W, sum);
        if (by_rows) {
            ck_tile_rows(R, W, k, a, step, b, ldb, sum);
        } else {
            ck_tile_columns(R, W, k, a, step, b, ldb, sum);
        }
        if (adds) {
            ck_tile_add(R, W, sum, c, ldc);
        } else {
            ck_tile_store(R, W, sum, c, ldc);
        }
    }
}

#define STRIPS(R, W, by_rows)                                                                                          \
    CK_WIDE static void strips_##R##x##W##_##by_rows(                                                                  \
        size_t strips, size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc,        \
        bool adds) {                                                                                                   \
        strips_of(R, W, by_rows, strips, k, a, step, b, ldb, c, ldc, adds);                                            \
    }
#define ALL_STRIPS(R, W) STRIPS(R, W, 0) STRIPS(R, W, 1)
#define SMALL_STRIPS(W) ALL_STRIPS(1, W) ALL_STRIPS(2, W) ALL_STRIPS(4, W)
SMALL_STRIPS(1)
SMALL_STRIPS(2)
SMALL_STRIPS(3)
SMALL_STRIPS(4)
ALL_STRIPS(8, 1)
ALL_STRIPS(8, 2)
ALL_STRIPS(8, 3)
ALL_STRIPS(6, 4)

// For A by columns and by rows, one to four vectors, and 1, 2, 4 and the most rows.
#define ROWS_OF(R, W, by_rows)                                                                                         \
    {strips_1x##W##_##by_rows, strips_2x##W##_##by_rows, strips_4x##W##_##by_rows, strips_##R##x##W##_##by_rows}
#define VECTORS_OF(by_rows)                                                                                            \
    {ROWS_OF(8, 1, by_rows), ROWS_OF(8, 2, by_rows), ROWS_OF(8, 3, by_rows), ROWS_OF(6, 4, by_rows)}

static strip_function *const functions[2][4][4] = {VECTORS_OF(0), VECTORS_OF(1)};

static void wide_product(
    bool by_rows, size_t rows, size_t vectors, size_t k, const float *a, size_t step, const float *b, size_t ldb,
    float *c, size_t ldc, bool adds) {
    for (size_t done = 0, wide; done < vectors; done += wide, b += 16 * wide, c += 16 * wide) {
        size_t left = vectors - done;
        // Five vectors are three and two rather than four and one.
        wide = left == 5 ? 3 : left < 4 ? left : 4;
        strip_function *const *choice = functions[by_rows][wide - 1];
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
    bool by_rows, size_t rows, size_t vectors, size_t k, const float *a, size_t step, const float *b, size_t ldb,
    float *c, size_t ldc, bool adds) {
#if defined(__x86_64__)
    if (ck_tile_wide()) {
        wide_product(by_rows, rows, vectors, k, a, step, b, ldb, c, ldc, adds);
        return;
    }
#endif
    const ck_tile_set *tiles = ck_tiles();
    for (size_t w = 0; w < 16 * vectors; w += 16 * tiles->vectors) {
        for (size_t i = 0, count; i < rows; i += count) {
            count = ck_tile_rows_of(tiles, rows - i);
            ck_tile_of(tiles, by_rows, count, tiles->vectors)(
                k, a + i * (by_rows ? step : 1), step, b + w, ldb, c + i * ldc + w, ldc, NULL, adds);
        }
    }
}
