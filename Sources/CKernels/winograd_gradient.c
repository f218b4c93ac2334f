#include "transpose.h"
#include "winograd.h"

// Every sum is read and written once a block, windows and tiles of dy come and go: few channels want small blocks that
// stay in a cache, many want larger ones.
size_t ck_winograd_gradient_block(ck_winograd s) {
    size_t tiles = (s.input_channels + s.output_channels) / (s.tile == 4 ? 8 : 4) / 8 * 8;
    size_t least = s.tile == 4 ? 32 : 64, most = s.tile == 4 ? 96 : 192, all = ck_winograd_tiles(s);
    size_t block = tiles < least ? least : tiles > most ? most : tiles;
    return all > block ? block : all > 0 ? all : 1;
}

// Where things lie in scratch memory: transformed windows of x, tiles of dy in panels, sums of their products, zeros.
typedef struct places {
    size_t block, input_row, input_matrix, upstream_matrix, sum_row, sum_matrix;
    size_t upstream, sums, zeros, end;
} places;

CK_INLINE places place(ck_winograd s, size_t input_channels) {
    size_t points = wino_points(s), block = ck_winograd_gradient_block(s);
    places p = {.block = block, .input_row = wino_row(input_channels), .sum_row = wino_row(s.output_channels)};
    p.input_matrix = wino_matrix(block * p.input_row);
    p.upstream_matrix = wino_matrix(block * wino_panels(s.output_channels) * wino_panel);
    p.sum_matrix = wino_matrix(input_channels * p.sum_row);
    p.upstream = points * p.input_matrix;
    p.sums = p.upstream + points * p.upstream_matrix;
    p.zeros = p.sums + points * p.sum_matrix;
    p.end = p.zeros + (p.input_row > p.sum_row ? p.input_row : p.sum_row);
    return p;
}

// 16 numbers more, to start at a multiple of 64 bytes.
size_t ck_winograd_gradient_scratch(ck_winograd s, size_t input_channels) { return place(s, input_channels).end + 16; }

// A g A^T for one tile: 16 channels from `from` on, to r, r + matrix, ...
CK_INLINE void upstream_square(
    const size_t m, const ck_type type, const void *const at[wino_most_points], size_t from, float *r, size_t matrix) {
    v16 square[wino_most_points];
    CK_UNROLL for (size_t i = 0; i < m; i++) {
        CK_UNROLL for (size_t j = 0; j < m; j++) {
            size_t p = wino_most_side * i + j;
            ck_load(ck_at(at[p], type, from), type, &square[p]);
        }
    }
    WINO_SQUARE(wino_upstream_line, m, square, m, m + 2);
    CK_UNROLL for (size_t i = 0; i < m + 2; i++) {
        CK_UNROLL for (size_t j = 0; j < m + 2; j++, r += matrix) CK_V16(r) = square[wino_most_side * i + j];
    }
}

// Tiles [from, to) of dy: matrices of panels of 32 channels, one row a tile.
CK_INLINE void transform_upstream(
    const size_t m, const ck_type type, ck_winograd s, wino_images images, size_t from, size_t to, float *r,
    size_t matrix) {
    size_t across = wino_across(s), down = wino_down(s), channels = images.channels;
    const void *at[wino_most_points];
    float room[wino_most_points][16];
    for (size_t tile = from; tile < to; tile++, r += wino_panel) {
        size_t y = tile / across % down * m, x = tile % across * m;
        wino_window(type, images, tile / across / down, y, x, 0, 0, m, at);
        for (size_t c = 0; c < channels; c += 16) {
            float *panel = r + c / wino_panel * wino_panel * (to - from) + c % wino_panel;
            if (c + 16 <= channels) {
                upstream_square(m, type, (const void *const *)at, c, panel, matrix);
            } else {
                wino_pad_window(type, at, m, c, channels - c, room);
                upstream_square(m, CK_FLOAT32, (const void *const *)at, 0, panel, matrix);
            }
        }
    }
}

CK_INLINE void transform_both(
    const size_t m, const ck_type type, ck_winograd s, places p, wino_images x, wino_images dy, float *memory,
    size_t from, size_t to) {
    wino_transform_input(m, type, s, x, from, to, memory, p.input_row, p.input_matrix);
    transform_upstream(m, type, s, dy, from, to, memory + p.upstream, p.upstream_matrix);
}

// dw for 16 output channels and one input channel from the sums at s, s + matrix, ...
CK_INLINE void finish_kernels(
    const size_t m, const float *s, size_t matrix, float *dw, size_t output_step, size_t count) {
    v16 square[wino_most_points];
    CK_UNROLL for (size_t i = 0; i < m + 2; i++) {
        CK_UNROLL for (size_t j = 0; j < m + 2; j++, s += matrix) square[wino_most_side * i + j] = CK_CV16(s);
    }
    WINO_SQUARE(wino_weight_gradient_line, m, square, m + 2, 3);
    float taps[16 * 16], kernels[16 * 16];
    CK_UNROLL for (size_t t = 0; t < 16; t++) {
        CK_V16(taps + 16 * t) = t < 9 ? square[wino_most_side * (t / 3) + t % 3] : (v16){0};
    }
    ck_transpose_tile(taps, 16, kernels, 16);
    for (size_t l = 0; l < count; l++) memcpy(dw + l * output_step, kernels + 16 * l, 9 * sizeof(float));
}

CK_INLINE void finish(
    const size_t m, ck_winograd s, places p, const float *sums, float *dw, size_t first, size_t last) {
    for (size_t i = first; i < last; i++, sums += p.sum_row) {
        for (size_t o = 0; o < s.output_channels; o += 16) {
            size_t left = s.output_channels - o, count = left < 16 ? left : 16;
            float *kernels = dw + 9 * (o * s.input_channels + i);
            finish_kernels(m, sums + o, p.sum_matrix, kernels, 9 * s.input_channels, count);
        }
    }
}

// The sums of `channels` input channels at one point of the transform.
WINO_WIDE void multiply_wide(size_t channels, size_t vectors, wino_product product) {
    wino_multiply(false, true, channels, vectors, product);
}

// Adds the products of tiles [from, to) to the sums, or begins them.
CK_INLINE void add_block(
    ck_winograd s, places p, wino_images x, wino_images dy, float *memory, size_t from, size_t to, bool begin) {
    float *upstream = memory + p.upstream;
    bool half = s.type == CK_BFLOAT16;
    if (s.tile == 4 && half) {
        transform_both(4, CK_BFLOAT16, s, p, x, dy, memory, from, to);
    } else if (s.tile == 4) {
        transform_both(4, CK_FLOAT32, s, p, x, dy, memory, from, to);
    } else if (half) {
        transform_both(2, CK_BFLOAT16, s, p, x, dy, memory, from, to);
    } else {
        transform_both(2, CK_FLOAT32, s, p, x, dy, memory, from, to);
    }
    bool wide = wino_is_wide();
    size_t vectors = wino_vectors(s.output_channels);
    for (size_t point = 0; point < wino_points(s); point++) {
        wino_product product = {
            to - from, memory + point * p.input_matrix, p.input_row, upstream + point * p.upstream_matrix,
            memory + p.sums + point * p.sum_matrix, p.sum_row, !begin,
        };
        if (wide) {
            multiply_wide(x.channels, vectors, product);
        } else {
            wino_multiply(false, false, x.channels, vectors, product);
        }
    }
}

CK_CLONES void ck_winograd_weight_gradient(
    ck_winograd s, const void *restrict x, const void *restrict dy, float *restrict dw, float *restrict scratch,
    ck_winograd_part part) {
    size_t channels = part.last_channel - part.first_channel;
    places p = place(s, channels);
    float *memory = wino_aligned(scratch);
    for (size_t i = p.zeros; i < p.end; i++) memory[i] = 0;
    if (part.from == part.to) {
        for (size_t i = p.sums; i < p.zeros; i++) memory[i] = 0;
    }
    wino_images source = {
        ck_at(x, s.type, part.first_channel), memory + p.zeros, s.height, s.width, channels, s.input_channels,
    };
    wino_images upstream = {
        dy, memory + p.zeros, s.output_height, s.output_width, s.output_channels, s.output_channels,
    };
    size_t block = wino_block(part.to - part.from, p.block);
    for (size_t tile = part.from; tile < part.to; tile += block) {
        size_t end = part.to - tile < block ? part.to : tile + block;
        add_block(s, p, source, upstream, memory, tile, end, tile == part.from);
    }
    if (s.tile == 4) {
        finish(4, s, p, memory + p.sums, dw, part.first_channel, part.last_channel);
    } else {
        finish(2, s, p, memory + p.sums, dw, part.first_channel, part.last_channel);
    }
}
