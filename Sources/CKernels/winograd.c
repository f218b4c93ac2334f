#include "transpose.h"
#include "winograd.h"

size_t ck_winograd_tiles(ck_winograd s) { return s.batch * wino_down(s) * wino_across(s); }

// With few channels the windows and sums of a block stay in a cache of 1 MiB. With many they do not, and more tiles
// make more of each weight that comes from further away. Blocks are made of strips of twelve tiles.
size_t ck_winograd_block(ck_winograd s) {
    size_t tiles = (s.input_channels + s.output_channels) * 3 / (s.tile == 4 ? 16 : 8) / 12 * 12;
    size_t least = s.tile == 4 ? 24 : 48, most = s.tile == 4 ? 120 : 144, all = ck_winograd_tiles(s);
    size_t block = tiles < least ? least : tiles > most ? most : tiles;
    return all > block ? block : all > 0 ? all : 1;
}

size_t ck_winograd_panels(ck_winograd s) { return wino_panels(s.output_channels); }

size_t ck_winograd_weight_count(ck_winograd s) {
    return wino_points(s) * ck_winograd_panels(s) * s.input_channels * wino_panel;
}

// V, the sums, a row of zeros and a row for pixels that nobody wants; 16 numbers to start at a multiple of 64 bytes.
size_t ck_winograd_scratch(ck_winograd s) {
    size_t block = ck_winograd_block(s), input = wino_row(s.input_channels), output = wino_row(s.output_channels);
    return wino_points(s) * (wino_matrix(block * input) + wino_matrix(block * output)) + input + output + 16;
}

// MARK: Weights

// The kernels of 16 output channels for one input channel: nine vectors, the first of each row of a square. Whole
// vectors may be read unless a kernel is the last one in memory.
CK_INLINE void load_kernels(
    const ck_type type, const void *const at[16], bool whole, bool mirrored, v16 square[wino_most_points]) {
    v16 rows[16];
    if (whole) {
        CK_UNROLL for (size_t l = 0; l < 16; l++) ck_load(at[l], type, &rows[l]);
    } else {
        CK_UNROLL for (size_t l = 0; l < 16; l++) ck_load_part(at[l], type, 9, &rows[l]);
    }
    ck_transpose_rows(rows);
    CK_UNROLL for (size_t t = 0; t < 9; t++) {
        square[wino_most_side * (t / 3) + t % 3] = mirrored ? rows[8 - t] : rows[t];
    }
}

// Output channels from `first` on, the kernels of which lie `step` apart from `weights` on, of one input channel.
// `left` kernels follow the first one in memory.
CK_INLINE void transform_kernels(
    const size_t m, const ck_type type, ck_winograd s, size_t first, const void *weights, size_t left, bool mirrored,
    size_t step, float *r, size_t matrix) {
    static const float nothing[16];
    const void *at[16];
    v16 square[wino_most_points];
    size_t count = s.output_channels > first ? s.output_channels - first : 0;
    for (size_t l = 0; l < 16; l++) at[l] = l < count ? ck_at(weights, type, 9 * (first + l) * step) : nothing;
    size_t last = first + (count < 16 ? count : 16) - 1;
    load_kernels(type, at, count == 0 || last * step < left, mirrored, square);
    WINO_SQUARE(wino_weight_line, m, square, 3, m + 2);
    CK_UNROLL for (size_t u = 0; u < m + 2; u++) {
        CK_UNROLL for (size_t v = 0; v < m + 2; v++, r += matrix) CK_V16(r) = square[wino_most_side * u + v];
    }
}

CK_INLINE void transform_weights(
    const size_t m, const ck_type type, ck_winograd s, const void *weights, bool mirrored, float *transformed,
    size_t from, size_t to) {
    size_t input_step = mirrored ? s.output_channels : 1, output_step = mirrored ? 1 : s.input_channels;
    size_t matrix = ck_winograd_panels(s) * s.input_channels * wino_panel;
    for (size_t panel = from; panel < to; panel++) {
        float *row = transformed + panel * s.input_channels * wino_panel;
        for (size_t i = 0; i < s.input_channels; i++, row += wino_panel) {
            const void *kernels = ck_at(weights, type, 9 * i * input_step);
            size_t first = panel * wino_panel, left = s.input_channels * s.output_channels - i * input_step - 1;
            transform_kernels(m, type, s, first, kernels, left, mirrored, output_step, row, matrix);
            transform_kernels(m, type, s, first + 16, kernels, left, mirrored, output_step, row + 16, matrix);
        }
    }
}

CK_CLONES void ck_winograd_weights(
    ck_winograd s, const void *restrict weights, bool mirrored, float *restrict transformed, size_t from, size_t to) {
    bool half = s.weight_type == CK_BFLOAT16;
    if (s.tile == 4 && half) {
        transform_weights(4, CK_BFLOAT16, s, weights, mirrored, transformed, from, to);
    } else if (s.tile == 4) {
        transform_weights(4, CK_FLOAT32, s, weights, mirrored, transformed, from, to);
    } else if (half) {
        transform_weights(2, CK_BFLOAT16, s, weights, mirrored, transformed, from, to);
    } else {
        transform_weights(2, CK_FLOAT32, s, weights, mirrored, transformed, from, to);
    }
}

// MARK: Forward

// The sums of `tiles` tiles at one point of the transform.
WINO_WIDE void multiply_wide(size_t tiles, size_t vectors, wino_product product) {
    wino_multiply(true, true, tiles, vectors, product);
}

// A tile of 16 output channels from its sums, which lie at s, s + matrix, ...
CK_INLINE void output_square(
    const size_t m, const float *s, size_t matrix, const float *bias, size_t count, v16 square[wino_most_points]) {
    float lanes[16] = {0};
    for (size_t l = 0; bias && count < 16 && l < count; l++) lanes[l] = bias[l];
    v16 offset = CK_CV16(bias && count >= 16 ? bias : lanes);
    CK_UNROLL for (size_t i = 0; i < m + 2; i++) {
        CK_UNROLL for (size_t j = 0; j < m + 2; j++, s += matrix) square[wino_most_side * i + j] = CK_CV16(s);
    }
    WINO_SQUARE(wino_output_line, m, square, m + 2, m);
    CK_UNROLL for (size_t i = 0; i < m; i++) {
        CK_UNROLL for (size_t j = 0; j < m; j++) square[wino_most_side * i + j] += offset;
    }
}

// Output channels [c, c + count) of one tile; pixels outside the image go to a row of their own.
CK_INLINE void store_pixels(
    const size_t m, const ck_type type, const v16 square[wino_most_points], const void *const at[wino_most_points],
    size_t c, size_t count) {
    CK_UNROLL for (size_t i = 0; i < m; i++) {
        CK_UNROLL for (size_t j = 0; j < m; j++) {
            size_t p = wino_most_side * i + j;
            void *place = ck_place((void *)at[p], type, c);
            if (count >= 16) {
                ck_store(&square[p], place, type);
            } else {
                float lanes[16];
                ck_store(&square[p], lanes, type);
                for (size_t l = 0; l < count * ck_size(type); l++) ((char *)place)[l] = ((char *)lanes)[l];
            }
        }
    }
}

CK_INLINE void store_tile(
    const size_t m, ck_type type, const v16 square[wino_most_points], const void *const at[wino_most_points], size_t c,
    size_t count) {
    if (type == CK_BFLOAT16) {
        store_pixels(m, CK_BFLOAT16, square, at, c, count);
    } else {
        store_pixels(m, CK_FLOAT32, square, at, c, count);
    }
}

CK_INLINE void transform_output(
    const size_t m, ck_winograd s, wino_images images, const float *bias, size_t from, size_t to, const float *sums,
    size_t row, size_t matrix) {
    size_t across = wino_across(s), down = wino_down(s), channels = images.channels;
    const void *at[wino_most_points];
    v16 square[wino_most_points];
    for (size_t tile = from; tile < to; tile++, sums += row) {
        size_t y = tile / across % down * m, x = tile % across * m;
        wino_window(s.type, images, tile / across / down, y, x, 0, 0, m, at);
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) {
            output_square(m, sums + c, matrix, bias ? bias + c : bias, 16, square);
            store_tile(m, s.type, square, (const void *const *)at, c, 16);
        }
        if (c == channels) continue;
        output_square(m, sums + c, matrix, bias ? bias + c : bias, channels - c, square);
        store_tile(m, s.type, square, (const void *const *)at, c, channels - c);
    }
}

// Scratch memory of the forward pass, and what a block needs to know.
typedef struct forward_pass {
    size_t input_row, input_matrix, output_row, output_matrix;
    float *windows, *sums;
    wino_images source, target;
    const float *weights, *bias;
} forward_pass;

CK_INLINE void multiply_block(ck_winograd s, const forward_pass *pass, size_t tiles) {
    bool wide = wino_is_wide();
    size_t vectors = wino_vectors(s.output_channels);
    size_t weight_matrix = ck_winograd_panels(s) * s.input_channels * wino_panel;
    for (size_t p = 0; p < wino_points(s); p++) {
        wino_product product = {
            s.input_channels, pass->windows + p * pass->input_matrix, pass->input_row,
            pass->weights + p * weight_matrix, pass->sums + p * pass->output_matrix, pass->output_row, false,
        };
        if (wide) {
            multiply_wide(tiles, vectors, product);
        } else {
            wino_multiply(true, false, tiles, vectors, product);
        }
    }
}

CK_INLINE void forward_block(const size_t m, ck_winograd s, const forward_pass *pass, size_t from, size_t to) {
    if (s.type == CK_BFLOAT16) {
        wino_transform_input(
            m, CK_BFLOAT16, s, pass->source, from, to, pass->windows, pass->input_row, pass->input_matrix);
    } else {
        wino_transform_input(
            m, CK_FLOAT32, s, pass->source, from, to, pass->windows, pass->input_row, pass->input_matrix);
    }
    multiply_block(s, pass, to - from);
    transform_output(m, s, pass->target, pass->bias, from, to, pass->sums, pass->output_row, pass->output_matrix);
}

CK_CLONES void ck_winograd_forward(
    ck_winograd s, const void *restrict x, const float *restrict transformed, const float *restrict bias,
    void *restrict y, float *restrict scratch, size_t from, size_t to) {
    size_t most = ck_winograd_block(s), points = wino_points(s), block = wino_block(to - from, most);
    forward_pass pass = {.input_row = wino_row(s.input_channels), .output_row = wino_row(s.output_channels)};
    pass.input_matrix = wino_matrix(most * pass.input_row);
    pass.output_matrix = wino_matrix(most * pass.output_row);
    pass.windows = wino_aligned(scratch);
    pass.sums = pass.windows + points * pass.input_matrix;
    pass.weights = transformed;
    pass.bias = bias;
    float *zeros = pass.sums + points * pass.output_matrix, *unwanted = zeros + pass.input_row;
    for (size_t c = 0; c < pass.input_row; c++) zeros[c] = 0;
    pass.source = (wino_images){x, zeros, s.height, s.width, s.input_channels, s.input_channels};
    pass.target = (wino_images){
        y, unwanted, s.output_height, s.output_width, s.output_channels, s.output_channels,
    };
    for (size_t tile = from; tile < to; tile += block) {
        size_t end = to - tile < block ? to : tile + block;
        if (s.tile == 4) {
            forward_block(4, s, &pass, tile, end);
        } else {
            forward_block(2, s, &pass, tile, end);
        }
    }
}
