#include "convolve.h"
#include "transpose.h"

// Weights of up to sixteen channels of the result, which lie `step` apart, from number `first` on; of each up to
// sixteen neighbours. `square` receives for each neighbour a vector of the channels.
CK_INLINE void load_square(
    const void *weights, ck_type type, size_t first, size_t step, size_t lanes, size_t count, size_t total,
    v16 square[16]) {
    v16 rows[16];
    for (size_t l = 0; l < 16; l++) {
        size_t place = first + l * step;
        if (l >= lanes) {
            rows[l] = (v16){0};
        } else if (place + 16 <= total) {
            ck_load(ck_at(weights, type, place), type, &rows[l]);
        } else {
            ck_load_part(ck_at(weights, type, place), type, count, &rows[l]);
        }
    }
    ck_transpose_tile((const float *)rows, 16, (float *)square, 16);
}

// A place of the kernel: in which phase it is used, and as which one.
typedef struct tap_place {
    size_t phase, tap;
} tap_place;

CK_INLINE tap_place place_of(ck_convolution s, bool backward, size_t tap) {
    if (!backward) return (tap_place){0, tap};
    size_t y = tap / s.kernel_width, x = tap % s.kernel_width;
    // The offset of the pixels that this place reaches.
    size_t offset_y = conv_first_tap(s.stride, -s.top, y), offset_x = conv_first_tap(s.stride, -s.left, x);
    size_t first_y = y % s.stride, first_x = x % s.stride;
    size_t down = conv_phase_taps(s.stride, s.kernel_height, first_y);
    size_t across = conv_phase_taps(s.stride, s.kernel_width, first_x);
    size_t turned = (down - 1 - y / s.stride) * across + across - 1 - x / s.stride;
    return (tap_place){offset_y * s.stride + offset_x, turned};
}

// Row p of a panel whose first column is j, in the weights of a phase.
CK_INLINE float *row_of(float *packed, size_t vectors, size_t depth, size_t j, size_t width, size_t p) {
    size_t step = ck_product_depth(depth), block = p / step * step;
    return packed + block * 16 * vectors + j * conv_least(step, depth - block) + (p - block) * width;
}

// Columns [j, j + width) of one group in the forward direction: each channel has a row of channels and places.
CK_INLINE void pack_forward(
    ck_convolution s, conv_sides sides, size_t group, size_t j, size_t width, const void *weights, float *packed) {
    size_t depth = sides.taps * sides.group_channels, total = s.output_channels * depth;
    size_t vectors = conv_made_vectors(sides);
    v16 square[16];
    for (size_t w = 0; w < width; w += 16) {
        size_t lanes = conv_least(16, sides.group_made - j - w);
        size_t first = (group * sides.group_made + j + w) * depth, tap = 0, channel = 0;
        for (size_t e = 0; e < depth; e += 16) {
            size_t count = conv_least(16, depth - e);
            load_square(weights, s.weight_type, first + e, depth, lanes, count, total, square);
            for (size_t i = 0; i < count; i++) {
                size_t p = tap * sides.group_channels + channel;
                CK_V16(row_of(packed, vectors, depth, j, width, p) + w) = square[i];
                if (++tap == sides.taps) tap = 0, channel++;
            }
        }
    }
}

// Columns [j, j + width) of one group for the gradient of the input, in all phases: channels of the result are those of
// the input.
CK_INLINE void pack_backward(
    ck_convolution s, conv_sides sides, size_t group, size_t j, size_t width, const void *weights, float *packed) {
    size_t made = sides.group_made, total = s.output_channels * made * sides.taps, vectors = conv_made_vectors(sides);
    v16 square[16];
    for (size_t t = 0; t < sides.taps; t += 16) {
        size_t count = conv_least(16, sides.taps - t), depths[16], taps[16];
        float *starts[16];
        for (size_t i = 0; i < count; i++) {
            tap_place place = place_of(s, true, t + i);
            depths[i] = conv_phase_depth(sides, conv_phase_of(s, CK_CONVOLVE_INPUT_GRADIENT, place.phase));
            starts[i] = packed + conv_phase_weights(s, sides, place.phase);
            taps[i] = place.tap;
        }
        for (size_t o = 0; o < sides.group_channels; o++) {
            size_t filter = group * sides.group_channels + o;
            for (size_t w = 0; w < width; w += 16) {
                size_t lanes = conv_least(16, made - j - w), first = (filter * made + j + w) * sides.taps + t;
                load_square(weights, s.weight_type, first, sides.taps, lanes, count, total, square);
                for (size_t i = 0; i < count; i++) {
                    size_t p = taps[i] * sides.group_channels + o;
                    CK_V16(row_of(starts[i], vectors, depths[i], j, width, p) + w) = square[i];
                }
            }
        }
    }
}

CK_CLONES void ck_convolve_pack(
    ck_convolution s, ck_convolve_pass pass, const void *restrict weights, float *restrict packed, size_t from,
    size_t to) {
    if (conv_is_small(s)) {
        if (from < to) conv_small_pack(s, pass, weights, packed);
        return;
    }
    if (conv_is_few(s, pass)) {
        if (from < to) conv_few_pack(s, pass, weights, packed);
        return;
    }
    conv_sides sides = conv_sides_of(s, pass);
    size_t panels = conv_group_panels(sides), vectors = conv_made_vectors(sides), most = ck_tiles()->vectors;
    for (size_t index = from; index < to; index++) {
        size_t group = index / panels, panel = index % panels;
        size_t j = 16 * ck_product_panel_start(vectors, panel, most);
        size_t width = 16 * ck_product_panel_start(vectors, panel + 1, most) - j;
        float *place = packed + group * conv_group_weights(sides);
        if (sides.backward) {
            pack_backward(s, sides, group, j, width, weights, place);
        } else {
            pack_forward(s, sides, group, j, width, weights, place);
        }
    }
}
