#ifndef CK_PRODUCT_WORDS_H
#define CK_PRODUCT_WORDS_H

// What the tiles of a product read: words of 32 bits, each of them one number or a pair. Everything that is cut in
// words, depths above all, is the same for all forms.

#include "half.h"
#include "include/ck_product.h"
#include "product.h"

typedef enum ck_form {
    // Numbers as they are.
    ck_form_floats,
    // Numbers rounded to bfloat16 and widened again: half products on processors without instructions for them.
    ck_form_rounded,
    // Two neighbouring depths in bfloat16, the earlier one in the lower half; after an odd depth a zero.
    ck_form_pairs,
} ck_form;

CK_INLINE ck_form ck_product_form(const ck_product *s) {
    if (s->a_type != CK_BFLOAT16 && s->b_type != CK_BFLOAT16) return ck_form_floats;
    return ck_pair_tiles() ? ck_form_pairs : ck_form_rounded;
}

CK_INLINE const ck_tile_set *ck_form_tiles(ck_form form) {
    return form == ck_form_pairs ? ck_pair_tiles() : ck_tiles();
}

// The depths that a word stands for.
CK_INLINE size_t ck_form_depths(ck_form form) { return form == ck_form_pairs ? 2 : 1; }

CK_INLINE size_t ck_form_words(ck_form form, size_t depth) {
    return (depth + ck_form_depths(form) - 1) / ck_form_depths(form);
}

// function(form, type, ...) with constants where that is possible, so that loops within know what they read.
#define CK_WITH_FORM(form, type, function, ...)                                                                        \
    do {                                                                                                               \
        if ((form) == ck_form_floats) {                                                                                \
            function(ck_form_floats, CK_FLOAT32, __VA_ARGS__);                                                         \
        } else if ((type) == CK_FLOAT32) {                                                                             \
            function(form, CK_FLOAT32, __VA_ARGS__);                                                                   \
        } else if ((form) == ck_form_rounded) {                                                                        \
            function(ck_form_rounded, CK_BFLOAT16, __VA_ARGS__);                                                       \
        } else {                                                                                                       \
            function(ck_form_pairs, CK_BFLOAT16, __VA_ARGS__);                                                         \
        }                                                                                                              \
    } while (0)

// Up to sixteen numbers rounded to bfloat16; those that are missing are 0.
CK_INLINE void ck_load_rounded(const void *x, ck_type type, size_t count, v16 *y) {
    ck_load_part(x, type, count, y);
    if (type == CK_FLOAT32) {
        v16b bits;
        ck_round_vector(y, &bits);
        *y = (v16)(bits & 0xffff0000u);
    }
}

// Sixteen words from neighbouring depths, of which there are `count`.
CK_INLINE void ck_words_along(ck_form form, ck_type type, const void *x, size_t count, v16 *words) {
    if (form == ck_form_floats) {
        ck_load_part(x, CK_FLOAT32, count, words);
    } else if (form == ck_form_rounded) {
        ck_load_rounded(x, type, count, words);
    } else if (type == CK_BFLOAT16) {
        *words = (v16){0};
        if (count >= 32) {
            memcpy(words, x, sizeof *words);
        } else {
            ck_copy_part(x, words, count * sizeof(uint16_t));
        }
    } else {
        v16h halves[2];
        for (size_t i = 0; i < 2; i++) {
            v16 part = {0};
            if (16 * i < count) ck_load_part(ck_at(x, type, 16 * i), type, count - 16 * i, &part);
            ck_narrow_vector(&part, &halves[i]);
        }
        memcpy(words, halves, sizeof *words);
    }
}

// Words of one step of the depth for `count` neighbouring rows or columns, at most sixteen. The next depth is `stride`
// away, unless this one is the last of an odd number.
CK_INLINE void ck_words_across(
    ck_form form, ck_type type, const void *x, size_t stride, bool last, size_t count, v16 *words) {
    if (form == ck_form_floats) {
        ck_load_part(x, CK_FLOAT32, count, words);
        return;
    }
    ck_load_rounded(x, type, count, words);
    if (form == ck_form_pairs) {
        v16 next = {0};
        if (!last) ck_load_rounded(ck_at(x, type, stride), type, count, &next);
        *words = (v16)(((v16b)*words >> 16) | (v16b)next);
    }
}

#endif
