#include "include/ck_elementwise.h"
#include "vector.h"

// One loop over the elements; v stands for x[i].
#define MAP(expression)                                                                                                \
    CK_EACH for (size_t i = 0; i < count; i++) {                                                                       \
        float v = x[i];                                                                                                \
        y[i] = (expression);                                                                                           \
    }                                                                                                                  \
    break;

CK_CLONES void ck_unary(ck_unary_op op, float p, float q, const float *x, float *y, size_t count) {
    switch (op) {
    case CK_NEGATE: MAP(-v)
    case CK_EXP: MAP(ck_expf(v))
    case CK_LOG: MAP(ck_logf(v))
    case CK_SQRT: MAP(sqrtf(v))
    case CK_RSQRT: MAP(1.0f / sqrtf(v))
    case CK_RECIPROCAL: MAP(1.0f / v)
    case CK_TANH: MAP(ck_tanhf(v))
    case CK_SIGMOID: MAP(ck_sigmoidf(v))
    case CK_SOFTPLUS: MAP((v > 0 ? v : 0) + ck_log1pf(ck_expf(-fabsf(v))))
    case CK_ABS: MAP(fabsf(v))
    case CK_SQUARE: MAP(v *v)
    case CK_RELU: MAP(v < 0 ? 0 : v)
    case CK_SILU: MAP(ck_siluf(v))
    case CK_GELU_ERF: MAP(ck_gelu_erff(v))
    case CK_GELU_TANH: MAP(ck_gelu_tanhf(v))
    case CK_LEAKY_RELU: MAP(v > 0 ? v : p *v)
    case CK_CLAMP: MAP(v < p ? p : v > q ? q : v)
    case CK_AFFINE: MAP(p *v + q)
    // Arguments may be large: the library reduces them exactly.
    case CK_SIN: for (size_t i = 0; i < count; i++) y[i] = sinf(x[i]); break;
    case CK_COS: for (size_t i = 0; i < count; i++) y[i] = cosf(x[i]); break;
    case CK_POWER: for (size_t i = 0; i < count; i++) y[i] = powf(x[i], p); break;
    }
}

// v is x[i], w is y[i], d is dy[i].
#define SLOPE(expression)                                                                                              \
    CK_EACH for (size_t i = 0; i < count; i++) {                                                                       \
        float v = x[i], w = y[i], d = dy[i];                                                                           \
        (void)v, (void)w;                                                                                              \
        dx[i] = (expression);                                                                                          \
    }                                                                                                                  \
    break;

CK_CLONES void ck_unary_gradient(
    ck_unary_op op, float p, float q, const float *x, const float *y, const float *dy, float *dx, size_t count) {
    switch (op) {
    case CK_NEGATE: SLOPE(-d)
    case CK_EXP: SLOPE(d *w)
    case CK_LOG: SLOPE(d / v)
    case CK_SQRT: SLOPE(0.5f * d / w)
    case CK_RSQRT: SLOPE(-0.5f * d * w * w * w)
    case CK_RECIPROCAL: SLOPE(-d * w * w)
    case CK_TANH: SLOPE(d *(1.0f - w * w))
    case CK_SIGMOID: SLOPE(d *w *(1.0f - w))
    case CK_SOFTPLUS: SLOPE(d *ck_sigmoidf(v))
    case CK_ABS: SLOPE(v > 0 ? d : v < 0 ? -d : 0)
    case CK_SQUARE: SLOPE(2.0f * d * v)
    case CK_RELU: SLOPE(v > 0 ? d : 0)
    case CK_SILU: SLOPE(d *ck_silu_slope(v))
    case CK_GELU_ERF: SLOPE(d *ck_gelu_erf_slope(v))
    case CK_GELU_TANH: SLOPE(d *ck_gelu_tanh_slope(v))
    case CK_LEAKY_RELU: SLOPE(v > 0 ? d : p *d)
    case CK_CLAMP: SLOPE(v < p ? 0 : v > q ? 0 : d)
    case CK_AFFINE: SLOPE(p *d)
    case CK_SIN: for (size_t i = 0; i < count; i++) dx[i] = dy[i] * cosf(x[i]); break;
    case CK_COS: for (size_t i = 0; i < count; i++) dx[i] = -dy[i] * sinf(x[i]); break;
    case CK_POWER: for (size_t i = 0; i < count; i++) dx[i] = dy[i] * p * powf(x[i], p - 1.0f); break;
    }
}

// The four ways to read a row: both dense, the left or the right repeated, any strides. s and t stand for the operands.
#define ROW(left, right, expression)                                                                                   \
    CK_EACH for (size_t j = 0; j < columns; j++) {                                                                     \
        float s = (left), t = (right);                                                                                 \
        c[j] = (expression);                                                                                           \
    }

#define ROWS(expression)                                                                                               \
    for (size_t r = 0; r < p.extent[2]; r++, x += p.a[2], y += p.b[2], c += columns) {                              \
        if (sx == 1 && sy == 1) {                                                                                      \
            ROW(x[j], y[j], expression)                                                                                \
        } else if (sx == 1 && sy == 0) {                                                                               \
            float constant = y[0];                                                                                     \
            ROW(x[j], constant, expression)                                                                            \
        } else if (sx == 0 && sy == 1) {                                                                               \
            float constant = x[0];                                                                                     \
            ROW(constant, y[j], expression)                                                                            \
        } else {                                                                                                       \
            for (size_t j = 0; j < columns; j++) {                                                                     \
                float s = x[(ptrdiff_t)j * sx], t = y[(ptrdiff_t)j * sy];                                              \
                c[j] = (expression);                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    break;

// One plane of rows; c is dense.
CK_INLINE void plane(ck_binary_op op, ck_broadcast p, const float *x, const float *y, float *c) {
    size_t columns = p.extent[3];
    ptrdiff_t sx = p.a[3], sy = p.b[3];
    switch (op) {
    case CK_ADD: ROWS(s + t)
    case CK_SUBTRACT: ROWS(s - t)
    case CK_MULTIPLY: ROWS(s *t)
    case CK_DIVIDE: ROWS(s / t)
    case CK_MAXIMUM: ROWS(s > t ? s : t)
    case CK_MINIMUM: ROWS(s < t ? s : t)
    case CK_GREATER_SHARE: ROWS(s > t ? 1.0f : s == t ? 0.5f : 0.0f)
    }
}

CK_CLONES void ck_binary(ck_binary_op op, ck_broadcast p, const float *a, const float *b, float *c) {
    for (size_t i = 0; i < p.extent[0]; i++) {
        for (size_t j = 0; j < p.extent[1]; j++, c += p.extent[2] * p.extent[3]) {
            ptrdiff_t u = (ptrdiff_t)i, v = (ptrdiff_t)j;
            plane(op, p, a + u * p.a[0] + v * p.a[1], b + u * p.b[0] + v * p.b[1], c);
        }
    }
}

CK_CLONES void ck_accumulate(float alpha, const float *restrict x, float beta, float *restrict y, size_t count) {
    if (beta == 0.0f) {
        for (size_t i = 0; i < count; i++) y[i] = alpha * x[i];
    } else {
        for (size_t i = 0; i < count; i++) y[i] = alpha * x[i] + beta * y[i];
    }
}

CK_CLONES void ck_gated_sum(
    const float *x, const float *gate, const float *branch, float *restrict y, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, branch += columns, y += columns) {
        for (size_t j = 0; j < columns; j++) y[j] = x[j] + gate[j] * branch[j];
    }
}

CK_CLONES void ck_gated_sum_gradient(
    const float *gate, const float *branch, const float *dy, float *restrict dbranch, float *restrict sums,
    size_t rows, size_t columns) {
    for (size_t j = 0; sums && j < columns; j++) sums[j] = 0;
    for (size_t r = 0; r < rows; r++, dy += columns, branch += columns) {
        // A row stays in the nearest cache from one loop to the next.
        if (dbranch) {
            for (size_t j = 0; j < columns; j++) dbranch[j] = dy[j] * gate[j];
            dbranch += columns;
        }
        if (sums) {
            for (size_t j = 0; j < columns; j++) sums[j] += dy[j] * branch[j];
        }
    }
}
