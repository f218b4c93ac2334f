#include "product_words.h"
#include "transpose.h"

size_t ck_product_panels(size_t n) { return ck_product_panel_count(ck_product_vectors(n), ck_tiles()->vectors); }

enum {
    // Rows of A up to which packing B takes more than it gives.
    few_rows = 512,
    // The distance of rows of B above which they compete for places in the cache.
    far_rows = 512,
    // Rows of B between one that is packed and one that is fetched.
    ahead = 8,
};

bool ck_product_packs(const ck_product *s) {
    if (ck_product_form(s) != ck_form_floats) return true;
    return s->b_column != 1 || s->n % 16 != 0 || s->m > few_rows || s->b_row > far_rows;
}

size_t ck_product_packed_size(const ck_product *s) {
    return 16 * ck_product_vectors(s->n) * ck_form_words(ck_product_form(s), s->k) * sizeof(float);
}

// A panel of B over one block of the depth.
typedef struct right_block {
    ck_form form;
    ck_type type;
    size_t row, column;
    // Numbers and words of the depth.
    size_t depth, words;
    // Columns, and columns with the zeros that make them vectors.
    size_t width, wide;
} right_block;

// Neighbouring columns: one row after the other.
CK_INLINE void pack_rows(right_block s, const void *b, float *restrict y) {
    size_t depths = ck_form_depths(s.form);
    for (size_t p = 0; p < s.words; p++, y += s.wide) {
        const void *x = ck_at(b, s.type, p * depths * s.row);
        bool last = (p + 1) * depths > s.depth;
        for (size_t j = 0; j < s.wide; j += 16) {
            __builtin_prefetch((const void *)((uintptr_t)x + (ahead * s.row + j) * ck_size(s.type)));
            v16 words;
            ck_words_across(s.form, s.type, ck_at(x, s.type, j), s.row, last, s.width - j, &words);
            CK_V16(y + j) = words;
        }
    }
}

// Sixteen columns and words, transposed.
CK_INLINE void pack_square(right_block s, const void *b, float *restrict y) {
    v16 rows[16];
    CK_UNROLL for (size_t u = 0; u < 16; u++) {
        ck_words_along(s.form, s.type, ck_at(b, s.type, u * s.column), 16 * ck_form_depths(s.form), &rows[u]);
    }
    ck_transpose_rows(rows);
    CK_UNROLL for (size_t u = 0; u < 16; u++) CK_V16(y + u * s.wide) = rows[u];
}

// The same with fewer columns or words.
CK_INLINE void pack_part(right_block s, const void *b, size_t width, size_t depth, float *restrict y) {
    v16 rows[16] = {{0}};
    for (size_t u = 0; u < width; u++) {
        ck_words_along(s.form, s.type, ck_at(b, s.type, u * s.column), depth, &rows[u]);
    }
    ck_transpose_rows(rows);
    size_t words = ck_form_words(s.form, depth);
    for (size_t u = 0; u < words && u < 16; u++) CK_V16(y + u * s.wide) = rows[u];
}

// Neighbouring depths.
CK_INLINE void pack_columns(right_block s, const void *b, float *restrict y) {
    size_t square = 16 * ck_form_depths(s.form);
    for (size_t j = 0; j < s.wide; j += 16) {
        size_t width = s.width - j < 16 ? s.width - j : 16;
        for (size_t p = 0; p < s.depth; p += square) {
            const void *x = ck_at(b, s.type, j * s.column + p);
            float *place = y + p / ck_form_depths(s.form) * s.wide + j;
            if (width == 16 && p + square <= s.depth) {
                pack_square(s, x, place);
            } else {
                pack_part(s, x, width, s.depth - p, place);
            }
        }
    }
}

// Packed: for each depth block, for each panel, rows of the panel's width.
CK_INLINE void pack(
    ck_form form, ck_type type, const ck_product *s, const void *b, float *packed, size_t from, size_t to) {
    size_t most = ck_tiles()->vectors, vectors = ck_product_vectors(s->n);
    size_t depths = ck_form_depths(form), words = ck_form_words(form, s->k), step = ck_product_depth(words);
    right_block block = {.form = form, .type = type, .row = s->b_row, .column = s->b_column};
    for (size_t p = 0; p < words; p += step) {
        block.words = words - p < step ? words - p : step;
        block.depth = s->k - p * depths < step * depths ? s->k - p * depths : step * depths;
        for (size_t panel = from; panel < to; panel++) {
            size_t j = 16 * ck_product_panel_start(vectors, panel, most);
            size_t end = 16 * ck_product_panel_start(vectors, panel + 1, most);
            block.wide = end - j;
            block.width = (end < s->n ? end : s->n) - j;
            float *y = packed + p * 16 * vectors + j * block.words;
            const void *x = ck_at(b, type, p * depths * s->b_row + j * s->b_column);
            if (s->b_column == 1) {
                pack_rows(block, x, y);
            } else {
                pack_columns(block, x, y);
            }
        }
    }
}

CK_CLONES void ck_product_pack(const ck_product *s, const void *b, void *packed, size_t from, size_t to) {
    CK_WITH_FORM(ck_product_form(s), s->b_type, pack, s, b, packed, from, to);
}
