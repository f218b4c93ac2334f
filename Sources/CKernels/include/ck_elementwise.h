#ifndef CK_ELEMENTWISE_H
#define CK_ELEMENTWISE_H

#include <stddef.h>

/// Functions of one number; `p` and `q` are their parameters.
typedef enum ck_unary_op {
    CK_NEGATE, CK_EXP, CK_LOG, CK_SQRT, CK_RSQRT, CK_RECIPROCAL, CK_SIN, CK_COS, CK_TANH, CK_SIGMOID, CK_SOFTPLUS,
    CK_ABS, CK_SQUARE, CK_RELU, CK_SILU, CK_GELU_ERF, CK_GELU_TANH,
    /// x above 0, else p x.
    CK_LEAKY_RELU,
    /// x^p.
    CK_POWER,
    /// x cut to [p, q].
    CK_CLAMP,
    /// p x + q.
    CK_AFFINE
} ck_unary_op;

/// Functions of two numbers.
typedef enum ck_binary_op {
    CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE, CK_MAXIMUM, CK_MINIMUM,
    /// 1 where a > b, 0.5 where they are equal, else 0.
    CK_GREATER_SHARE
} ck_binary_op;

/// Two operands read through strides over extent[0] x ... x extent[3] places, innermost last; 0 repeats an element.
typedef struct ck_broadcast {
    size_t extent[4];
    ptrdiff_t a[4];
    ptrdiff_t b[4];
} ck_broadcast;

/// y[i] = op(x[i]); y may be x. exp, log, tanh, erf and what is made of them are within 3 ulp.
void ck_unary(ck_unary_op op, float p, float q, const float *x, float *y, size_t count);
/// dx[i] = dy[i] op'(x[i]) with y = op(x) at hand; dx may be dy.
void ck_unary_gradient(
    ck_unary_op op, float p, float q, const float *x, const float *y, const float *dy, float *dx, size_t count);
/// c[place] = op(a[place], b[place]); c is dense and may be an operand that is dense too.
void ck_binary(ck_binary_op op, ck_broadcast places, const float *a, const float *b, float *c);
/// y[i] = alpha x[i] + beta y[i]; with beta 0 y is not read.
void ck_accumulate(float alpha, const float *restrict x, float beta, float *restrict y, size_t count);
/// y[r, j] = x[r, j] + gate[j] branch[r, j] over [rows, columns]; x and branch may be the same.
void ck_gated_sum(
    const float *x, const float *gate, const float *branch, float *restrict y, size_t rows, size_t columns);
/// dbranch[r, j] = dy[r, j] gate[j], and sums[j] = the sum over r, in its order, of dy[r, j] branch[r, j]; either may be null.
void ck_gated_sum_gradient(
    const float *gate, const float *branch, const float *dy, float *restrict dbranch, float *restrict sums,
    size_t rows, size_t columns);

#endif
