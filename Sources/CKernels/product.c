#include "product_finish.h"
#include "product_left.h"

enum {
    // Columns that stay in the second level cache over a depth block while all rows pass.
    group_columns = 384,
    // The same for sums that wait apart, and the rows that pass meanwhile.
    apart_columns = 192,
    apart_rows = 256,
};

// What all tiles of one depth block share.
typedef struct depth_block {
    const ck_product *product;
    const ck_product_finish *finish;
    ck_left_block left;
    bool left_packs;
    // The block of B, or all of its panels.
    const float *b;
    bool packed;
    // C, and where its sums wait for those of the next block: in C itself, unless it would round them.
    ck_result c, waiting;
    // Whether the tiles themselves store the sums.
    bool plain;
    bool first, last;
} depth_block;

// Whether C is more than sums and a bias.
CK_INLINE bool reworks(const ck_product_finish *f) {
    return f && (f->inner || f->activates || f->slope_at || f->residual);
}

// Whether tiles can add to what is there and store float32 numbers, and need nothing else.
CK_INLINE bool is_plain(const ck_product *s, const ck_product_finish *finish, bool first, bool last) {
    bool wide = s->c_type == CK_FLOAT32;
    bool adds = !first || s->beta == 0 || (s->beta == 1 && wide);
    return s->alpha == 1 && adds && !(last && (reworks(finish) || !wide));
}

// What is written after the sums is on its way meanwhile.
CK_INLINE void fetch_lines(ck_result y, ck_tile_part part) {
    for (size_t r = 0; r < part.rows; r++) {
        uintptr_t line = (uintptr_t)ck_result_at(y, part.i + r, part.j);
        for (size_t x = 0; x < 16 * part.vectors * ck_size(y.type); x += 64) {
            __builtin_prefetch((const void *)(line + x), 1);
        }
    }
}

// What is not for the tiles to do: `sums` become C, or wait.
CK_INLINE void rework_tile(const depth_block *block, ck_tile_part part, v16 *sums) {
    float alpha = block->product->alpha, beta = block->first ? block->product->beta : 1;
    if (alpha != 1) {
        for (size_t v = 0; v < part.rows * part.vectors; v++) sums[v] *= alpha;
    }
    if (beta != 0) ck_add_tile(part, block->first ? block->c : block->waiting, beta, sums);
    if (block->last && block->finish) ck_finish_sums(block->finish, block->c.type, part, sums);
    ck_store_tile(part, sums, block->last ? block->c : block->waiting);
}

// Rows [i, i + rows) of C, columns of one panel.
CK_INLINE void one_tile(
    const depth_block *block, ck_left_strip strip, size_t i, size_t rows, size_t start, size_t count) {
    const ck_product *s = block->product;
    const ck_product_finish *f = block->last ? block->finish : NULL;
    size_t j = 16 * start, words = block->left.words, ldb = block->packed ? 16 * count : s->b_row;
    const float *b = block->packed ? block->b + j * words : block->b + j;
    const float *a = strip.words + (i - strip.row) * strip.row_words;
    ck_tile_function *tile = ck_tile_of(block->left.tiles, s->a_column == 1, rows, count);
    size_t step = strip.step ? strip.step : rows;
    if (block->plain && j + 16 * count <= s->n) {
        const float *bias = f && f->bias ? f->bias + j : NULL;
        float *place = ck_result_at(block->waiting, i, j);
        tile(words, a, step, b, ldb, place, block->waiting.stride, bias, !block->first || s->beta == 1);
        return;
    }
    ck_tile_part part = {i, j, rows, count, s->n - j < 16 * count ? s->n - j : 16 * count};
    fetch_lines(block->last ? block->c : block->waiting, part);
    if (f && f->inner) fetch_lines((ck_result){f->inner, s->c_type, f->inner_row, 0, 0}, part);
    v16 sums[ck_tile_vectors];
    tile(words, a, step, b, ldb, (float *)sums, 16 * count, NULL, false);
    rework_tile(block, part, sums);
}

CK_INLINE void strips(const depth_block *block, size_t row, size_t row_end, size_t panel, size_t panel_end) {
    float room[ck_strip_words] __attribute__((aligned(64)));
    size_t vectors = ck_product_vectors(block->product->n), most = block->left.tiles->vectors;
    for (size_t i = row; i < row_end; i += ck_strip_rows) {
        size_t end = row_end - i < ck_strip_rows ? row_end : i + ck_strip_rows;
        ck_left_strip strip = ck_left_strip_of(block->left, block->left_packs, i, end - i, room);
        size_t next = row_end - end < ck_strip_rows ? row_end - end : ck_strip_rows, part = 0;
        size_t parts = ck_strip_rows / block->left.tiles->rows * (panel_end - panel);
        for (size_t r = i, rows; r < end; r += rows) {
            rows = ck_tile_rows_of(block->left.tiles, end - r);
            for (size_t q = panel; q < panel_end; q++) {
                if (block->left_packs && part < parts) ck_left_fetch(block->left, end, next, part++, parts);
                size_t start = ck_product_panel_start(vectors, q, most);
                one_tile(block, strip, r, rows, start, ck_product_panel_start(vectors, q + 1, most) - start);
            }
        }
    }
}

// All depths of some rows and panels.
CK_INLINE void depths(depth_block block, size_t row, size_t row_end, size_t panel, size_t panel_end) {
    const ck_product *s = block.product;
    const void *a = block.left.a;
    const float *b = block.b;
    size_t each = ck_form_depths(block.left.form), words = ck_form_words(block.left.form, s->k);
    size_t step = ck_product_depth(words), p = 0;
    do {
        block.left.words = words - p < step ? words - p : step;
        block.left.depth = s->k - p * each < step * each ? s->k - p * each : step * each;
        block.left.a = ck_at(a, s->a_type, p * each * s->a_column);
        block.b = b + p * (block.packed ? 16 * ck_product_vectors(s->n) : s->b_row);
        block.first = p == 0;
        p += block.left.words;
        block.last = p == words;
        block.plain = is_plain(s, block.finish, block.first, block.last);
        strips(&block, row, row_end, panel, panel_end);
    } while (p < words);
}

CK_CLONES void ck_product_compute(
    const ck_product *s, const ck_product_finish *finish, const void *a, const void *b, bool packed, void *c,
    size_t row, size_t row_end, size_t panel, size_t panel_end) {
    float sums[apart_rows * apart_columns] __attribute__((aligned(64)));
    ck_form form = ck_product_form(s);
    const ck_tile_set *tiles = ck_form_tiles(form);
    ck_result result = {c, s->c_type, s->c_row, 0, 0};
    bool apart = s->c_type == CK_BFLOAT16 && ck_form_words(form, s->k) > ck_product_most_depth;
    size_t rows = apart ? apart_rows : row_end - row;
    size_t group = (apart ? apart_columns : group_columns) / 16 / tiles->vectors;
    for (size_t q = panel; q < panel_end; q += group) {
        size_t q_end = panel_end - q < group ? panel_end : q + group;
        size_t column = 16 * ck_product_panel_start(ck_product_vectors(s->n), q, tiles->vectors);
        for (size_t i = row; i < row_end; i += rows) {
            depth_block block = {
                .product = s, .finish = finish, .b = b, .packed = packed,
                .left = {tiles, form, s->a_type, a, s->a_row, s->a_column, 0, 0},
                .left_packs = ck_left_packs(s, form, a, q_end - q),
                .c = result,
                .waiting = apart ? (ck_result){sums, CK_FLOAT32, apart_columns, i, column} : result};
            depths(block, i, row_end - i < rows ? row_end : i + rows, q, q_end);
        }
    }
}
