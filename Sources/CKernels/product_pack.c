#include "include/ck_product.h"
#include "product.h"
#include "transpose.h"

size_t ck_product_panels(size_t n) { return ck_product_panel_count(ck_product_vectors(n), ck_tiles()->vectors); }

size_t ck_product_panel_column(size_t n, size_t panel) {
    size_t column = 16 * ck_product_panel_start(ck_product_vectors(n), panel, ck_tiles()->vectors);
    return column < n ? column : n;
}

enum {
    // Rows of A up to which packing B takes more than it gives.
    few_rows = 512,
    // The distance of rows of B above which they compete for places in the cache.
    far_rows = 512,
    // Rows of B between one that is packed and one that is fetched.
    ahead = 8,
};

bool ck_product_packs(const ck_product *s) {
    return s->b_column != 1 || s->n % 16 != 0 || s->m > few_rows || s->b_row > far_rows;
}

size_t ck_product_packed_size(size_t n, size_t k) { return 16 * ck_product_vectors(n) * k; }

// `depth` rows of `width` numbers, padded with zeros to `wide`.
CK_INLINE void pack_rows(
    const float *restrict b, size_t row, size_t depth, size_t width, size_t wide, float *restrict y) {
    size_t whole = width & ~(size_t)15;
    for (size_t p = 0; p < depth; p++, b += row, y += wide) {
        size_t j = 0;
        for (; j < whole; j += 16) {
            __builtin_prefetch((const void *)((uintptr_t)b + (ahead * row + j) * sizeof(float)));
            CK_V16(y + j) = CK_CV16(b + j);
        }
        for (; j < width; j++) y[j] = b[j];
        for (; j < wide; j++) y[j] = 0;
    }
}

// `width` columns of `depth` neighbours each, made rows of `wide` numbers.
CK_INLINE void pack_columns(
    const float *restrict b, size_t column, size_t depth, size_t width, size_t wide, float *restrict y) {
    for (size_t j = 0; j < wide; j += 16) {
        size_t count = j >= width ? 0 : width - j < 16 ? width - j : 16, p = 0;
        for (; count == 16 && p + 16 <= depth; p += 16) {
            ck_transpose_tile(b + j * column + p, column, y + p * wide + j, wide);
        }
        for (; p < depth; p++) {
            float *line = y + p * wide + j;
            for (size_t u = 0; u < count; u++) line[u] = b[(j + u) * column + p];
            for (size_t u = count; u < 16; u++) line[u] = 0;
        }
    }
}

// Packed: for each depth block, for each panel, rows of the panel's width.
CK_CLONES void ck_product_pack(const ck_product *s, const float *b, float *packed, size_t from, size_t to) {
    size_t most = ck_tiles()->vectors;
    size_t vectors = ck_product_vectors(s->n), block = ck_product_depth(s->k);
    for (size_t p = 0; p < s->k; p += block) {
        size_t depth = s->k - p < block ? s->k - p : block;
        for (size_t panel = from; panel < to; panel++) {
            size_t j = 16 * ck_product_panel_start(vectors, panel, most);
            size_t end = 16 * ck_product_panel_start(vectors, panel + 1, most);
            size_t width = (end < s->n ? end : s->n) - j;
            float *y = packed + p * 16 * vectors + j * depth;
            const float *x = b + p * s->b_row + j * s->b_column;
            if (s->b_column == 1) {
                pack_rows(x, s->b_row, depth, width, end - j, y);
            } else {
                pack_columns(x, s->b_column, depth, width, end - j, y);
            }
        }
    }
}
