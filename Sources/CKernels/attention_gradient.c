#include "attention.h"

// Where in scratch memory the parts of a backward pass begin: keys and values, if they are widened, dk and dv, then of
// a panel of queries the rows of q and dy, these transposed, dq, probabilities and their gradients, and for
// each query its log-sum-exp and the sum over o dy.
typedef struct backward_layout {
    size_t keys, values, dk, dv, q_rows, dy_rows, q, dy, dq, scores, slopes, shift, delta, end;
} backward_layout;

static backward_layout lay_out(ck_attention_head s) {
    size_t widened = ck_left_room(s), panel = s.size * ck_panel_width, block = ck_key_block * ck_panel_width;
    size_t wide = ck_padded(s.size);
    backward_layout at = {.keys = 0};
    at.values = at.keys + widened;
    at.dk = at.values + widened;
    at.dv = at.dk + s.keys * wide;
    at.q_rows = at.dv + s.keys * wide;
    at.dy_rows = at.q_rows + ck_panel_width * wide;
    at.q = at.dy_rows + ck_panel_width * wide;
    at.dy = at.q + panel;
    at.dq = at.dy + panel;
    at.scores = at.dq + panel;
    at.slopes = at.scores + block;
    at.shift = at.slopes + block;
    at.delta = at.shift + ck_panel_width;
    at.end = at.delta + ck_panel_width;
    return at;
}

size_t ck_attention_gradient_scratch(ck_attention_head shape) { return lay_out(shape).end; }

// One pass over a head.
typedef struct backward_pass {
    ck_attention_head shape;
    backward_layout at;
    float *base;
    ck_rows keys, values, q, dy;
} backward_pass;

CK_CLONES static void pack_keys(backward_pass *pass, const void *k, const void *v) {
    ck_attention_head s = pass->shape;
    pass->keys = ck_as_left_side(s, k, pass->base + pass->at.keys);
    pass->values = ck_as_left_side(s, v, pass->base + pass->at.values);
}

CK_CLONES static void pack_queries(
    backward_pass *pass, ck_query_panel panel, const void *q, const void *o, const void *dy, const float *log_sums) {
    ck_attention_head s = pass->shape;
    float *base = pass->base, *shift = base + pass->at.shift, *delta = base + pass->at.delta;
    float *dy_part = base + pass->at.dy, *o_part = base + pass->at.dq;
    pass->q = ck_as_right_side(q, s.type, s.query_stride, panel.count, s.size, base + pass->at.q_rows);
    pass->dy = ck_as_right_side(dy, s.type, s.stride, panel.count, s.size, base + pass->at.dy_rows);
    ck_pack_transposed(q, s.type, s.query_stride, panel.count, s.size, s.scale * CK_LOG2_E, base + pass->at.q);
    ck_pack_transposed(dy, s.type, s.stride, panel.count, s.size, 1.0f, dy_part);
    // o is of use here alone and takes the place of dq.
    ck_pack_transposed(o, s.type, s.stride, panel.count, s.size, 1.0f, o_part);
    for (size_t i = 0; i < panel.width; i++) shift[i] = i < panel.count ? log_sums[i] * CK_LOG2_E : 0;
    for (size_t w = 0; w < panel.width; w += 16) {
        v16 sum = {0};
        for (size_t d = w; d < w + s.size * panel.width; d += panel.width) {
            sum += CK_CV16(dy_part + d) * CK_CV16(o_part + d);
        }
        CK_V16(delta + w) = sum;
    }
}

// Scores become probabilities P, slopes dP become dS = P (dP - delta).
CK_CLONES static void slope_block(
    float *score, float *slope, size_t count, size_t width, const float *shift, const float *delta) {
    for (size_t w = 0; w < width; w += 16, score += 16, slope += 16) {
        v16 base = CK_CV16(shift + w), mean = CK_CV16(delta + w);
        for (size_t j = 0; j < count; j++) {
            v16 x = CK_CV16(score + j * width) - base;
            ck_exp2_vector(&x, &x);
            CK_V16(score + j * width) = x;
            CK_V16(slope + j * width) = x * (CK_CV16(slope + j * width) - mean);
        }
    }
}

CK_CLONES static void store_bias(
    const float *slope, ck_query_panel panel, size_t count, float *dbias, size_t keys, bool adds) {
    ck_unpack_transposed(slope, panel.count, count, dbias, CK_FLOAT32, keys, adds);
}

// Whether dq is [queries, size] rather than transposed: a product is faster the more vectors its columns have.
CK_INLINE bool gradient_by_rows(ck_attention_head s, ck_query_panel panel) {
    return s.size % 16 == 0 && s.size > panel.width;
}

// One block of keys from `j` on.
static void block(
    const backward_pass *pass, ck_query_panel panel, size_t j, const float *bias, bool dq, bool dk, bool dv,
    float *dbias, bool add_bias) {
    const ck_attention_head s = pass->shape;
    size_t count = s.keys - j < ck_key_block ? s.keys - j : ck_key_block, width = panel.width, vectors = width / 16;
    size_t wide = ck_padded(s.size), place = panel.first * s.keys + j;
    const float *keys = pass->keys.at + j * pass->keys.stride, *values = pass->values.at + j * pass->values.stride;
    float *base = pass->base, *score = base + pass->at.scores, *slope = base + pass->at.slopes;
    if (bias) ck_pack_bias(bias + place, s.keys, panel, count, score);
    ck_attention_product(
        true, count, vectors, s.size, keys, pass->keys.stride, base + pass->at.q, width, score, width, bias != NULL);
    ck_attention_product(
        true, count, vectors, s.size, values, pass->values.stride, base + pass->at.dy, width, slope, width, false);
    slope_block(score, slope, count, width, base + pass->at.shift, base + pass->at.delta);
    if (dbias) store_bias(slope, panel, count, dbias + place, s.keys, add_bias);
    if (dq && gradient_by_rows(s, panel)) {
        ck_attention_product(
            false, panel.count, wide / 16, count, slope, width, keys, pass->keys.stride, base + pass->at.dq, wide,
            j > 0);
    } else if (dq) {
        ck_attention_product(
            false, s.size, vectors, count, keys, pass->keys.stride, slope, width, base + pass->at.dq, width, j > 0);
    }
    if (dk) {
        ck_attention_product(
            true, count, wide / 16, panel.count, slope, width, pass->q.at, pass->q.stride,
            base + pass->at.dk + j * wide, wide, panel.first > 0);
    }
    if (dv) {
        ck_attention_product(
            true, count, wide / 16, panel.count, score, width, pass->dy.at, pass->dy.stride,
            base + pass->at.dv + j * wide, wide, panel.first > 0);
    }
}

CK_INLINE void store_rows(
    const float *x, size_t rows, size_t size, float scale, void *y, ck_type type, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += ck_padded(size)) {
        for (size_t d = 0; d < size; d += 16) {
            v16 part = CK_CV16(x + d) * scale;
            ck_store_part(&part, ck_place(y, type, r * stride + d), type, size - d);
        }
    }
}

CK_CLONES static void store_queries(ck_attention_head s, ck_query_panel panel, float *x, void *dq) {
    if (gradient_by_rows(s, panel)) {
        store_rows(x, panel.count, s.size, s.scale, dq, s.type, s.query_stride);
        return;
    }
    for (size_t i = 0; i < s.size * panel.width; i++) x[i] *= s.scale;
    ck_unpack_transposed(x, panel.count, s.size, dq, s.type, s.query_stride, false);
}

CK_CLONES static void store_keys(ck_attention_head s, const float *x, float scale, void *y) {
    store_rows(x, s.keys, s.size, scale, y, s.type, s.key_stride);
}

void ck_attention_backward(
    ck_attention_head s, const void *q, const void *k, const void *v, const float *bias, const void *o,
    const float *log_sums, const void *dy, void *dq, void *dk, void *dv, float *dbias, bool add_bias, float *scratch) {
    backward_pass pass = {.shape = s, .at = lay_out(s), .base = ck_aligned(scratch)};
    float *sums = pass.base + pass.at.dq, *dk_sums = pass.base + pass.at.dk, *dv_sums = pass.base + pass.at.dv;
    pack_keys(&pass, k, v);
    if (s.queries == 0) memset(dk_sums, 0, 2 * s.keys * ck_padded(s.size) * sizeof(float));
    for (size_t i = 0; i < s.queries; i += ck_panel_width) {
        ck_query_panel panel = ck_query_panel_from(i, s.queries);
        size_t row = panel.first * s.stride, query_row = panel.first * s.query_stride;
        pack_queries(
            &pass, panel, ck_at(q, s.type, query_row), ck_at(o, s.type, row), ck_at(dy, s.type, row),
            log_sums + panel.first);
        if (s.keys == 0) memset(sums, 0, s.size * panel.width * sizeof(float));
        for (size_t j = 0; j < s.keys; j += ck_key_block) {
            block(&pass, panel, j, bias, dq, dk, dv, dbias, add_bias);
        }
        if (dq) store_queries(s, panel, sums, ck_place(dq, s.type, query_row));
    }
    if (dk) store_keys(s, dk_sums, s.scale, dk);
    if (dv) store_keys(s, dv_sums, 1.0f, dv);
}
