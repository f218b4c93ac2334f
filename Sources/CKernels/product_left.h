#ifndef CK_PRODUCT_LEFT_H
#define CK_PRODUCT_LEFT_H

// Strips of rows of A: where they lie if the tiles can read them there, otherwise packed.

#include "product_words.h"

enum {
    // Rows of a strip that is packed.
    ck_strip_rows = 64,
    // The words of a packed strip; the last row may end with a part of a vector.
    ck_strip_words = ck_strip_rows * ck_product_most_depth + 16,
    // Rows of A, or depths of A^T, between one that is packed and one that is fetched.
    ck_strip_ahead = 8,
    // Columns of A up to this distance are read where they lie, for few panels of B.
    ck_near_columns = 128,
    ck_few_panels = 2,
};

// Some rows of A from `row` on over one block of the depth, or from the beginning of this block where they lie. `step`
// is the distance of rows in words, or of depths; 0 if it is the number of rows of a tile.
typedef struct ck_left_strip {
    const float *words;
    size_t row, row_words, step;
} ck_left_strip;

// A over one block of the depth.
typedef struct ck_left_block {
    const ck_tile_set *tiles;
    ck_form form;
    ck_type type;
    const void *a;
    size_t row, column;
    // Numbers and words of the block.
    size_t depth, words;
} ck_left_block;

// Whether pairs of neighbours in rows of A are aligned words.
CK_INLINE bool ck_left_has_pairs(const ck_product *s, const void *a) {
    return s->a_type == CK_BFLOAT16 && s->a_column == 1 && s->k % 2 == 0 && s->a_row % 2 == 0 && (uintptr_t)a % 4 == 0;
}

// Whether strips of A have to be packed, or that pays.
CK_INLINE bool ck_left_packs(const ck_product *s, ck_form form, const void *a, size_t panels) {
    if (form == ck_form_pairs) return !ck_left_has_pairs(s, a);
    if (form == ck_form_rounded) return true;
    return s->a_column > ck_near_columns || (s->a_column != 1 && panels > ck_few_panels);
}

// Rows of neighbouring depths, one after the other.
CK_INLINE void ck_pack_left_rows(ck_left_block s, const void *a, size_t rows, float *restrict y) {
    size_t depths = ck_form_depths(s.form);
    for (size_t i = 0; i < rows; i++, y += s.words) {
        const void *x = ck_at(a, s.type, i * s.row);
        for (size_t p = 0; p < s.words; p += 16) {
            size_t next = (ck_strip_ahead * s.row + p * depths) * ck_size(s.type);
            __builtin_prefetch((const void *)((uintptr_t)x + next));
            v16 words;
            ck_words_along(s.form, s.type, ck_at(x, s.type, p * depths), s.depth - p * depths, &words);
            CK_V16(y + p) = words;
        }
    }
}

// Rows of A^T, `rows` columns of them, in tiles: for each tile its rows, one for each word of the depth. All tiles are
// filled together, so that memory is read along its rows.
CK_INLINE void ck_pack_left_columns(ck_left_block s, const void *a, size_t rows, float *restrict y) {
    size_t most = s.tiles->rows, whole = rows / most * most, depths = ck_form_depths(s.form);
    v16 room[ck_strip_rows / 16];
    for (size_t p = 0; p < s.words; p++) {
        const void *x = ck_at(a, s.type, p * depths * s.column);
        const float *line = s.form == ck_form_floats ? x : (const float *)room;
        for (size_t i = 0; i < rows; i += 16) {
            size_t next = (ck_strip_ahead * s.column + i) * ck_size(s.type);
            __builtin_prefetch((const void *)((uintptr_t)x + next));
            if (s.form == ck_form_floats) continue;
            bool last = (p + 1) * depths > s.depth;
            ck_words_across(s.form, s.type, ck_at(x, s.type, i), s.column, last, rows - i, &room[i / 16]);
        }
        float *place = y + p * most;
        if (most == 8) {
            for (size_t i = 0; i < whole; i += 8, place += 8 * s.words) memcpy(place, line + i, 8 * sizeof(float));
        } else {
            for (size_t i = 0; i < whole; i += most, place += most * s.words) {
                for (size_t u = 0; u < most; u++) place[u] = line[i + u];
            }
        }
        for (size_t i = whole, count; i < rows; i += count) {
            count = ck_tile_rows_of(s.tiles, rows - i);
            for (size_t u = 0; u < count; u++) y[i * s.words + p * count + u] = line[i + u];
        }
    }
}

CK_INLINE void ck_pack_left(
    ck_form form, ck_type type, ck_left_block s, const void *a, size_t rows, float *restrict y) {
    s.form = form;
    s.type = type;
    if (s.column == 1) {
        ck_pack_left_rows(s, a, rows, y);
    } else {
        ck_pack_left_columns(s, a, rows, y);
    }
}

// Rows [row, row + rows) of a block, packed into `room` if `packs`.
CK_INLINE ck_left_strip ck_left_strip_of(ck_left_block s, bool packs, size_t row, size_t rows, float *room) {
    const void *a = ck_at(s.a, s.type, row * s.row);
    if (!packs) {
        size_t depths = ck_form_depths(s.form);
        return (ck_left_strip){a, row, s.row / depths, s.column == 1 ? s.row / depths : s.column};
    }
    CK_WITH_FORM(s.form, s.type, ck_pack_left, s, a, rows, room);
    return (ck_left_strip){room, row, s.words, s.column == 1 ? s.words : 0};
}

// Fetches lines of memory that hold `count` numbers.
CK_INLINE void ck_left_fetch_line(ck_left_block s, size_t start, size_t count) {
    uintptr_t x = (uintptr_t)s.a + start * ck_size(s.type);
    for (size_t i = 0; i < count * ck_size(s.type); i += 64) __builtin_prefetch((const void *)(x + i), 0, 2);
}

// Fetches one of `parts` parts of a strip that will be packed.
CK_INLINE void ck_left_fetch(ck_left_block s, size_t row, size_t rows, size_t part, size_t parts) {
    size_t count = s.column == 1 ? rows : s.depth;
    for (size_t i = count * part / parts; i < count * (part + 1) / parts; i++) {
        if (s.column == 1) {
            ck_left_fetch_line(s, (row + i) * s.row, s.depth);
        } else {
            ck_left_fetch_line(s, row + i * s.column, rows);
        }
    }
}

#endif
