#include "convolve_windows.h"
#include "transpose.h"

// Rows are the numbers of a window, columns the channels of the pixels that windows are paired with.

enum { block_pixels = 64 };

typedef struct turned_sides {
    // The pass in which these windows are read.
    ck_convolve_pass pass;
    conv_sides sides;
    // The numbers of a window and the channels of a pixel.
    size_t rows, columns;
} turned_sides;

CK_INLINE turned_sides turned_of(ck_convolution s) {
    turned_sides r = {.pass = conv_turn_of(s) == CONV_WINDOWS_OF_X ? CK_CONVOLVE_FORWARD : CK_CONVOLVE_INPUT_GRADIENT};
    r.sides = conv_sides_of(s, r.pass);
    r.rows = r.sides.taps * r.sides.channels;
    r.columns = r.sides.made_channels;
    return r;
}

size_t conv_turned_panels(ck_convolution s) {
    return ck_product_panel_count(ck_product_vectors(turned_of(s).columns), ck_tiles()->vectors);
}

// Sixteen columns are read from any one on.
size_t conv_turned_count(ck_convolution s) {
    turned_sides t = turned_of(s);
    return t.rows * conv_row(t.columns) + 16;
}

// Windows and pixels; 16 numbers to start at a multiple of 64 bytes and 16 for what is copied too much.
size_t conv_turned_scratch(ck_convolution s) {
    turned_sides t = turned_of(s);
    return block_pixels * (conv_row(t.rows) + conv_row(t.columns)) + 48;
}

// The products of a block.
CK_INLINE void multiply(
    turned_sides t, size_t count, const float *windows, const float *pixels, size_t pixel_row, float *sums,
    size_t panel, size_t panel_end, bool adds) {
    const ck_tile_set *tiles = ck_tiles();
    size_t vectors = ck_product_vectors(t.columns), row = conv_row(t.rows), ld = conv_row(t.columns);
    for (size_t q = panel; q < panel_end; q++) {
        size_t start = ck_product_panel_start(vectors, q, tiles->vectors);
        size_t width = ck_product_panel_start(vectors, q + 1, tiles->vectors) - start;
        for (size_t i = 0, rows; i < t.rows; i += rows) {
            rows = ck_tile_rows_of(tiles, t.rows - i);
            ck_tile_function *tile = ck_tile_of(tiles, false, rows, width);
            tile(
                count, windows + i, row, pixels + 16 * start, pixel_row, sums + i * ld + 16 * start, ld, NULL, adds);
        }
    }
}

// Pixels are read where they lie if they are whole vectors of float32.
CK_INLINE void run(
    const ck_type type, turned_sides t, conv_phase phase, conv_images images, const void *paired, size_t total,
    float *sums, float *scratch, size_t from, size_t to, size_t panel, size_t panel_end) {
    size_t row = conv_row(t.rows), pixel_row = t.columns;
    float *room = scratch + block_pixels * row + 16;
    bool copies = type == CK_BFLOAT16 || t.columns % 16 != 0;
    conv_range range = conv_range_of(&images, &phase, 0, t.rows);
    conv_pixel at = conv_pixel_of(phase, from);
    if (copies) pixel_row = conv_row(t.columns);
    for (size_t pixel = from; pixel < to; pixel += block_pixels) {
        size_t count = conv_least(block_pixels, to - pixel);
        for (size_t p = 0; p < count; p++, conv_next(&phase, &at)) {
            conv_gather(type, &images, &phase, range, at, scratch + p * row);
        }
        for (size_t p = 0; copies && p < count; p++) {
            conv_copy(type, paired, (pixel + p) * t.columns, total, t.columns, room + p * pixel_row);
        }
        const float *pixels = copies ? room : (const float *)paired + pixel * t.columns;
        multiply(t, count, scratch, pixels, pixel_row, sums, panel, panel_end, pixel > from);
    }
}

CK_CLONES void conv_turned_gradient(
    ck_convolution s, const void *x, const void *dy, float *sums, float *scratch, size_t from, size_t to, size_t panel,
    size_t panel_end) {
    turned_sides t = turned_of(s);
    bool forward = t.pass == CK_CONVOLVE_FORWARD;
    conv_phase phase = conv_phase_of(s, t.pass, 0);
    conv_images images = conv_images_of(s, t.sides, forward ? x : dy, 0);
    const void *paired = forward ? dy : x;
    size_t total = s.batch * t.sides.made_height * t.sides.made_width * t.columns;
    if (from == to) {
        for (size_t i = 0; i < conv_turned_count(s); i++) sums[i] = 0;
    } else if (s.type == CK_BFLOAT16) {
        run(CK_BFLOAT16, t, phase, images, paired, total, sums, scratch, from, to, panel, panel_end);
    } else {
        run(CK_FLOAT32, t, phase, images, paired, total, sums, scratch, from, to, panel, panel_end);
    }
}

// Sixteen sums from `place` on of all parts.
CK_INLINE void add_parts(size_t parts, size_t count, const float *place, v16 *sum) {
    *sum = (v16){0};
    for (size_t part = 0; part < parts; part++) *sum += CK_CV16(place + part * count);
}

// Sixteen output channels at most, for windows of x: the numbers of a window follow one another in dw.
CK_INLINE void finish_x(
    turned_sides t, size_t parts, size_t count, const float *sums, float *dw, size_t lanes) {
    size_t ld = conv_row(t.columns), tap = 0, channel = 0;
    v16 square[16], turned[16];
    for (size_t e = 0; e < t.rows; e += 16) {
        size_t numbers = conv_least(16, t.rows - e);
        for (size_t i = 0; i < numbers; i++) {
            add_parts(parts, count, sums + (tap * t.sides.channels + channel) * ld, &square[i]);
            if (++tap == t.sides.taps) tap = 0, channel++;
        }
        for (size_t i = numbers; i < 16; i++) square[i] = (v16){0};
        ck_transpose_tile((const float *)square, 16, (float *)turned, 16);
        for (size_t l = 0; l < lanes; l++) memcpy(dw + l * t.rows + e, &turned[l], numbers * sizeof(float));
    }
}

// One output channel, for windows of dy, whose places of the kernel are taken in reverse.
CK_INLINE void finish_dy(
    turned_sides t, size_t parts, size_t count, const float *sums, float *dw, size_t output) {
    size_t ld = conv_row(t.columns);
    for (size_t tap = 0; tap < t.sides.taps; tap++) {
        const float *row = sums + ((t.sides.taps - 1 - tap) * t.sides.channels + output) * ld;
        for (size_t i = 0; i < t.columns; i += 16) {
            v16 sum;
            add_parts(parts, count, row + i, &sum);
            for (size_t l = 0; l < conv_least(16, t.columns - i); l++) dw[(i + l) * t.sides.taps + tap] = sum[l];
        }
    }
}

CK_CLONES void conv_turned_finish(
    ck_convolution s, size_t parts, const float *sums, float *dw, size_t from, size_t to) {
    turned_sides t = turned_of(s);
    size_t count = conv_turned_count(s);
    if (t.pass == CK_CONVOLVE_INPUT_GRADIENT) {
        for (size_t o = from; o < to; o++) finish_dy(t, parts, count, sums, dw + o * t.columns * t.sides.taps, o);
        return;
    }
    for (size_t o = from; o < to; o += 16) {
        finish_x(t, parts, count, sums + o, dw + o * t.rows, conv_least(16, to - o));
    }
}
