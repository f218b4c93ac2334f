#include "attention_sides.h"

// Where in scratch memory the parts of a forward pass begin: keys and values, if they are copied, then of a panel of
// queries the queries, the scores of a block, the weighted sums of values, and for each query the largest score so far
// and the sum of exponentials.
typedef struct forward_layout {
    size_t keys, values, queries, scores, sums, top, total, end;
} forward_layout;

static forward_layout lay_out(ck_attention_head s) {
    const ck_form form = ck_attention_form(s);
    size_t keys = ck_left_room(s, form), panel = s.size * ck_panel_width;
    forward_layout at = {.keys = 0};
    at.values = at.keys + keys;
    at.queries = at.values + (form == ck_form_pairs ? ck_turned_room(s, form) : keys);
    at.scores = at.queries + panel;
    at.sums = at.scores + ck_key_block * ck_panel_width;
    at.top = at.sums + panel;
    at.total = at.top + ck_panel_width;
    at.end = at.total + ck_panel_width;
    return at;
}

size_t ck_attention_scratch(ck_attention_head shape, bool backward) {
    return (backward ? ck_attention_gradient_scratch(shape) : lay_out(shape).end) + ck_alignment_loss;
}

// The largest of 16 columns of a block, and of `top`.
CK_INLINE void largest(const float *score, const float factor, size_t count, size_t width, v16 *top) {
    v16 m[4] = {*top, *top, *top, *top};
    size_t j = 0;
    for (; j + 4 <= count; j += 4) {
        CK_UNROLL for (size_t u = 0; u < 4; u++) {
            v16 x = CK_CV16(score + (j + u) * width) * factor;
            CK_SELECT(x > m[u], &x, &m[u], &m[u]);
        }
    }
    for (; j < count; j++) {
        v16 x = CK_CV16(score + j * width) * factor;
        CK_SELECT(x > m[0], &x, &m[0], &m[0]);
    }
    CK_SELECT(m[1] > m[0], &m[1], &m[0], &m[0]);
    CK_SELECT(m[3] > m[2], &m[3], &m[2], &m[2]);
    CK_SELECT(m[2] > m[0], &m[2], &m[0], top);
}

// 2^(factor score - base) of one key; `part` becomes their sum.
CK_INLINE void exponential(const float *score, const float factor, const v16 *base, v16 *y, v16 *part) {
    v16 x = CK_CV16(score) * factor - *base;
    ck_exp2_vector(&x, y);
    *part += *y;
}

// Scores become words of 2^(score - largest so far); earlier sums shrink by the growth of the largest.
CK_INLINE void softmax_of(
    const ck_form form, const float factor, float *score, size_t count, size_t width, float *sums, size_t size,
    float *top, float *total) {
    for (size_t w = 0; w < width; w += 16, score += 16, sums += 16) {
        v16 before = CK_CV16(top + w), best = before, zero = {0}, base, shrink, part = {0};
        largest(score, factor, count, width, &best);
        // A query whose keys are all masked by -infinity has no largest score to subtract.
        CK_SELECT(best == zero - INFINITY, &zero, &best, &base);
        float *words = score;
        for (size_t j = 0; j < count; j += ck_form_depths(form), words += width) {
            v16 x, next = {0};
            exponential(score + j * width, factor, &base, &x, &part);
            if (form == ck_form_pairs) {
                if (j + 1 < count) exponential(score + (j + 1) * width, factor, &base, &next, &part);
                ck_pair_words(&x, &next, &x);
            }
            CK_V16(words) = x;
        }
        before -= base;
        ck_exp2_vector(&before, &shrink);
        CK_V16(top + w) = best;
        CK_V16(total + w) = CK_CV16(total + w) * shrink + part;
        for (size_t d = 0; d < size; d++) CK_V16(sums + d * width) *= shrink;
    }
}

CK_CLONES static void softmax_block(
    ck_form form, float factor, float *score, size_t count, size_t width, float *sums, size_t size, float *top,
    float *total) {
    if (form == ck_form_pairs) {
        softmax_of(ck_form_pairs, factor, score, count, width, sums, size, top, total);
    } else {
        softmax_of(ck_form_floats, 1.0f, score, count, width, sums, size, top, total);
    }
}

CK_CLONES static void finish_panel(
    ck_attention_head s, ck_query_panel panel, float *sums, const float *top, float *total, void *o, float *log_sums) {
    for (size_t w = 0; w < panel.width; w += 16) {
        v16 inverse = 1.0f / CK_CV16(total + w);
        for (size_t d = 0; d < s.size; d++) CK_V16(sums + d * panel.width + w) *= inverse;
    }
    for (size_t i = 0; i < ck_panel_width; i++) total[i] = top[i] * CK_LN_2 + ck_logf(total[i]);
    memcpy(log_sums, total, panel.count * sizeof(float));
    ck_unpack_transposed(sums, panel.count, s.size, o, s.type, s.stride, false);
}

CK_CLONES static void pack_keys(
    ck_attention_head s, ck_form form, const void *k, const void *v, float *k_room, float *v_room, ck_rows *keys,
    ck_rows *values) {
    *keys = ck_as_left_side(s, form, k, k_room);
    *values = form == ck_form_pairs ? ck_as_turned_side(s, v, v_room) : ck_as_left_side(s, form, v, v_room);
}

CK_CLONES void ck_pack_bias(
    const float *bias, size_t keys, ck_query_panel panel, size_t count, float factor, float *scores) {
    ck_pack_transposed(bias, CK_FLOAT32, keys, panel.count, count, factor, scores);
}

CK_CLONES static void pack_queries(
    ck_attention_head s, ck_form form, ck_query_panel panel, const void *q, float *queries, float *top, float *total) {
    ck_pack_panel(form, q, s.type, s.query_stride, panel.count, s.size, ck_query_factor(s), queries);
    for (size_t i = 0; i < ck_panel_width; i++) top[i] = -INFINITY, total[i] = 0;
}

void ck_attention_forward(
    ck_attention_head s, const void *q, const void *k, const void *v, const float *bias, void *o, float *log_sums,
    float *scratch) {
    const ck_form form = ck_attention_form(s);
    const forward_layout at = lay_out(s);
    float *base = ck_aligned(scratch), *queries = base + at.queries, *scores = base + at.scores;
    float *sums = base + at.sums, *top = base + at.top, *total = base + at.total;
    ck_rows keys, values;
    pack_keys(s, form, k, v, base + at.keys, base + at.values, &keys, &values);
    for (size_t i = 0; i < s.queries; i += ck_panel_width) {
        ck_query_panel panel = ck_query_panel_from(i, s.queries);
        size_t vectors = panel.width / 16;
        pack_queries(s, form, panel, ck_at(q, s.type, panel.first * s.query_stride), queries, top, total);
        if (s.keys == 0) memset(sums, 0, s.size * panel.width * sizeof(float));
        for (size_t j = 0; j < s.keys; j += ck_key_block) {
            size_t count = s.keys - j < ck_key_block ? s.keys - j : ck_key_block;
            const float *value = values.at + ck_form_words(form, j) * values.stride;
            if (bias) {
                const float *place = bias + panel.first * s.keys + j;
                ck_pack_bias(place, s.keys, panel, count, ck_bias_factor(s, form), scores);
            }
            ck_attention_product(
                form, true, count, vectors, ck_form_words(form, s.size), keys.at + j * keys.stride, keys.stride,
                queries, panel.width, scores, panel.width, bias != NULL);
            softmax_block(
                form, ck_score_factor(s, form), scores, count, panel.width, sums, j ? s.size : 0, top, total);
            ck_attention_product(
                form, false, s.size, vectors, ck_form_words(form, count), value, values.stride, scores, panel.width,
                sums, panel.width, j > 0);
        }
        void *place = ck_place(o, s.type, panel.first * s.stride);
        finish_panel(s, panel, sums, top, total, place, log_sums + panel.first);
    }
}
