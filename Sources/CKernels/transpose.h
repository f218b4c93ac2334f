#ifndef CK_TRANSPOSE_H
#define CK_TRANSPOSE_H

#include "vector.h"

// One exchange of rows whose numbers differ in one bit: `first` and `second` list the lanes of the two new rows, lanes
// from 16 on being those of the later row.
#define CK_EXCHANGE(rows, distance, first, second)                                                                     \
    CK_UNROLL for (size_t i_ = 0; i_ < 16; i_++) {                                                                     \
        if (i_ & (distance)) continue;                                                                                 \
        v16 a_ = rows[i_], b_ = rows[i_ + (distance)];                                                                 \
        rows[i_] = __builtin_shufflevector(a_, b_, first);                                                             \
        rows[i_ + (distance)] = __builtin_shufflevector(a_, b_, second);                                               \
    }

#define CK_LANES_1A 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define CK_LANES_1B 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define CK_LANES_2A 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define CK_LANES_2B 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define CK_LANES_4A 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define CK_LANES_4B 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define CK_LANES_8A 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define CK_LANES_8B 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

// Exchanges lane i of row j and lane j of row i.
CK_INLINE void ck_transpose_rows(v16 rows[16]) {
    CK_EXCHANGE(rows, 1, CK_LANES_1A, CK_LANES_1B)
    CK_EXCHANGE(rows, 2, CK_LANES_2A, CK_LANES_2B)
    CK_EXCHANGE(rows, 4, CK_LANES_4A, CK_LANES_4B)
    CK_EXCHANGE(rows, 8, CK_LANES_8A, CK_LANES_8B)
}

// y[i * stride_y + j] = x[j * stride_x + i] for i and j below 16.
CK_INLINE void ck_transpose_tile(const float *x, size_t stride_x, float *y, size_t stride_y) {
    v16 rows[16];
    CK_UNROLL for (size_t j = 0; j < 16; j++) rows[j] = CK_CV16(x + j * stride_x);
    ck_transpose_rows(rows);
    CK_UNROLL for (size_t i = 0; i < 16; i++) CK_V16(y + i * stride_y) = rows[i];
}

#endif
