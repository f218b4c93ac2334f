#ifndef CK_PRODUCT_FINISH_H
#define CK_PRODUCT_FINISH_H

// What becomes of the sums of a tile before they are stored.

#include "half.h"
#include "include/ck_product.h"
#include "product.h"

// x[i] = f(x[i]).
#define CK_APPLY(function) CK_EACH for (size_t i = 0; i < count; i++) x[i] = function(x[i])

CK_INLINE float ck_relu(float x) { return x > 0 ? x : 0; }
CK_INLINE float ck_relu_slope(float x) { return x > 0 ? 1 : 0; }

CK_INLINE void ck_activate(ck_unary_op op, float *x, size_t count) {
    switch (op) {
    case CK_SILU: CK_APPLY(ck_siluf); break;
    case CK_GELU_ERF: CK_APPLY(ck_gelu_erff); break;
    case CK_GELU_TANH: CK_APPLY(ck_gelu_tanhf); break;
    default: CK_APPLY(ck_relu); break;
    }
}

CK_INLINE void ck_slope(ck_unary_op op, float *x, size_t count) {
    switch (op) {
    case CK_SILU: CK_APPLY(ck_silu_slope); break;
    case CK_GELU_ERF: CK_APPLY(ck_gelu_erf_slope); break;
    case CK_GELU_TANH: CK_APPLY(ck_gelu_tanh_slope); break;
    default: CK_APPLY(ck_relu_slope); break;
    }
}

// Rows of numbers from a row and a column of C on.
typedef struct ck_result {
    void *x;
    ck_type type;
    size_t stride, row, column;
} ck_result;

CK_INLINE void *ck_result_at(ck_result y, size_t i, size_t j) {
    return ck_place(y.x, y.type, (i - y.row) * y.stride + j - y.column);
}

// Vectors of a tile at most.
enum { ck_tile_vectors = 8 * 3 };

// A part of C whose sums lie in rows of 16 W numbers.
typedef struct ck_tile_part {
    size_t i, j, rows, vectors, width;
} ck_tile_part;

// For each vector of `part`: its row r, its place w in the row and its place v among the sums.
#define CK_EACH_VECTOR                                                                                                 \
    for (size_t r = 0; r < part.rows; r++)                                                                             \
        for (size_t w = 0, v = r * part.vectors; w < part.vectors; w++, v++)
#define CK_COUNT (part.width - 16 * w)

CK_INLINE void ck_load_tile(ck_tile_part part, ck_result from, v16 *x) {
    CK_EACH_VECTOR ck_load_part(ck_result_at(from, part.i + r, part.j + 16 * w), from.type, CK_COUNT, &x[v]);
}

CK_INLINE void ck_store_tile(ck_tile_part part, const v16 *x, ck_result to) {
    bool whole = part.width == 16 * part.vectors;
    for (size_t r = 0; r < part.rows; r++, x += part.vectors) {
        void *row = ck_result_at(to, part.i + r, part.j);
        for (size_t w = 0; w < part.vectors; w++) {
            void *place = ck_place(row, to.type, 16 * w);
            if (whole) {
                ck_store(&x[w], place, to.type);
            } else {
                ck_store_part(&x[w], place, to.type, CK_COUNT);
            }
        }
    }
}

// x += scale * from.
CK_INLINE void ck_add_tile(ck_tile_part part, ck_result from, float scale, v16 *x) {
    v16 term;
    CK_EACH_VECTOR {
        ck_load_part(ck_result_at(from, part.i + r, part.j + 16 * w), from.type, CK_COUNT, &term);
        x[v] += scale * term;
    }
}

// x as it reads after it was stored in bfloat16.
CK_INLINE void ck_round_sums(v16 *x, size_t count) {
    for (size_t v = 0; v < count; v++) {
        v16b bits;
        ck_round_vector(&x[v], &bits);
        x[v] = (v16)(bits & 0xffff0000u);
    }
}

CK_INLINE void ck_finish_sums(const ck_product_finish *f, ck_type type, ck_tile_part part, v16 *x) {
    size_t count = part.rows * part.vectors;
    if (f->bias) {
        v16 term;
        CK_EACH_VECTOR {
            ck_load_part(f->bias + part.j + 16 * w, CK_FLOAT32, CK_COUNT, &term);
            x[v] += term;
        }
    }
    if (f->inner) ck_store_tile(part, x, (ck_result){f->inner, type, f->inner_row, 0, 0});
    // Whether it was stored or not, the activation is that of the number which the next layer's gradient can see again.
    if (f->activates && type == CK_BFLOAT16) ck_round_sums(x, count);
    if (f->activates) ck_activate(f->activation, (float *)x, 16 * count);
    if (f->slope_at) {
        v16 terms[ck_tile_vectors];
        ck_load_tile(part, (ck_result){(void *)f->slope_at, type, f->slope_row, 0, 0}, terms);
        ck_slope(f->activation, (float *)terms, 16 * count);
        for (size_t v = 0; v < count; v++) x[v] *= terms[v];
    }
    if (f->residual) ck_add_tile(part, (ck_result){(void *)f->residual, type, f->residual_row, 0, 0}, 1, x);
}

#endif
