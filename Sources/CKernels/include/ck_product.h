#ifndef CK_PRODUCT_H
#define CK_PRODUCT_H

#include "ck_elementwise.h"
#include "ck_types.h"

#include <stdbool.h>
#include <stddef.h>

/// C = alpha A B + beta C with A [m, k], B [k, n] and C [m, n]: A(i, p) = a[i * a_row + p * a_column], B(p, j) =
/// b[p * b_row + j * b_column], C(i, j) = c[i * c_row + j]. One of the two distances of A is 1, and one of those of
/// B; with beta 0 C is not read.
///
/// If A or B is bfloat16, this is a half product: numbers of the other one are rounded to bfloat16 too, products are
/// exact and their sums float32. C is rounded when it is stored, once. Processors with an instruction for pairs of such
/// products add them in another order than others, and take subnormal numbers for 0.
typedef struct ck_product {
    size_t m, n, k;
    size_t a_row, a_column;
    size_t b_row, b_column;
    size_t c_row;
    float alpha, beta;
    ck_type a_type, b_type, c_type;
} ck_product;

/// What becomes of C before it is stored, in this order; all null: nothing. `inner`, `slope_at` and `residual` point to
/// numbers of the type of C.
typedef struct ck_product_finish {
    /// C(i, j) += bias[j].
    const float *bias;
    /// inner[i * inner_row + j] receives C(i, j) before the activation.
    void *inner;
    size_t inner_row;
    /// Whether C(i, j) = activation(C(i, j)): CK_RELU, CK_SILU, CK_GELU_ERF or CK_GELU_TANH.
    bool activates;
    ck_unary_op activation;
    /// C(i, j) *= activation'(slope_at[i * slope_row + j]), the gradient of the activation; not together with
    /// `activates`.
    const void *slope_at;
    size_t slope_row;
    /// C(i, j) += residual[i * residual_row + j].
    const void *residual;
    size_t residual_row;
} ck_product_finish;

/// The columns are computed in panels of neighbouring columns; their number depends on n and the processor.
size_t ck_product_panels(size_t n);

/// Whether B should be packed: it has to be in a half product, and unless its columns are neighbours and n is a
/// multiple of 16; that pays for many rows.
bool ck_product_packs(const ck_product *product);
/// The bytes that B takes when it is packed.
size_t ck_product_packed_size(const ck_product *product);
/// Packs panels [from, to) of B; different panels may be packed at the same time. `packed` is aligned to 4 bytes.
void ck_product_pack(const ck_product *product, const void *b, void *packed, size_t from, size_t to);

/// Rows [row, row_end) of panels [panel, panel_end) of C. `b` is what `ck_product_pack` made of all these panels if
/// `packed`, else B itself. Each number is one sum in the order of p in blocks whose size depends on k, so that it
/// does not depend on how C is cut.
void ck_product_compute(
    const ck_product *product, const ck_product_finish *finish, const void *a, const void *b, bool packed, void *c,
    size_t row, size_t row_end, size_t panel, size_t panel_end);

#endif
