#ifndef CK_PRODUCT_INTERNAL_H
#define CK_PRODUCT_INTERNAL_H

// Tiles of a product C = A B that stay in registers. A tile is R rows of A against 16 W columns of B over a depth k:
//
//     CK_TILE_SUMS(sum);
//     ck_tile_clear(R, W, sum);
//     ck_tile_columns(R, W, k, a, column, b, ldb, sum);    // or ck_tile_rows
//     ck_tile_store(R, W, sum, c, ldc);                    // or ck_tile_add
//
// R and W must be constants after inlining. Each sum is one chain in the order of the depth, so a result does not
// depend on R and W. B is read as k rows of 16 W numbers, ldb apart; a packed panel has ldb = 16 W. A is read in one
// of two ways:
// - columns: A(i, p) = a[i + p * column], a packed panel of R rows (column = R) or a transposed matrix;
// - rows: A(i, p) = a[i * row + p].
// 8 x 3 suits 32 registers of 16 numbers: it has the fewest loads for each multiplication. 6 x 1 suits 16 registers
// of 8 numbers and 32 of 4. A tile should be alone in a function, or the compiler keeps a part of the sums in
// memory; CK_WIDE and CK_NARROW are for such functions. `ck_tiles` has all of them ready.

#include "vector.h"

#include <stdbool.h>

enum { ck_tile_most_rows = 12, ck_tile_most_vectors = 4 };

#define CK_TILE_SUMS(sum) v16 sum[ck_tile_most_rows][ck_tile_most_vectors]

// Functions for 32 registers of 16 numbers and for 16 of 8.
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
#define CK_WIDE __attribute__((noinline, target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define CK_NARROW __attribute__((noinline, target("avx2,fma")))
#else
#define CK_WIDE __attribute__((noinline))
#define CK_NARROW __attribute__((noinline))
#endif

// Whether CK_WIDE may be called, and is worth it.
CK_INLINE bool ck_tile_wide(void) {
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
    return __builtin_cpu_supports("x86-64-v4");
#elif defined(__AVX512F__)
    return true;
#else
    return false;
#endif
}

// The same for CK_NARROW.
CK_INLINE bool ck_tile_narrow(void) {
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_NO_CLONES)
    return __builtin_cpu_supports("x86-64-v3");
#elif defined(__x86_64__) && !defined(__AVX2__)
    return false;
#else
    return true;
#endif
}

CK_INLINE void ck_tile_clear(const size_t R, const size_t W, v16 sum[][ck_tile_most_vectors]) {
    CK_UNROLL for (size_t i = 0; i < R; i++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] = (v16){0};
    }
}

// Keeps the numbers of one step from being loaded during the step before: the sums leave few registers free.
#define CK_TILE_STEP __asm__ volatile("" ::: "memory")

// sum += A B, one column of A and one row of B at a time.
CK_INLINE void ck_tile_columns(
    const size_t R, const size_t W, size_t k, const float *a, size_t column, const float *b, size_t ldb,
    v16 sum[][ck_tile_most_vectors]) {
#pragma clang loop unroll_count(4)
    for (size_t p = 0; p < k; p++, a += column, b += ldb) {
        v16 right[ck_tile_most_vectors];
        CK_UNROLL for (size_t w = 0; w < W; w++) right[w] = CK_CV16(b + 16 * w);
        CK_UNROLL for (size_t i = 0; i < R; i++) {
            float left = a[i];
            CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] += left * right[w];
        }
        CK_TILE_STEP;
    }
}

// Keeps the compiler from deriving one pointer from another, which would take an addition for each use.
#define CK_TILE_OPAQUE(pointer) __asm__("" : "+r"(pointer))

// The same with A by rows: every second row has a pointer of its own, its neighbour is reached by the distance of rows.
CK_INLINE void ck_tile_rows(
    const size_t R, const size_t W, size_t k, const float *a, size_t row, const float *b, size_t ldb,
    v16 sum[][ck_tile_most_vectors]) {
    const float *pair[(ck_tile_most_rows + 1) / 2];
    CK_UNROLL for (size_t i = 0; i < R; i += 2) {
        pair[i / 2] = a + i * row;
        CK_TILE_OPAQUE(pair[i / 2]);
    }
#pragma clang loop unroll_count(4)
    for (size_t p = 0; p < k; p++, b += ldb) {
        v16 right[ck_tile_most_vectors];
        CK_UNROLL for (size_t w = 0; w < W; w++) right[w] = CK_CV16(b + 16 * w);
        CK_UNROLL for (size_t i = 0; i < R; i++) {
            float left = pair[i / 2][(i % 2) * row + p];
            CK_UNROLL for (size_t w = 0; w < W; w++) sum[i][w] += left * right[w];
        }
        CK_TILE_STEP;
    }
}

// C = sum.
CK_INLINE void ck_tile_store(
    const size_t R, const size_t W, v16 sum[][ck_tile_most_vectors], float *c, size_t ldc) {
    CK_UNROLL for (size_t i = 0; i < R; i++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) CK_V16(c + i * ldc + 16 * w) = sum[i][w];
    }
}

// C += sum.
CK_INLINE void ck_tile_add(
    const size_t R, const size_t W, v16 sum[][ck_tile_most_vectors], float *c, size_t ldc) {
    CK_UNROLL for (size_t i = 0; i < R; i++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) CK_V16(c + i * ldc + 16 * w) += sum[i][w];
    }
}

// C = A B + C, without the latter unless `adds`, then C += bias[column], if there is one. `step` is the distance of
// rows or of columns.
typedef void ck_tile_function(
    size_t k, const float *a, size_t step, const float *b, size_t ldb, float *c, size_t ldc, const float *bias,
    bool adds);

// The tiles of a processor.
typedef struct ck_tile_set {
    // Rows and vectors of the largest tile.
    size_t rows, vectors;
    // For A by columns and by rows; for 1, 2, 4 and the most rows; for 1, 2 and 3 vectors. Null beyond the
    // largest tile.
    ck_tile_function *functions[2][4][3];
} ck_tile_set;

const ck_tile_set *ck_tiles(void);

// Tiles of the same sizes whose numbers of A and B are pairs in bfloat16, two neighbouring depths each, the earlier one
// in the lower half; k, steps and ldb count pairs. Null for a processor without instructions for them.
const ck_tile_set *ck_pair_tiles(void);

// The rows of the next tile when `left` are left.
CK_INLINE size_t ck_tile_rows_of(const ck_tile_set *set, size_t left) {
    if (left >= set->rows) return set->rows;
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

CK_INLINE ck_tile_function *ck_tile_of(const ck_tile_set *set, bool by_rows, size_t rows, size_t vectors) {
    return set->functions[by_rows][rows == set->rows ? 3 : rows / 2][vectors - 1];
}

// How a product is cut. The depth, counted in numbers or pairs, falls into blocks of one size, a function of k alone;
// the columns fall into panels of up to three vectors, none of them narrow where another cut is possible.

enum { ck_product_most_depth = 384 };

CK_INLINE size_t ck_product_depth(size_t k) {
    size_t blocks = (k + ck_product_most_depth - 1) / ck_product_most_depth;
    return blocks < 2 ? k : ((k + blocks - 1) / blocks + 7) & ~(size_t)7;
}

CK_INLINE size_t ck_product_vectors(size_t n) { return (n + 15) / 16; }

CK_INLINE size_t ck_product_panel_count(size_t vectors, size_t most) { return (vectors + most - 1) / most; }

// The first vector of a panel; that of the panel after the last is the number of vectors.
CK_INLINE size_t ck_product_panel_start(size_t vectors, size_t panel, size_t most) {
    size_t count = ck_product_panel_count(vectors, most);
    if (panel >= count) return vectors;
    bool evens = most == 3 && panel > 0 && panel == count - 1 && vectors % 3 == 1;
    return evens ? vectors - 2 : most * panel;
}

#endif
