#include "include/ck_attention.h"
#include "lanes.h"
#include "transpose.h"

enum { query_block = 64, key_block = 256 };

CK_INLINE size_t padded(size_t n) { return (n + 15) & ~(size_t)15; }

// Forward: k^T [size, keys'], v [keys, size'], scores [query block, key block], sums [query block, size'], row state [2, query
// block]. Backward: k^T, v^T, k, dk, dv, then q, dy, dq [query block, size'], scores, slopes [query block, key block], delta.
size_t ck_attention_scratch(ck_attention_head s, bool backward) {
    size_t size = padded(s.size), keys = padded(s.keys), score = (size_t)query_block * key_block;
    if (!backward) return s.size * keys + s.keys * size + score + query_block * (size + 2);
    return 2 * s.size * keys + 3 * s.keys * size + 3 * query_block * size + 2 * score + query_block;
}

// [rows, size] at a distance to [rows, size'], padded with zeros.
CK_INLINE void pack(const float *x, size_t stride, size_t rows, size_t size, float *restrict y) {
    size_t wide = padded(size);
    for (size_t r = 0; r < rows; r++, x += stride, y += wide) {
        for (size_t d = 0; d < size; d++) y[d] = x[d];
        for (size_t d = size; d < wide; d++) y[d] = 0;
    }
}

// [rows, size] at a distance to [size, rows'], padded with zeros.
CK_INLINE void pack_transposed(const float *x, size_t stride, size_t rows, size_t size, float *restrict y) {
    size_t wide = padded(rows);
    for (size_t r = 0; r < wide; r += 16) {
        size_t count = rows - r < 16 ? rows - r : 16, d = 0;
        for (; count == 16 && d + 16 <= size; d += 16) {
            ck_transpose_tile(x + r * stride + d, stride, y + d * wide + r, wide);
        }
        for (; d < size; d++) {
            float *row = y + d * wide + r;
            for (size_t u = 0; u < count; u++) row[u] = x[(r + u) * stride + d];
            for (size_t u = count; u < 16; u++) row[u] = 0;
        }
    }
}

// Rows as the right side of a product: where they lie if they are few and need no padding, else packed, because rows
// that lie far apart compete for the same places in the cache.
typedef struct right_side {
    const float *rows;
    size_t stride;
} right_side;

CK_INLINE right_side as_right_side(const float *x, size_t stride, size_t rows, size_t size, float *room) {
    if (size % 16 == 0 && rows <= 64) return (right_side){x, stride};
    pack(x, stride, rows, size, room);
    return (right_side){room, padded(size)};
}

CK_INLINE void unpack(const float *restrict x, size_t rows, size_t size, float scale, float *y, size_t stride) {
    size_t wide = padded(size);
    for (size_t r = 0; r < rows; r++, x += wide, y += stride) {
        for (size_t d = 0; d < size; d++) y[d] = x[d] * scale;
    }
}

CK_INLINE float row_max(const float *x, size_t count, float best) {
    float m[16];
    for (size_t l = 0; l < 16; l++) m[l] = best;
    size_t j = 0;
    for (; j + 16 <= count; j += 16) {
        for (size_t l = 0; l < 16; l++) m[l] = x[j + l] > m[l] ? x[j + l] : m[l];
    }
    for (; j < count; j++) m[0] = x[j] > m[0] ? x[j] : m[0];
    for (size_t l = 0; l < 16; l++) best = m[l] > best ? m[l] : best;
    return best;
}

// Scores become exp(scale score + bias - new maximum); earlier sums of the row shrink by the growth of the maximum.
CK_INLINE void softmax_row(
    float *restrict score, const float *bias, size_t count, float scale, float *restrict sums, size_t size, float *top,
    float *total) {
    if (bias) {
        for (size_t j = 0; j < count; j++) score[j] = score[j] * scale + bias[j];
    } else {
        for (size_t j = 0; j < count; j++) score[j] *= scale;
    }
    float best = row_max(score, count, *top), part;
    // A row whose keys are all masked by -infinity has no maximum to subtract.
    float base = best == -INFINITY ? 0.0f : best;
    for (size_t j = 0; j < count; j++) score[j] = ck_expf(score[j] - base);
#define VECTOR_SCORE(at) CK_CV16(score + (at))
#define SCALAR_SCORE(at) score[at]
    CK_ROW_SUM(part, count, VECTOR_SCORE, SCALAR_SCORE);
    if (best > *top && *top != -INFINITY) {
        float shrink = ck_expf(*top - best);
        *total *= shrink;
        for (size_t d = 0; d < size; d++) sums[d] *= shrink;
    }
    *total += part;
    *top = best;
}

CK_CLONES static void softmax_block(
    float *score, const float *bias, size_t keys, size_t rows, size_t count, float scale, float *sums, size_t size,
    float *top, float *total) {
    for (size_t i = 0; i < rows; i++) {
        softmax_row(
            score + i * key_block, bias ? bias + i * keys : 0, count, scale, sums + i * size, size, top + i, total + i);
    }
}

CK_CLONES static void finish_block(
    const float *restrict sums, size_t size, const float *top, const float *total, size_t rows, ck_attention_head s,
    float *o, float *log_sums) {
    for (size_t i = 0; i < rows; i++) {
        float inverse = 1.0f / total[i];
        for (size_t d = 0; d < s.size; d++) o[i * s.stride + d] = sums[i * size + d] * inverse;
        log_sums[i] = top[i] + logf(total[i]);
    }
}

CK_CLONES static void pack_forward(
    ck_attention_head s, const float *k, const float *v, float *kt, float *room, right_side *values) {
    pack_transposed(k, s.key_stride, s.keys, s.size, kt);
    *values = as_right_side(v, s.key_stride, s.keys, s.size, room);
}

void ck_attention_forward(
    ck_attention_head s, const float *q, const float *k, const float *v, const float *bias, float *o,
    float *log_sums, float *scratch) {
    size_t size = padded(s.size), keys = padded(s.keys);
    float *kt = scratch, *room = kt + s.size * keys, *score = room + s.keys * size;
    float *sums = score + query_block * key_block, *top = sums + query_block * size, *total = top + query_block;
    right_side values;
    pack_forward(s, k, v, kt, room, &values);
    for (size_t i = 0; i < s.queries; i += query_block) {
        size_t rows = s.queries - i < query_block ? s.queries - i : query_block;
        memset(sums, 0, rows * size * sizeof(float));
        for (size_t r = 0; r < rows; r++) top[r] = -INFINITY, total[r] = 0;
        for (size_t j = 0; j < s.keys; j += key_block) {
            size_t count = s.keys - j < key_block ? s.keys - j : key_block;
            ck_small_gemm(
                rows, padded(count), s.size, q + i * s.query_stride, s.query_stride, 1, kt + j, keys, score,
                key_block, false);
            softmax_block(
                score, bias ? bias + i * s.keys + j : 0, s.keys, rows, count, s.scale, sums, size, top, total);
            ck_small_gemm(
                rows, size, count, score, key_block, 1, values.rows + j * values.stride, values.stride, sums, size,
                true);
        }
        finish_block(sums, size, top, total, rows, s, o + i * s.stride, log_sums + i);
    }
}

// The memory of one backward pass over a head.
typedef struct backward_parts {
    float *kt, *vt, *k_room, *dk, *dv, *q_room, *dy_room, *dq, *score, *slope, *delta;
    right_side k, q, dy;
} backward_parts;

static backward_parts divide(ck_attention_head s, float *scratch) {
    size_t size = padded(s.size), keys = padded(s.keys);
    backward_parts p;
    p.kt = scratch;
    p.vt = p.kt + s.size * keys;
    p.k_room = p.vt + s.size * keys;
    p.dk = p.k_room + s.keys * size;
    p.dv = p.dk + s.keys * size;
    p.q_room = p.dv + s.keys * size;
    p.dy_room = p.q_room + query_block * size;
    p.dq = p.dy_room + query_block * size;
    p.score = p.dq + query_block * size;
    p.slope = p.score + query_block * key_block;
    p.delta = p.slope + query_block * key_block;
    return p;
}

CK_CLONES static void pack_backward(ck_attention_head s, const float *k, const float *v, backward_parts *p) {
    pack_transposed(k, s.key_stride, s.keys, s.size, p->kt);
    pack_transposed(v, s.key_stride, s.keys, s.size, p->vt);
    p->k = as_right_side(k, s.key_stride, s.keys, s.size, p->k_room);
    memset(p->dk, 0, 2 * s.keys * padded(s.size) * sizeof(float));
}

CK_CLONES static void pack_queries(
    ck_attention_head s, size_t rows, const float *q, const float *dy, const float *o, backward_parts *p) {
    p->q = as_right_side(q, s.query_stride, rows, s.size, p->q_room);
    p->dy = as_right_side(dy, s.stride, rows, s.size, p->dy_room);
    memset(p->dq, 0, rows * padded(s.size) * sizeof(float));
    for (size_t r = 0; r < rows; r++) {
        const float *left = dy + r * s.stride, *right = o + r * s.stride;
#define VECTOR_DELTA(at) (CK_CV16(left + (at)) * CK_CV16(right + (at)))
#define SCALAR_DELTA(at) (left[at] * right[at])
        CK_ROW_SUM(p->delta[r], s.size, VECTOR_DELTA, SCALAR_DELTA);
    }
}

// score becomes P, slope (dP) becomes dS = P (dP - delta).
CK_CLONES static void slope_block(
    float *restrict score, float *restrict slope, const float *bias, size_t keys, const float *log_sums,
    const float *delta, size_t rows, size_t count, float scale, float *dbias, bool add_bias) {
    for (size_t i = 0; i < rows; i++, score += key_block, slope += key_block) {
        float shift = log_sums[i], d = delta[i];
        if (bias) {
            const float *row = bias + i * keys;
            for (size_t j = 0; j < count; j++) score[j] = ck_expf(score[j] * scale + row[j] - shift);
        } else {
            for (size_t j = 0; j < count; j++) score[j] = ck_expf(score[j] * scale - shift);
        }
        for (size_t j = 0; j < count; j++) slope[j] = score[j] * (slope[j] - d);
        if (dbias) {
            float *row = dbias + i * keys;
            for (size_t j = 0; j < count; j++) row[j] = add_bias ? row[j] + slope[j] : slope[j];
        }
    }
}

CK_CLONES static void unpack_block(
    const float *x, size_t rows, size_t size, float scale, float *y, size_t stride) {
    unpack(x, rows, size, scale, y, stride);
}

void ck_attention_backward(
    ck_attention_head s, const float *q, const float *k, const float *v, const float *bias, const float *o,
    const float *log_sums, const float *dy, float *dq, float *dk, float *dv, float *dbias, bool add_bias,
    float *scratch) {
    size_t size = padded(s.size), keys = padded(s.keys);
    backward_parts p = divide(s, scratch);
    pack_backward(s, k, v, &p);
    for (size_t i = 0; i < s.queries; i += query_block) {
        size_t rows = s.queries - i < query_block ? s.queries - i : query_block;
        pack_queries(s, rows, q + i * s.query_stride, dy + i * s.stride, o + i * s.stride, &p);
        for (size_t j = 0; j < s.keys; j += key_block) {
            size_t count = s.keys - j < key_block ? s.keys - j : key_block, place = i * s.keys + j;
            float *score = p.score, *slope = p.slope, *dk_part = p.dk + j * size, *dv_part = p.dv + j * size;
            const float *k_part = p.k.rows + j * p.k.stride;
            ck_small_gemm(
                rows, padded(count), s.size, p.q.rows, p.q.stride, 1, p.kt + j, keys, score, key_block, false);
            ck_small_gemm(
                rows, padded(count), s.size, p.dy.rows, p.dy.stride, 1, p.vt + j, keys, slope, key_block, false);
            slope_block(
                score, slope, bias ? bias + place : 0, s.keys, log_sums + i, p.delta, rows, count, s.scale,
                dbias ? dbias + place : 0, add_bias);
            ck_small_gemm(rows, size, count, slope, key_block, 1, k_part, p.k.stride, p.dq, size, true);
            ck_small_gemm(count, size, rows, slope, 1, key_block, p.q.rows, p.q.stride, dk_part, size, true);
            ck_small_gemm(count, size, rows, score, 1, key_block, p.dy.rows, p.dy.stride, dv_part, size, true);
        }
        unpack_block(p.dq, rows, s.size, s.scale, dq + i * s.query_stride, s.query_stride);
    }
    unpack_block(p.dk, s.keys, s.size, s.scale, dk, s.key_stride);
    unpack_block(p.dv, s.keys, s.size, 1.0f, dv, s.key_stride);
}
