#ifndef CK_ATTENTION_INTERNAL_H
#define CK_ATTENTION_INTERNAL_H

// Attention is computed transposed: scores are [keys, queries] and results [size, queries], for a panel of up to 64
// queries at a time. So queries fill the vectors whatever the size of a head is, the maxima and sums of the softmax
// need no exchange between lanes, and keys and values are the left sides of products, which need no packing. Exponents
// are those of 2. Heads in bfloat16 are read as pairs where the processor multiplies these, else they are widened.

#include "include/ck_attention.h"
#include "product_words.h"
#include "transpose.h"

// Queries in a panel, and keys in a block: the scores of a block stay in the nearest cache.
enum { ck_panel_vectors = 4, ck_panel_width = 16 * ck_panel_vectors, ck_key_block = 128 };

#define CK_LOG2_E 1.44269504f
#define CK_LN_2 0.693147181f

CK_INLINE size_t ck_padded(size_t n) { return (n + 15) & ~(size_t)15; }

// The first whole cache line of scratch memory.
enum { ck_alignment_loss = 15 };
CK_INLINE float *ck_aligned(float *x) { return (float *)(((uintptr_t)x + 63) & ~(uintptr_t)63); }

// Queries [first, first + count) in `width` lanes.
typedef struct ck_query_panel {
    size_t first, count, width;
} ck_query_panel;

// Panels are a function of the number of queries alone.
CK_INLINE ck_query_panel ck_query_panel_from(size_t first, size_t queries) {
    size_t count = queries - first < ck_panel_width ? queries - first : ck_panel_width;
    return (ck_query_panel){first, count, ck_padded(count)};
}

// Rows of float32 numbers.
typedef struct ck_rows {
    const float *at;
    size_t stride;
} ck_rows;

// Rows widened and padded with zeros.
CK_INLINE void ck_copy_rows(
    const void *x, ck_type type, size_t stride, size_t rows, size_t size, float *y, size_t stride_y) {
    for (size_t r = 0; r < rows; r++, y += stride_y) {
        for (size_t d = 0; d < size; d += 16) {
            v16 part;
            ck_load_part(ck_at(x, type, r * stride + d), type, size - d, &part);
            CK_V16(y + d) = part;
        }
    }
}

// Sixteen rows of up to 16 numbers, transposed; numbers beyond `depth` and rows beyond `count` are of no use.
CK_INLINE void ck_load_transposed(
    const void *x, const ck_type type, size_t stride, size_t count, size_t depth, v16 tile[16]) {
    // Whole vectors may be read of all rows but the last, because the next row follows.
    if (count == 16 && (depth == 16 || stride >= 16)) {
        CK_UNROLL for (size_t u = 0; u < 15; u++) ck_load(ck_at(x, type, u * stride), type, &tile[u]);
        ck_load_part(ck_at(x, type, 15 * stride), type, depth, &tile[15]);
    } else {
        float room[256] = {0};
        for (size_t u = 0; u < count; u++) {
            v16 row;
            ck_load_part(ck_at(x, type, u * stride), type, depth, &row);
            CK_V16(room + 16 * u) = row;
        }
        CK_UNROLL for (size_t u = 0; u < 16; u++) tile[u] = CK_CV16(room + 16 * u);
    }
    ck_transpose_rows(tile);
}

CK_INLINE void ck_pack_transposed_of(
    const void *x, const ck_type type, size_t stride, size_t rows, size_t size, float scale, float *y) {
    size_t width = ck_padded(rows);
    for (size_t r = 0; r < rows; r += 16) {
        size_t count = rows - r < 16 ? rows - r : 16;
        for (size_t d = 0; d < size; d += 16) {
            size_t depth = size - d < 16 ? size - d : 16;
            float *place = y + d * width + r;
            v16 tile[16];
            ck_load_transposed(ck_at(x, type, r * stride + d), type, stride, count, depth, tile);
            CK_UNROLL for (size_t u = 0; u < 16; u++) {
                if (u < depth) CK_V16(place + u * width) = tile[u] * scale;
            }
        }
    }
}

// y[d * width + r] = scale x[r * stride + d], `width` being `rows` in whole vectors; lanes beyond are zero.
CK_INLINE void ck_pack_transposed(
    const void *x, ck_type type, size_t stride, size_t rows, size_t size, float scale, float *y) {
    if (type == CK_FLOAT32) {
        ck_pack_transposed_of(x, CK_FLOAT32, stride, rows, size, scale, y);
    } else {
        ck_pack_transposed_of(x, CK_BFLOAT16, stride, rows, size, scale, y);
    }
}

// Up to sixteen rows of up to 16 numbers.
CK_INLINE void ck_store_rows(
    const v16 *rows, size_t count, size_t depth, void *y, const ck_type type, size_t stride, bool adds) {
    if (count == 16 && depth == 16 && !adds) {
        CK_UNROLL for (size_t u = 0; u < 16; u++) ck_store(&rows[u], ck_place(y, type, u * stride), type);
        return;
    }
    // The rows themselves stay in registers: only these are reached by an index.
    v16 room[16], old;
    CK_UNROLL for (size_t u = 0; u < 16; u++) room[u] = rows[u];
    for (size_t u = 0; u < count; u++) {
        void *place = ck_place(y, type, u * stride);
        if (adds) {
            ck_load_part(place, type, depth, &old);
            room[u] += old;
        }
        ck_store_part(&room[u], place, type, depth);
    }
}

CK_INLINE void ck_unpack_transposed_of(
    const float *x, size_t rows, size_t size, void *y, const ck_type type, size_t stride, bool adds) {
    size_t width = ck_padded(rows);
    for (size_t r = 0; r < rows; r += 16) {
        size_t count = rows - r < 16 ? rows - r : 16;
        for (size_t d = 0; d < size; d += 16) {
            const float *corner = x + d * width + r;
            size_t depth = size - d < 16 ? size - d : 16;
            v16 tile[16];
            CK_UNROLL for (size_t u = 0; u < 16; u++) {
                tile[u] = u < depth ? CK_CV16(corner + u * width) : (v16){0};
            }
            ck_transpose_rows(tile);
            ck_store_rows(tile, count, depth, ck_place(y, type, r * stride + d), type, stride, adds);
        }
    }
}

// y[r * stride + d] = x[d * width + r], or += with `adds`.
CK_INLINE void ck_unpack_transposed(
    const float *x, size_t rows, size_t size, void *y, ck_type type, size_t stride, bool adds) {
    if (type == CK_FLOAT32) {
        ck_unpack_transposed_of(x, rows, size, y, CK_FLOAT32, stride, adds);
    } else {
        ck_unpack_transposed_of(x, rows, size, y, CK_BFLOAT16, stride, adds);
    }
}

// C = A B, or += with `adds`: C is [rows, 16 vectors]; A(i, p) is a[i * step + p] by rows, else a[i + p * step]. A and
// B are words of the form, and k, step and ldb count them.
void ck_attention_product(
    ck_form form, bool by_rows, size_t rows, size_t vectors, size_t k, const float *a, size_t step, const float *b,
    size_t ldb, float *c, size_t ldc, bool adds);

// y = where ? x : other, lane by lane.
#define CK_SELECT(where, x, other, y)                                                                                  \
    do {                                                                                                               \
        v16b mask_ = (v16b)(where);                                                                                    \
        *(y) = (v16)((mask_ & (v16b)*(x)) | (~mask_ & (v16b)*(other)));                                              \
    } while (0)

// y = 2^x for x up to 127, at most 2 ulp; 0 below 2^-126; NaN stays NaN.
CK_INLINE void ck_exp2_vector(const v16 *x, v16 *y) {
    v16 t = *x, least = (v16){0} - 127.0f;
    CK_SELECT(least > t, &least, &t, &t);
    // Adding 1.5 * 2^23 + 127 leaves the exponent of 2^n, n the nearest integer, in the low bits.
    v16 shifted = t + 12583039.0f;
    v16 f = t - (shifted - 12583039.0f);
    v16 q = f * 0x1.41fbbcp-13f + 0x1.5f3e54p-10f;
    q = q * f + 0x1.3b2d4cp-7f;
    q = q * f + 0x1.c6aee8p-5f;
    q = q * f + 0x1.ebfbdcp-3f;
    q = q * f + 0x1.62e430p-1f;
    *y = (q * f + 1.0f) * (v16)((v16b)shifted << 23);
}

size_t ck_attention_gradient_scratch(ck_attention_head shape);

#endif
