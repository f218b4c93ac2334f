#ifndef CK_ATTENTION_H
#define CK_ATTENTION_H

#include "ck_types.h"

#include <stdbool.h>
#include <stddef.h>

/// One head of one sample: `queries` rows of q and o, `keys` rows of k and v, `size` numbers a row. Rows of q and dq
/// lie `query_stride` elements apart, those of k, v, dk and dv `key_stride`, those of o and dy `stride`. All of these
/// are of one type. The products of bfloat16 numbers are summed in float32, and results are rounded once. Where the
/// processor multiplies pairs of them, probabilities and their gradients are rounded to bfloat16 before they are
/// multiplied; elsewhere they are float32.
typedef struct ck_attention_head {
    size_t queries;
    size_t keys;
    size_t size;
    size_t query_stride;
    size_t key_stride;
    size_t stride;
    float scale;
    ck_type type;
} ck_attention_head;

/// The numbers of scratch memory, in float32, that the kernels below need.
size_t ck_attention_scratch(ck_attention_head shape, bool backward);

/// o = softmax(scale q k^T + bias) v; `bias` is dense [queries, keys] or null; `log_sums` receives [queries]
/// log-sum-exps; both are float32. Keys are read in blocks with a running maximum (Milakov and Gimelshein,
/// arXiv:1805.02867); no [queries, keys] matrix is stored.
void ck_attention_forward(
    ck_attention_head shape, const void *q, const void *k, const void *v, const float *bias, void *o, float *log_sums,
    float *scratch);
/// Gradients of the above; dq, dk and dv are written, those that are null are not computed; `dbias` is null or dense
/// [queries, keys] in float32, written, or added to with `add_bias`.
void ck_attention_backward(
    ck_attention_head shape, const void *q, const void *k, const void *v, const float *bias, const void *o,
    const float *log_sums, const void *dy, void *dq, void *dk, void *dv, float *dbias, bool add_bias, float *scratch);

#endif
