#ifndef CK_ATTENTION_H
#define CK_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

/// One head of one sample: `queries` rows of q and o, `keys` rows of k and v, `size` numbers a row. Rows of q and dq lie `query_stride`
/// elements apart, those of k, v, dk and dv `key_stride`, those of o and dy `stride`.
typedef struct ck_attention_head {
    size_t queries;
    size_t keys;
    size_t size;
    size_t query_stride;
    size_t key_stride;
    size_t stride;
    float scale;
} ck_attention_head;

/// The numbers of scratch memory that the kernels below need.
size_t ck_attention_scratch(ck_attention_head shape, bool backward);

/// o = softmax(scale q k^T + bias) v; `bias` is dense [queries, keys] or null; `log_sums` receives [queries] log-sum-exps.
/// Keys are read in blocks with a running maximum (Milakov and Gimelshein, arXiv:1805.02867); no [queries, keys] matrix is stored.
void ck_attention_forward(
    ck_attention_head shape, const float *q, const float *k, const float *v, const float *bias, float *o,
    float *log_sums, float *scratch);
/// Gradients of the above, all written; `dbias` is null or dense [queries, keys], written, or added to with `add_bias`.
void ck_attention_backward(
    ck_attention_head shape, const float *q, const float *k, const float *v, const float *bias, const float *o,
    const float *log_sums, const float *dy, float *dq, float *dk, float *dv, float *dbias, bool add_bias,
    float *scratch);

/// C = A B, or += with `accumulate`, for small matrices: C is [m, n] with rows ldc apart, B [k, n] with rows ldb apart, A(i, p) is
/// a[i * row + p * column]. n is a multiple of 16.
void ck_small_gemm(
    size_t m, size_t n, size_t k, const float *a, size_t row, size_t column, const float *b, size_t ldb, float *c,
    size_t ldc, bool accumulate);

#endif
