#ifndef CK_ATTENTION_SIDES_H
#define CK_ATTENTION_SIDES_H

// What the products of attention read: a head's rows as float32 numbers, or as pairs in bfloat16. Pairs are neighbours
// along the depth of a product: numbers of one row where that is the size of a head, else numbers of two rows.

#include "attention.h"

// Pairs need a scale that a bias can be divided by.
CK_INLINE ck_form ck_attention_form(ck_attention_head s) {
    float scale = s.scale < 0 ? -s.scale : s.scale;
    bool pairs = s.type == CK_BFLOAT16 && scale > 1e-30f && scale < 1e30f && ck_pair_tiles();
    return pairs ? ck_form_pairs : ck_form_floats;
}

// A score is its products times the first: floats have it in the queries, which pairs would round.
CK_INLINE float ck_score_factor(ck_attention_head s, ck_form form) {
    return form == ck_form_pairs ? s.scale * CK_LOG2_E : 1.0f;
}
CK_INLINE float ck_query_factor(ck_attention_head s) { return s.scale * CK_LOG2_E; }
CK_INLINE float ck_bias_factor(ck_attention_head s, ck_form form) {
    return form == ck_form_pairs ? 1.0f / s.scale : CK_LOG2_E;
}

// Two rows of numbers as pairs, the earlier one in the lower halves.
CK_INLINE void ck_pair_words(const v16 *first, const v16 *second, v16 *words) {
    v16b low, high;
    ck_round_vector(first, &low);
    ck_round_vector(second, &high);
    *words = (v16)((low >> 16) | (high & 0xffff0000u));
}

// MARK: Left sides

// Floats may lie anywhere. They are copied if they have to be widened, or if many panels of queries read them: rows
// that are far apart take long to find.
CK_INLINE bool ck_copies_left_side(ck_attention_head s) {
    return s.type != CK_FLOAT32 || s.queries > 4 * ck_panel_width;
}

// Copied rows are an odd number of cache lines, so that they do not compete for the same places in the cache.
CK_INLINE size_t ck_left_stride(size_t size) { return ck_padded(size) | 16; }

// The words that copied keys or values take: a row for each of them.
CK_INLINE size_t ck_left_room(ck_attention_head s, ck_form form) {
    return ck_copies_left_side(s) ? s.keys * ck_left_stride(ck_form_words(form, s.size)) : 0;
}

// Keys or values with words along the size of a head.
CK_INLINE ck_rows ck_as_left_side(ck_attention_head s, ck_form form, const void *x, float *room) {
    if (!ck_copies_left_side(s)) return (ck_rows){x, s.key_stride};
    size_t stride = ck_left_stride(ck_form_words(form, s.size));
    if (form == ck_form_floats) {
        ck_copy_rows(x, s.type, s.key_stride, s.keys, s.size, room, stride);
        return (ck_rows){room, stride};
    }
    float *row = room;
    for (size_t r = 0; r < s.keys; r++, row += stride) {
        for (size_t d = 0; d < s.size; d += 32) {
            v16 words;
            ck_words_along(form, s.type, ck_at(x, s.type, r * s.key_stride + d), s.size - d, &words);
            CK_V16(row + d / 2) = words;
        }
    }
    return (ck_rows){room, stride};
}

// y[p * stride_y + d] is x(2p, d) and x(2p + 1, d); rows end with zeros up to whole vectors.
CK_INLINE void ck_pair_rows(
    const void *x, ck_type type, size_t stride, size_t rows, size_t size, float *y, size_t stride_y) {
    for (size_t r = 0; r < rows; r += 2, y += stride_y) {
        for (size_t d = 0; d < size; d += 16) {
            v16 words;
            const void *place = ck_at(x, type, r * stride + d);
            ck_words_across(ck_form_pairs, type, place, stride, r + 1 == rows, size - d, &words);
            CK_V16(y + d) = words;
        }
    }
}

// The words that keys or values along the keys take, if they are not those of ck_as_left_side.
CK_INLINE size_t ck_turned_room(ck_attention_head s, ck_form form) {
    return form == ck_form_pairs ? ck_form_words(form, s.keys) * ck_left_stride(s.size) : 0;
}

// Keys or values with words along the keys, to be read by columns; only pairs differ from ck_as_left_side.
CK_INLINE ck_rows ck_as_turned_side(ck_attention_head s, const void *x, float *room) {
    ck_pair_rows(x, s.type, s.key_stride, s.keys, s.size, room, ck_left_stride(s.size));
    return (ck_rows){room, ck_left_stride(s.size)};
}

// MARK: Right sides

// Rows of a panel with words along the queries, which are rows of whole vectors.
CK_INLINE ck_rows ck_as_right_side(
    ck_form form, const void *x, ck_type type, size_t stride, size_t rows, size_t size, float *room) {
    if (form == ck_form_pairs) {
        ck_pair_rows(x, type, stride, rows, size, room, ck_padded(size));
    } else if (type == CK_FLOAT32 && size % 16 == 0) {
        return (ck_rows){x, stride};
    } else {
        ck_copy_rows(x, type, stride, rows, size, room, ck_padded(size));
    }
    return (ck_rows){room, ck_padded(size)};
}

// y[p * width + r] is x(r, 2p) and x(r, 2p + 1), `width` being `rows` in whole vectors; lanes beyond are zero.
CK_INLINE void ck_pack_transposed_pairs(
    const void *x, ck_type type, size_t stride, size_t rows, size_t size, float *y) {
    size_t width = ck_padded(rows), words = ck_form_words(ck_form_pairs, size);
    for (size_t r = 0; r < width; r += 16) {
        for (size_t p = 0; p < words; p += 16) {
            v16 room[16] = {{0}}, tile[16];
            for (size_t u = 0; u < 16 && r + u < rows; u++) {
                const void *place = ck_at(x, type, (r + u) * stride + 2 * p);
                ck_words_along(ck_form_pairs, type, place, size - 2 * p, &room[u]);
            }
            CK_UNROLL for (size_t u = 0; u < 16; u++) tile[u] = room[u];
            ck_transpose_rows(tile);
            CK_UNROLL for (size_t u = 0; u < 16; u++) {
                if (p + u < words) CK_V16(y + (p + u) * width + r) = tile[u];
            }
        }
    }
}

// Rows of a panel turned, with words along the size of a head; `factor` is for floats alone.
CK_INLINE void ck_pack_panel(
    ck_form form, const void *x, ck_type type, size_t stride, size_t rows, size_t size, float factor, float *y) {
    if (form == ck_form_pairs) {
        ck_pack_transposed_pairs(x, CK_BFLOAT16, stride, rows, size, y);
    } else {
        ck_pack_transposed(x, type, stride, rows, size, factor, y);
    }
}

// The bias of a block in place of its scores.
void ck_pack_bias(
    const float *bias, size_t keys, ck_query_panel panel, size_t count, float factor, float *scores);

#endif
