#include "include/ck_reduce.h"
#include "half.h"
#include "lanes.h"

// The largest of a row; 16 lanes.
CK_INLINE float row_max(const float *x, size_t count) {
    float m[16], best;
    if (count < 16) {
        best = x[0];
        for (size_t j = 1; j < count; j++) best = x[j] > best ? x[j] : best;
        return best;
    }
    memcpy(m, x, sizeof m);
    for (size_t j = 16; j + 16 <= count; j += 16) {
        for (size_t l = 0; l < 16; l++) m[l] = x[j + l] > m[l] ? x[j + l] : m[l];
    }
    for (size_t j = count - count % 16; j < count; j++) m[0] = x[j] > m[0] ? x[j] : m[0];
    best = m[0];
    for (size_t l = 1; l < 16; l++) best = m[l] > best ? m[l] : best;
    return best;
}

CK_INLINE float row_min(const float *x, size_t count) {
    float m[16], best;
    if (count < 16) {
        best = x[0];
        for (size_t j = 1; j < count; j++) best = x[j] < best ? x[j] : best;
        return best;
    }
    memcpy(m, x, sizeof m);
    for (size_t j = 16; j + 16 <= count; j += 16) {
        for (size_t l = 0; l < 16; l++) m[l] = x[j + l] < m[l] ? x[j + l] : m[l];
    }
    for (size_t j = count - count % 16; j < count; j++) m[0] = x[j] < m[0] ? x[j] : m[0];
    best = m[0];
    for (size_t l = 1; l < 16; l++) best = m[l] < best ? m[l] : best;
    return best;
}

#define VECTOR_X(at) CK_CV16(x + (at))
#define SCALAR_X(at) x[at]

CK_CLONES void ck_reduce_rows(
    ck_reduction op, const float *restrict x, float *restrict y, size_t rows, size_t columns, float scale) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        float value;
        switch (op) {
        case CK_SUM: CK_ROW_SUM(value, columns, VECTOR_X, SCALAR_X); break;
        case CK_MAX: value = row_max(x, columns); break;
        case CK_MIN: value = row_min(x, columns); break;
        }
        y[r] = scale * value;
    }
}

// 64 columns at a time in registers, then 16, then one.
CK_INLINE void sum_columns(
    ck_type type, const void *restrict x, size_t stride, float *restrict y, size_t rows, size_t columns, float scale) {
    size_t j = 0;
    v16 part;
    for (; j + 64 <= columns; j += 64) {
        v16 s[4] = {{0}};
        for (size_t r = 0; r < rows; r++) {
            CK_UNROLL for (size_t u = 0; u < 4; u++) {
                ck_load(ck_at(x, type, r * stride + j + 16 * u), type, &part);
                s[u] += part;
            }
        }
        CK_UNROLL for (size_t u = 0; u < 4; u++) CK_V16(y + j + 16 * u) = scale * s[u];
    }
    for (; j + 16 <= columns; j += 16) {
        v16 s = {0};
        for (size_t r = 0; r < rows; r++) {
            ck_load(ck_at(x, type, r * stride + j), type, &part);
            s += part;
        }
        CK_V16(y + j) = scale * s;
    }
    for (; j < columns; j++) {
        float s = 0;
        for (size_t r = 0; r < rows; r++) s += ck_read(x, type, r * stride + j);
        y[j] = scale * s;
    }
}

#define EXTREME_COLUMNS(relation)                                                                                      \
    for (size_t j = 0; j < columns; j++) y[j] = x[j];                                                                  \
    for (size_t r = 1; r < rows; r++) {                                                                                \
        x += stride;                                                                                                   \
        for (size_t j = 0; j < columns; j++) y[j] = x[j] relation y[j] ? x[j] : y[j];                                  \
    }                                                                                                                  \
    for (size_t j = 0; j < columns; j++) y[j] *= scale;                                                                \
    break;

CK_CLONES void ck_reduce_columns(
    ck_reduction op, const float *restrict x, size_t stride, float *restrict y, size_t rows, size_t columns,
    float scale) {
    switch (op) {
    case CK_SUM: sum_columns(CK_FLOAT32, x, stride, y, rows, columns, scale); break;
    case CK_MAX: EXTREME_COLUMNS(>)
    case CK_MIN: EXTREME_COLUMNS(<)
    }
}

CK_CLONES void ck_sum_half_columns(
    const uint16_t *restrict x, size_t stride, float *restrict y, size_t rows, size_t columns, float scale) {
    sum_columns(CK_BFLOAT16, x, stride, y, rows, columns, scale);
}

CK_CLONES void ck_softmax(
    const float *restrict x, float *restrict y, size_t rows, size_t columns, bool logarithm) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        float top = row_max(x, columns), sum;
        for (size_t j = 0; j < columns; j++) y[j] = ck_expf(x[j] - top);
#define VECTOR_Y(at) CK_CV16(y + (at))
#define SCALAR_Y(at) y[at]
        CK_ROW_SUM(sum, columns, VECTOR_Y, SCALAR_Y);
        if (logarithm) {
            float shift = top + ck_logf(sum);
            for (size_t j = 0; j < columns; j++) y[j] = x[j] - shift;
        } else {
            float scale = 1.0f / sum;
            for (size_t j = 0; j < columns; j++) y[j] *= scale;
        }
    }
}

CK_CLONES void ck_softmax_gradient(
    const float *restrict y, const float *restrict dy, float *restrict dx, size_t rows, size_t columns,
    bool logarithm) {
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        float sum;
        if (logarithm) {
#define VECTOR_DY(at) CK_CV16(dy + (at))
#define SCALAR_DY(at) dy[at]
            CK_ROW_SUM(sum, columns, VECTOR_DY, SCALAR_DY);
            for (size_t j = 0; j < columns; j++) dx[j] = dy[j] - ck_expf(y[j]) * sum;
        } else {
#define VECTOR_PRODUCT(at) (CK_CV16(y + (at)) * CK_CV16(dy + (at)))
#define SCALAR_PRODUCT(at) (y[at] * dy[at])
            CK_ROW_SUM(sum, columns, VECTOR_PRODUCT, SCALAR_PRODUCT);
            for (size_t j = 0; j < columns; j++) dx[j] = y[j] * (dy[j] - sum);
        }
    }
}

CK_CLONES float ck_largest_difference(const float *x, const float *y, size_t count) {
    // Magnitudes are ordered as their bits are, and what is not a number comes after infinity.
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        float difference = x[i] - y[i];
        uint32_t bits;
        memcpy(&bits, &difference, sizeof bits);
        bits &= 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    if (largest > 0x7f800000u) largest = 0x7f800000u;
    float result;
    memcpy(&result, &largest, sizeof result);
    return result;
}
