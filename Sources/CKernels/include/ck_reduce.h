#ifndef CK_REDUCE_H
#define CK_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What several numbers become.
typedef enum ck_reduction { CK_SUM, CK_MAX, CK_MIN } ck_reduction;

/// y[r] = scale * reduction over j of x[r, j]; x is [rows, columns], columns at least 1 for max and min.
void ck_reduce_rows(
    ck_reduction op, const float *restrict x, float *restrict y, size_t rows, size_t columns, float scale);
/// y[j] = scale * reduction over r of x[r * stride + j], in the order of r; rows at least 1 for max and min.
void ck_reduce_columns(
    ck_reduction op, const float *restrict x, size_t stride, float *restrict y, size_t rows, size_t columns,
    float scale);
/// The sums of columns of bfloat16 numbers.
void ck_sum_half_columns(
    const uint16_t *restrict x, size_t stride, float *restrict y, size_t rows, size_t columns, float scale);
/// Softmax of each row of [rows, columns], or its logarithm.
void ck_softmax(const float *restrict x, float *restrict y, size_t rows, size_t columns, bool logarithm);
/// dx from the result y of `ck_softmax` and its gradient dy.
void ck_softmax_gradient(
    const float *restrict y, const float *restrict dy, float *restrict dx, size_t rows, size_t columns,
    bool logarithm);
/// max |x - y|; infinity if a difference is not a number, 0 for no numbers.
float ck_largest_difference(const float *x, const float *y, size_t count);

#endif
