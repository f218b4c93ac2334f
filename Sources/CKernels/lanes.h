#ifndef CK_LANES_H
#define CK_LANES_H

// Sums over a row in 4 x 16 independent lanes that are folded in a fixed order.

#include "vector.h"

CK_INLINE float ck_fold_sum(const float lanes[16]) {
    float t[8];
    for (int l = 0; l < 8; l++) t[l] = lanes[l] + lanes[l + 8];
    for (int l = 0; l < 4; l++) t[l] += t[l + 4];
    return (t[0] + t[2]) + (t[1] + t[3]);
}

// The sum over j below `count` of an expression in j, into the variable `total`; EXPRESSION may read vectors at j by AT(pointer).
#define CK_ROW_SUM(total, count, vector_expression, scalar_expression)                                                 \
    do {                                                                                                               \
        v16 sum_[4] = {{0}};                                                                                           \
        size_t j = 0;                                                                                                  \
        for (; j + 64 <= (count); j += 64) {                                                                           \
            CK_UNROLL for (size_t u = 0; u < 4; u++) sum_[u] += vector_expression(j + 16 * u);                         \
        }                                                                                                              \
        for (; j + 16 <= (count); j += 16) sum_[0] += vector_expression(j);                                            \
        float rest_ = 0;                                                                                               \
        for (; j < (count); j++) rest_ += scalar_expression(j);                                                        \
        v16 all_ = (sum_[0] + sum_[1]) + (sum_[2] + sum_[3]);                                                          \
        float lanes_[16];                                                                                              \
        memcpy(lanes_, &all_, sizeof lanes_);                                                                          \
        (total) = ck_fold_sum(lanes_) + rest_;                                                                         \
    } while (0)

#endif
