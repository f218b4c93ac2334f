#ifndef CK_WINOGRAD_LINES_H
#define CK_WINOGRAD_LINES_H

// The transforms of ck_winograd.h along one line.
//
// In every function m is the tile, 2 or 4, and constant after inlining. A line is every `step`-th vector.
//
// Tile 2:
//     B^T = 1  0 -1  0    G = 1    0   0      A^T = 1 1  1  0
//           0  1  1  0        1/2  1/2 1/2          0 1 -1 -1
//           0 -1  1  0        1/2 -1/2 1/2
//           0  1  0 -1        0    0   1
// Tile 4 (fractions of powers of two in B and A are exact in float32):
//     B^T = 81/64    0 -45/16     0 1 0    G =   64/81      0     0    A^T = 1     1      1    1     1 0
//           0   -27/16  -9/4    3/4 1 0        -128/243 -32/81 -8/27         0   3/4   -3/4  3/2  -3/2 0
//           0    27/16  -9/4   -3/4 1 0        -128/243  32/81 -8/27         0  9/16   9/16  9/4   9/4 0
//           0   -27/32  -9/16   3/2 1 0          32/243  16/81  8/27         0 27/64 -27/64 27/8 -27/8 1
//           0    27/32  -9/16  -3/2 1 0          32/243 -16/81  8/27
//           0    81/64   0   -45/16 0 1          0       0      1

#include "vector.h"

enum { wino_most_side = 6, wino_most_points = 36 };

// B^T d.
CK_INLINE void wino_input_line(const size_t m, const v16 *d, size_t step, v16 *r) {
    v16 d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    if (m == 2) {
        r[0] = d0 - d2;
        r[step] = d1 + d2;
        r[2 * step] = d2 - d1;
        r[3 * step] = d1 - d3;
        return;
    }
    v16 d4 = d[4 * step], d5 = d[5 * step];
    v16 even = d4 - 2.25f * d2, odd = 0.75f * d3 - 1.6875f * d1;
    v16 far_even = d4 - 0.5625f * d2, far_odd = 1.5f * d3 - 0.84375f * d1;
    r[0] = d4 - 2.8125f * d2 + 1.265625f * d0;
    r[step] = even + odd;
    r[2 * step] = even - odd;
    r[3 * step] = far_even + far_odd;
    r[4 * step] = far_even - far_odd;
    r[5 * step] = d5 - 2.8125f * d3 + 1.265625f * d1;
}

// A^T s: the first m places of the result.
CK_INLINE void wino_output_line(const size_t m, const v16 *s, size_t step, v16 *r) {
    v16 sum = s[step] + s[2 * step], difference = s[step] - s[2 * step];
    if (m == 2) {
        r[0] = s[0] + sum;
        r[step] = difference - s[3 * step];
        return;
    }
    v16 far_sum = s[3 * step] + s[4 * step], far_difference = s[3 * step] - s[4 * step];
    r[0] = s[0] + sum + far_sum;
    r[step] = 0.75f * difference + 1.5f * far_difference;
    r[2 * step] = 0.5625f * sum + 2.25f * far_sum;
    r[3 * step] = s[5 * step] + 0.421875f * difference + 3.375f * far_difference;
}

// A g from the first m places.
CK_INLINE void wino_upstream_line(const size_t m, const v16 *g, size_t step, v16 *r) {
    v16 g0 = g[0], g1 = g[step];
    if (m == 2) {
        r[0] = g0;
        r[step] = g0 + g1;
        r[2 * step] = g0 - g1;
        r[3 * step] = -g1;
        return;
    }
    v16 g2 = g[2 * step], g3 = g[3 * step];
    v16 even = g0 + 0.5625f * g2, odd = 0.75f * g1 + 0.421875f * g3;
    v16 far_even = g0 + 2.25f * g2, far_odd = 1.5f * g1 + 3.375f * g3;
    r[0] = g0;
    r[step] = even + odd;
    r[2 * step] = even - odd;
    r[3 * step] = far_even + far_odd;
    r[4 * step] = far_even - far_odd;
    r[5 * step] = g3;
}

// G w from the first three places.
CK_INLINE void wino_weight_line(const size_t m, const v16 *w, size_t step, v16 *r) {
    v16 w0 = w[0], w1 = w[step], w2 = w[2 * step];
    r[0] = m == 2 ? w0 : w0 * (64.0f / 81.0f);
    if (m == 2) {
        v16 even = 0.5f * (w0 + w2), odd = 0.5f * w1;
        r[step] = even + odd;
        r[2 * step] = even - odd;
        r[3 * step] = w2;
        return;
    }
    v16 even = (-128.0f / 243.0f) * w0 - (8.0f / 27.0f) * w2, odd = (-32.0f / 81.0f) * w1;
    v16 far_even = (32.0f / 243.0f) * w0 + (8.0f / 27.0f) * w2, far_odd = (16.0f / 81.0f) * w1;
    r[step] = even + odd;
    r[2 * step] = even - odd;
    r[3 * step] = far_even + far_odd;
    r[4 * step] = far_even - far_odd;
    r[5 * step] = w2;
}

// G^T s: the first three places of the result.
CK_INLINE void wino_weight_gradient_line(const size_t m, const v16 *s, size_t step, v16 *r) {
    v16 s0 = s[0], sum = s[step] + s[2 * step], difference = s[step] - s[2 * step];
    if (m == 2) {
        r[0] = s0 + 0.5f * sum;
        r[step] = 0.5f * difference;
        r[2 * step] = 0.5f * sum + s[3 * step];
        return;
    }
    v16 far_sum = s[3 * step] + s[4 * step], far_difference = s[3 * step] - s[4 * step];
    r[0] = (64.0f / 81.0f) * s0 - (128.0f / 243.0f) * sum + (32.0f / 243.0f) * far_sum;
    r[step] = (16.0f / 81.0f) * far_difference - (32.0f / 81.0f) * difference;
    r[2 * step] = (8.0f / 27.0f) * (far_sum - sum) + s[5 * step];
}

// Applies a line to the first `columns` columns, then to the first `rows` rows of a square in rows of six vectors.
#define WINO_SQUARE(line, m, square, columns, rows)                                                                    \
    do {                                                                                                               \
        v16 half_[wino_most_points];                                                                                   \
        CK_UNROLL for (size_t j_ = 0; j_ < (columns); j_++) line(m, (square) + j_, wino_most_side, half_ + j_);        \
        CK_UNROLL for (size_t i_ = 0; i_ < (rows); i_++) {                                                             \
            line(m, half_ + wino_most_side * i_, 1, (square) + wino_most_side * i_);                                   \
        }                                                                                                              \
    } while (0)

#endif
