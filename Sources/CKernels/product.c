#include "include/ck_product.h"
#include "product.h"

enum {
    // Columns that stay in the second level cache over a depth block while all rows pass.
    group_columns = 384,
    // Rows of a transposed A that are packed at a time.
    strip_rows = 64,
    // Rows of A^T between one that is packed and one that is fetched.
    ahead = 8,
    // Columns of A up to this distance are read where they lie, for few panels of B.
    near_columns = 128,
    few_panels = 2,
};

// Up to 16 numbers; those that are missing are 0.
CK_INLINE void load_part(v16 *value, const float *x, size_t count) {
    if (count >= 16) {
        *value = CK_CV16(x);
    } else {
        *value = (v16){0};
        memcpy(value, x, count * sizeof(float));
    }
}

CK_INLINE void store_part(const v16 *value, float *y, size_t count) {
    if (count >= 16) {
        CK_V16(y) = *value;
    } else {
        memcpy(y, value, count * sizeof(float));
    }
}

// x[i] = f(x[i]).
#define APPLY(function) CK_EACH for (size_t i = 0; i < count; i++) x[i] = function(x[i])

CK_INLINE float relu(float x) { return x > 0 ? x : 0; }
CK_INLINE float relu_slope(float x) { return x > 0 ? 1 : 0; }

CK_INLINE void activate(ck_unary_op op, float *x, size_t count) {
    switch (op) {
    case CK_SILU: APPLY(ck_siluf); break;
    case CK_GELU_ERF: APPLY(ck_gelu_erff); break;
    case CK_GELU_TANH: APPLY(ck_gelu_tanhf); break;
    default: APPLY(relu); break;
    }
}

CK_INLINE void slope(ck_unary_op op, float *x, size_t count) {
    switch (op) {
    case CK_SILU: APPLY(ck_silu_slope); break;
    case CK_GELU_ERF: APPLY(ck_gelu_erf_slope); break;
    case CK_GELU_TANH: APPLY(ck_gelu_tanh_slope); break;
    default: APPLY(relu_slope); break;
    }
}

// Vectors of a tile at most.
enum { tile_vectors = 8 * 3 };

// A part of C whose sums lie in `x`, rows of 16 W numbers.
typedef struct tile_part {
    size_t i, j, rows, vectors, width;
    bool first, last;
} tile_part;

// For each vector of a part: its row r, its place w in the row and its place v among the sums.
#define EACH_VECTOR(part)                                                                                              \
    for (size_t r = 0; r < (part).rows; r++)                                                                           \
        for (size_t w = 0, v = r * (part).vectors; w < (part).vectors; w++, v++)
#define PLACE(base, stride) ((base) + (part.i + r) * (stride) + part.j + 16 * w)
#define COUNT (part.width - 16 * w)

CK_INLINE void finish_sums(const ck_product_finish *f, tile_part part, v16 *x) {
    v16 term, terms[tile_vectors];
    size_t count = part.rows * part.vectors;
    if (f->bias) {
        EACH_VECTOR(part) {
            load_part(&term, f->bias + part.j + 16 * w, COUNT);
            x[v] += term;
        }
    }
    if (f->inner) EACH_VECTOR(part) store_part(&x[v], PLACE(f->inner, f->inner_row), COUNT);
    if (f->activates) activate(f->activation, (float *)x, 16 * count);
    if (f->slope_at) {
        EACH_VECTOR(part) load_part(&terms[v], PLACE(f->slope_at, f->slope_row), COUNT);
        slope(f->activation, (float *)terms, 16 * count);
        for (size_t v = 0; v < count; v++) x[v] *= terms[v];
    }
    if (f->residual) {
        EACH_VECTOR(part) {
            load_part(&term, PLACE(f->residual, f->residual_row), COUNT);
            x[v] += term;
        }
    }
}

CK_INLINE void finish_tile(const ck_product *s, const ck_product_finish *f, tile_part part, v16 *x, float *c) {
    float beta = part.first ? s->beta : 1;
    if (s->alpha != 1) EACH_VECTOR(part) x[v] *= s->alpha;
    if (beta != 0) {
        v16 before;
        EACH_VECTOR(part) {
            load_part(&before, PLACE(c, s->c_row), COUNT);
            x[v] += beta * before;
        }
    }
    if (part.last && f) finish_sums(f, part, x);
    EACH_VECTOR(part) store_part(&x[v], PLACE(c, s->c_row), COUNT);
}

// Columns of A^T, `rows` of them, in tiles: for each tile k rows of its width. The largest tiles are filled
// together, so that memory is read along its rows.
CK_INLINE void pack_left(
    const ck_tile_set *tiles, const float *restrict a, size_t column, size_t rows, size_t k, float *restrict y) {
    size_t most = tiles->rows, whole = rows / most * most;
    const float *x = a;
    for (size_t p = 0; p < k; p++, x += column) {
        for (size_t i = 0; i < whole; i += 16) {
            __builtin_prefetch((const void *)((uintptr_t)x + (ahead * column + i) * sizeof(float)));
        }
        float *place = y + p * most;
        if (most == 8) {
            for (size_t i = 0; i < whole; i += 8, place += 8 * k) memcpy(place, x + i, 8 * sizeof(float));
        } else {
            for (size_t i = 0; i < whole; i += most, place += most * k) {
                for (size_t u = 0; u < most; u++) place[u] = x[i + u];
            }
        }
    }
    for (size_t i = whole, count; i < rows; i += count) {
        count = ck_tile_rows_of(tiles, rows - i);
        for (size_t p = 0; p < k; p++) {
            for (size_t u = 0; u < count; u++) y[i * k + p * count + u] = a[p * column + i + u];
        }
    }
}

// What all tiles of one depth block share.
typedef struct depth_block {
    const ck_tile_set *tiles;
    const ck_product *product;
    const ck_product_finish *finish;
    const float *a;
    // The block of B, or all of its panels.
    const float *b;
    bool packed;
    // Whether the tiles themselves store C.
    bool plain;
    bool first, last;
    size_t start, depth;
} depth_block;

// Whether C is more than sums and a bias.
CK_INLINE bool reworks(const ck_product_finish *f) {
    return f && (f->inner || f->activates || f->slope_at || f->residual);
}

// Some rows of A over a depth block, packed or where they lie.
typedef struct left_strip {
    const float *a;
    size_t row;
    bool packed;
} left_strip;

// What is written after the sums is on its way meanwhile.
CK_INLINE void fetch_lines(const float *x, size_t stride, size_t rows, size_t vectors) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t w = 0; w < vectors; w++) {
            __builtin_prefetch((const void *)((uintptr_t)x + (r * stride + 16 * w) * sizeof(float)), 1);
        }
    }
}

// Rows [i, i + rows) of C, columns of one panel.
CK_INLINE void one_tile(
    const depth_block *block, const left_strip *strip, float *c, size_t i, size_t rows, size_t start, size_t count) {
    const ck_product *s = block->product;
    const ck_product_finish *f = block->last ? block->finish : NULL;
    size_t j = 16 * start, ldb = block->packed ? 16 * count : s->b_row;
    const float *b = block->packed ? block->b + j * block->depth : block->b + j;
    bool by_rows = s->a_column == 1;
    const float *a = strip->a + (i - strip->row) * (strip->packed ? block->depth : s->a_row);
    ck_tile_function *tile = ck_tile_of(block->tiles, by_rows, rows, count);
    size_t step = by_rows ? s->a_row : strip->packed ? rows : s->a_column;
    if (block->plain && j + 16 * count <= s->n) {
        const float *bias = f && f->bias ? f->bias + j : NULL;
        bool adds = !block->first || s->beta == 1;
        tile(block->depth, a, step, b, ldb, c + i * s->c_row + j, s->c_row, bias, adds);
        return;
    }
    fetch_lines(c + i * s->c_row + j, s->c_row, rows, count);
    if (f && f->inner) fetch_lines(f->inner + i * f->inner_row + j, f->inner_row, rows, count);
    v16 sums[tile_vectors];
    tile(block->depth, a, step, b, ldb, (float *)sums, 16 * count, NULL, false);
    size_t width = s->n - j < 16 * count ? s->n - j : 16 * count;
    finish_tile(s, f, (tile_part){i, j, rows, count, width, block->first, block->last}, sums, c);
}

CK_INLINE void strips(
    const depth_block *block, float *c, size_t row, size_t row_end, size_t panel, size_t panel_end) {
    const ck_product *s = block->product;
    float room[strip_rows * ck_product_most_depth] __attribute__((aligned(64)));
    size_t vectors = ck_product_vectors(s->n), most = block->tiles->vectors;
    bool packs = s->a_column > near_columns || (s->a_column != 1 && panel_end - panel > few_panels);
    for (size_t i = row; i < row_end; i += strip_rows) {
        size_t end = row_end - i < strip_rows ? row_end : i + strip_rows;
        left_strip strip = {block->a + i * s->a_row + block->start * s->a_column, i, packs};
        if (strip.packed) {
            pack_left(block->tiles, strip.a, s->a_column, end - i, block->depth, room);
            strip.a = room;
        }
        for (size_t r = i, rows; r < end; r += rows) {
            rows = ck_tile_rows_of(block->tiles, end - r);
            for (size_t q = panel; q < panel_end; q++) {
                size_t start = ck_product_panel_start(vectors, q, most);
                one_tile(block, &strip, c, r, rows, start, ck_product_panel_start(vectors, q + 1, most) - start);
            }
        }
    }
}

CK_CLONES void ck_product_compute(
    const ck_product *s, const ck_product_finish *finish, const float *a, const float *b, bool packed, float *c,
    size_t row, size_t row_end, size_t panel, size_t panel_end) {
    const ck_tile_set *tiles = ck_tiles();
    size_t group = group_columns / 16 / tiles->vectors, step = ck_product_depth(s->k);
    for (size_t from = panel; from < panel_end; from += group) {
        size_t to = panel_end - from < group ? panel_end : from + group;
        size_t p = 0;
        do {
            size_t depth = s->k - p < step ? s->k - p : step;
            const float *right = packed ? b + p * 16 * ck_product_vectors(s->n) : b + p * s->b_row;
            bool first = p == 0, last = p + depth == s->k;
            bool plain = s->alpha == 1 && (!first || s->beta == 0 || s->beta == 1) && !(last && reworks(finish));
            depth_block block = {tiles, s, finish, a, right, packed, plain, first, last, p, depth};
            strips(&block, c, row, row_end, from, to);
            p += depth;
        } while (p < s->k);
    }
}
