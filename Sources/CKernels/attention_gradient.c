#include "attention_sides.h"

// Where in scratch memory the parts of a backward pass begin: keys and values, if they are copied, keys in words along
// the keys, dk and dv, then of a panel of queries the rows of q and dy, these transposed, dq, probabilities and their
// gradients as they are computed and as later products read them, and for each query its log-sum-exp and the sum
// over o dy.
typedef struct backward_layout {
    size_t keys, values, turned_keys, dk, dv, q_rows, dy_rows, q, dy, dq, scores, slopes, score_rows, slope_rows;
    size_t slope_columns, shift, delta, end;
} backward_layout;

static backward_layout lay_out(ck_attention_head s) {
    const ck_form form = ck_attention_form(s);
    size_t keys = ck_left_room(s, form), panel = s.size * ck_panel_width, block = ck_key_block * ck_panel_width;
    size_t wide = ck_padded(s.size), halves = form == ck_form_pairs ? block / 2 : 0;
    backward_layout at = {.keys = 0};
    at.values = at.keys + keys;
    at.turned_keys = at.values + keys;
    at.dk = at.turned_keys + ck_turned_room(s, form);
    at.dv = at.dk + s.keys * wide;
    at.q_rows = at.dv + s.keys * wide;
    at.dy_rows = at.q_rows + ck_panel_width * wide;
    at.q = at.dy_rows + ck_panel_width * wide;
    at.dy = at.q + panel;
    at.dq = at.dy + panel;
    at.scores = at.dq + panel;
    at.slopes = at.scores + block;
    // Floats are read where they were computed.
    at.score_rows = halves ? at.slopes + block : at.scores;
    at.slope_rows = halves ? at.score_rows + halves : at.slopes;
    at.slope_columns = halves ? at.slope_rows + halves : at.slopes;
    at.shift = at.slopes + block + 3 * halves;
    at.delta = at.shift + ck_panel_width;
    at.end = at.delta + ck_panel_width;
    return at;
}

size_t ck_attention_gradient_scratch(ck_attention_head shape) { return lay_out(shape).end; }

// One pass over a head.
typedef struct backward_pass {
    ck_attention_head shape;
    ck_form form;
    backward_layout at;
    float *base;
    ck_rows keys, values, turned_keys, q, dy;
} backward_pass;

CK_CLONES static void pack_keys(backward_pass *pass, const void *k, const void *v) {
    ck_attention_head s = pass->shape;
    pass->keys = ck_as_left_side(s, pass->form, k, pass->base + pass->at.keys);
    pass->values = ck_as_left_side(s, pass->form, v, pass->base + pass->at.values);
    bool turns = pass->form == ck_form_pairs;
    pass->turned_keys = turns ? ck_as_turned_side(s, k, pass->base + pass->at.turned_keys) : pass->keys;
}

// The sums over o dy of 16 queries, of which there are `count`, by rows of bfloat16 numbers.
CK_INLINE void row_deltas(ck_attention_head s, const void *o, const void *dy, size_t count, float *delta) {
    v16 room[16] = {{0}}, tile[16], sum = {0};
    for (size_t u = 0; u < 16 && u < count; u++) {
        for (size_t d = 0; d < s.size; d += 16) {
            v16 x, y;
            ck_load_part(ck_at(o, CK_BFLOAT16, u * s.stride + d), CK_BFLOAT16, s.size - d, &x);
            ck_load_part(ck_at(dy, CK_BFLOAT16, u * s.stride + d), CK_BFLOAT16, s.size - d, &y);
            room[u] += x * y;
        }
    }
    CK_UNROLL for (size_t u = 0; u < 16; u++) tile[u] = room[u];
    ck_transpose_rows(tile);
    CK_UNROLL for (size_t u = 0; u < 16; u++) sum += tile[u];
    CK_V16(delta) = sum;
}

// The same of a panel. Floats lie transposed already, and o, which is of use here alone, takes the place of dq.
CK_INLINE void sum_deltas(const backward_pass *pass, ck_query_panel panel, const void *o, const void *dy) {
    ck_attention_head s = pass->shape;
    float *delta = pass->base + pass->at.delta, *dy_part = pass->base + pass->at.dy;
    float *o_part = pass->base + pass->at.dq;
    if (pass->form == ck_form_pairs) {
        for (size_t w = 0; w < panel.width; w += 16) {
            const void *place = ck_at(o, s.type, w * s.stride), *slope = ck_at(dy, s.type, w * s.stride);
            row_deltas(s, place, slope, panel.count - w, delta + w);
        }
        return;
    }
    ck_pack_transposed(o, s.type, s.stride, panel.count, s.size, 1.0f, o_part);
    for (size_t w = 0; w < panel.width; w += 16) {
        v16 sum = {0};
        for (size_t d = w; d < w + s.size * panel.width; d += panel.width) {
            sum += CK_CV16(dy_part + d) * CK_CV16(o_part + d);
        }
        CK_V16(delta + w) = sum;
    }
}

CK_CLONES static void pack_queries(
    backward_pass *pass, ck_query_panel panel, const void *q, const void *o, const void *dy, const float *log_sums) {
    ck_attention_head s = pass->shape;
    const ck_form form = pass->form;
    float *base = pass->base, *shift = base + pass->at.shift;
    pass->q = ck_as_right_side(form, q, s.type, s.query_stride, panel.count, s.size, base + pass->at.q_rows);
    pass->dy = ck_as_right_side(form, dy, s.type, s.stride, panel.count, s.size, base + pass->at.dy_rows);
    ck_pack_panel(
        form, q, s.type, s.query_stride, panel.count, s.size, ck_query_factor(s), base + pass->at.q);
    ck_pack_panel(form, dy, s.type, s.stride, panel.count, s.size, 1.0f, base + pass->at.dy);
    for (size_t i = 0; i < panel.width; i++) shift[i] = i < panel.count ? log_sums[i] * CK_LOG2_E : 0;
    sum_deltas(pass, panel, o, dy);
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

// The same for one key, and its row of numbers in bfloat16.
CK_INLINE void slope_key(
    const backward_pass *pass, float factor, size_t place, size_t w, v16 *slope) {
    const float *base = pass->base;
    v16 x = CK_CV16(base + pass->at.scores + place) * factor - CK_CV16(base + pass->at.shift + w), p;
    ck_exp2_vector(&x, &p);
    *slope = p * (CK_CV16(base + pass->at.slopes + place) - CK_CV16(base + pass->at.delta + w));
    ck_store(&p, ck_place(pass->base + pass->at.score_rows, CK_BFLOAT16, place), CK_BFLOAT16);
    ck_store(slope, ck_place(pass->base + pass->at.slope_rows, CK_BFLOAT16, place), CK_BFLOAT16);
}

// The same for pairs: P and dS as rows of numbers in bfloat16, whose words lie along the queries, and dS with words
// along the keys besides. dS itself is kept for the gradient of a bias.
CK_CLONES static void slope_pairs(const backward_pass *pass, size_t count, size_t width, bool keeps) {
    const float factor = ck_score_factor(pass->shape, ck_form_pairs);
    float *slopes = pass->base + pass->at.slopes, *columns = pass->base + pass->at.slope_columns;
    for (size_t j = 0; j < count; j += 2, columns += width) {
        for (size_t w = 0; w < width; w += 16) {
            v16 slope, next = {0}, words;
            slope_key(pass, factor, j * width + w, w, &slope);
            if (j + 1 < count) slope_key(pass, factor, (j + 1) * width + w, w, &next);
            ck_pair_words(&slope, &next, &words);
            CK_V16(columns + w) = words;
            if (!keeps) continue;
            CK_V16(slopes + j * width + w) = slope;
            if (j + 1 < count) CK_V16(slopes + (j + 1) * width + w) = next;
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

// P and dS of `count` keys from `j` on, whose bias is `bias`.
static void slopes_of_block(
    const backward_pass *pass, ck_query_panel panel, size_t j, size_t count, const float *bias, bool keeps) {
    const ck_attention_head s = pass->shape;
    const ck_form form = pass->form;
    size_t width = panel.width, vectors = width / 16, words = ck_form_words(form, s.size);
    const float *keys = pass->keys.at + j * pass->keys.stride, *values = pass->values.at + j * pass->values.stride;
    float *base = pass->base, *score = base + pass->at.scores, *slope = base + pass->at.slopes;
    if (bias) ck_pack_bias(bias, s.keys, panel, count, ck_bias_factor(s, form), score);
    ck_attention_product(
        form, true, count, vectors, words, keys, pass->keys.stride, base + pass->at.q, width, score, width,
        bias != NULL);
    ck_attention_product(
        form, true, count, vectors, words, values, pass->values.stride, base + pass->at.dy, width, slope, width,
        false);
    if (form == ck_form_pairs) {
        slope_pairs(pass, count, width, keeps);
    } else {
        slope_block(score, slope, count, width, base + pass->at.shift, base + pass->at.delta);
    }
}

// dk or dv of `count` keys: rows of dS or P times those of q or dy.
static void add_keys(
    const backward_pass *pass, ck_query_panel panel, size_t count, const float *rows, ck_rows right, float *sums) {
    const ck_form form = pass->form;
    size_t wide = ck_padded(pass->shape.size), step = panel.width / ck_form_depths(form);
    ck_attention_product(
        form, true, count, wide / 16, ck_form_words(form, panel.count), rows, step, right.at, right.stride, sums, wide,
        panel.first > 0);
}

// One block of keys from `j` on.
static void block(
    const backward_pass *pass, ck_query_panel panel, size_t j, const float *bias, bool dq, bool dk, bool dv,
    float *dbias, bool add_bias) {
    const ck_attention_head s = pass->shape;
    const ck_form form = pass->form;
    size_t count = s.keys - j < ck_key_block ? s.keys - j : ck_key_block, width = panel.width;
    size_t wide = ck_padded(s.size), place = panel.first * s.keys + j, words = ck_form_words(form, count);
    const ck_rows turned = pass->turned_keys;
    const float *keys = turned.at + ck_form_words(form, j) * turned.stride;
    float *base = pass->base, *columns = base + pass->at.slope_columns;
    slopes_of_block(pass, panel, j, count, bias ? bias + place : NULL, dbias != NULL);
    if (dbias) store_bias(base + pass->at.slopes, panel, count, dbias + place, s.keys, add_bias);
    if (dq && gradient_by_rows(s, panel)) {
        ck_attention_product(
            form, false, panel.count, wide / 16, words, columns, width, keys, turned.stride, base + pass->at.dq, wide,
            j > 0);
    } else if (dq) {
        ck_attention_product(
            form, false, s.size, width / 16, words, keys, turned.stride, columns, width, base + pass->at.dq, width,
            j > 0);
    }
    if (dk) add_keys(pass, panel, count, base + pass->at.slope_rows, pass->q, base + pass->at.dk + j * wide);
    if (dv) add_keys(pass, panel, count, base + pass->at.score_rows, pass->dy, base + pass->at.dv + j * wide);
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
    backward_pass pass = {
        .shape = s, .form = ck_attention_form(s), .at = lay_out(s), .base = ck_aligned(scratch)};
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
