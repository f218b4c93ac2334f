#ifndef CK_LAYOUT_H
#define CK_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A copy of extent[0] x ... x extent[3] elements between strided places; the last axis is the innermost.
typedef struct ck_strided {
    size_t extent[4];
    ptrdiff_t source[4];
    ptrdiff_t target[4];
} ck_strided;

/// y[sum i target] = x[sum i source], or += with `accumulate`; target places differ from each other.
void ck_copy_strided(ck_strided shape, const float *x, float *y, bool accumulate);
/// y[i * stride_y + j] = x[j * stride_x + i] for i below rows, j below columns.
void ck_transpose(
    const float *restrict x, size_t stride_x, float *restrict y, size_t stride_y, size_t rows, size_t columns,
    bool accumulate);
/// y[i, :] = x[indices[i], :] for `count` rows of `width`.
void ck_gather_rows(
    const float *restrict x, const int64_t *restrict indices, float *restrict y, size_t count, size_t width);
/// y[indices[i], j] += x[i, j] for j in [from, to), in the order of i.
void ck_scatter_add_rows(
    const float *restrict x, const int64_t *restrict indices, float *restrict y, size_t count, size_t width,
    size_t from, size_t to);

/// Rows [from, to) of the result [2 height, 2 width, channels] from one image [height, width, channels]: each pixel four times.
void ck_nearest_up(
    const float *restrict x, float *restrict y, size_t width, size_t channels, size_t from, size_t to);
/// Its gradient for rows [from, to) of dx.
void ck_nearest_up_gradient(
    const float *restrict dy, float *restrict dx, size_t width, size_t channels, size_t from, size_t to);
/// Rows [from, to) of the result [2 height, 2 width, channels]: bilinear, pixel centres at half integers, edges repeated.
void ck_bilinear_up(
    const float *restrict x, float *restrict y, size_t height, size_t width, size_t channels, size_t from, size_t to);
/// Its gradient for rows [from, to) of dx.
void ck_bilinear_up_gradient(
    const float *restrict dy, float *restrict dx, size_t height, size_t width, size_t channels, size_t from,
    size_t to);
/// Rows [from, to) of the result [height / 2, width / 2, channels]: means of 2 x 2 pixels; an odd last row or column is left out.
void ck_average_down(
    const float *restrict x, float *restrict y, size_t width, size_t channels, size_t from, size_t to);
/// Its gradient for rows [from, to) of dx [height, width, channels].
void ck_average_down_gradient(
    const float *restrict dy, float *restrict dx, size_t height, size_t width, size_t channels, size_t from,
    size_t to);

#endif
