#ifndef CK_CONVOLVE_INTERNAL_H
#define CK_CONVOLVE_INTERNAL_H

// A convolution as a product: rows are pixels of the result, the depth runs over the places of the kernel and the
// channels of the source, columns are channels of the result. The gradient for the input is made in stride^2 phases.
// The pixels of a phase lie `stride` apart, all are reached by the same places of the kernel, and their windows in dy
// lie one pixel apart.

#include "half.h"
#include "include/ck_convolve.h"
#include "product.h"

#include <stdbool.h>

enum {
    // Channels of a group below which groups are not worth a product.
    conv_few_channels = 16,
    // Columns that are computed together, and rows, whose sums stay in a cache.
    conv_columns = 384,
    conv_rows = 96,
    // Numbers between rows: an odd number of cache lines, for the largest depth and for `conv_columns`.
    conv_widest = 16 * (ck_product_most_depth / 16 | 1),
};

_Static_assert((int)conv_columns <= (int)ck_product_most_depth, "rows of sums have the size of rows of the source");

CK_INLINE size_t conv_row(size_t count) { return 16 * ((count + 15) / 16 | 1); }
CK_INLINE size_t conv_least(size_t a, size_t b) { return a < b ? a : b; }

// The next multiple of 64 bytes.
CK_INLINE float *conv_aligned(float *memory) {
    return memory + ((64 - ((uintptr_t)memory & 63)) & 63) / sizeof(float);
}

// The sides of a pass.
typedef struct conv_sides {
    // Pixels that are read.
    size_t height, width, channels;
    // Pixels that are made.
    size_t made_height, made_width, made_channels;
    // Channels of a group on both sides.
    size_t group_channels, group_made;
    size_t groups, taps;
    bool backward;
} conv_sides;

CK_INLINE conv_sides conv_sides_of(ck_convolution s, ck_convolve_pass pass) {
    conv_sides r = {.groups = s.groups, .taps = s.kernel_height * s.kernel_width};
    r.backward = pass == CK_CONVOLVE_INPUT_GRADIENT;
    size_t input = s.input_channels / s.groups, output = s.output_channels / s.groups;
    if (r.backward) {
        r.height = s.output_height, r.width = s.output_width, r.channels = s.output_channels;
        r.made_height = s.height, r.made_width = s.width, r.made_channels = s.input_channels;
        r.group_channels = output, r.group_made = input;
    } else {
        r.height = s.height, r.width = s.width, r.channels = s.input_channels;
        r.made_height = s.output_height, r.made_width = s.output_width, r.made_channels = s.output_channels;
        r.group_channels = input, r.group_made = output;
    }
    return r;
}

// Whether groups are so small that pixels are multiplied one by one.
CK_INLINE bool conv_is_small(ck_convolution s) {
    size_t input = s.input_channels / s.groups, output = s.output_channels / s.groups;
    return s.groups > 1 && (input < conv_few_channels || output < conv_few_channels);
}

// Pixels of the result and the windows that they see.
typedef struct conv_phase {
    // The first pixel of an image, how far the next one is on both axes, and how many there are.
    size_t y, x, apart, down, across;
    // The first pixel of the first window, and how far the next window is.
    ptrdiff_t top, left;
    size_t step;
    size_t kernel_height, kernel_width;
} conv_phase;

// The first place of the kernel, on one axis, that reaches pixels `offset`, `offset` + stride, ...
CK_INLINE size_t conv_first_tap(size_t stride, ptrdiff_t before, size_t offset) {
    ptrdiff_t rest = ((ptrdiff_t)offset + before) % (ptrdiff_t)stride;
    return (size_t)(rest < 0 ? rest + (ptrdiff_t)stride : rest);
}

// How many places of the kernel do, on one axis.
CK_INLINE size_t conv_phase_taps(size_t stride, size_t kernel, size_t first) {
    return first < kernel ? (kernel - first + stride - 1) / stride : 0;
}

CK_INLINE size_t conv_phase_pixels(size_t stride, size_t pixels, size_t offset) {
    return offset < pixels ? (pixels - offset + stride - 1) / stride : 0;
}

CK_INLINE size_t conv_phases(ck_convolution s, ck_convolve_pass pass) {
    return pass == CK_CONVOLVE_INPUT_GRADIENT ? s.stride * s.stride : 1;
}

// Where the window of the first pixel begins, on one axis; the places of the kernel are taken in reverse.
CK_INLINE ptrdiff_t conv_phase_start(size_t stride, ptrdiff_t before, size_t offset, size_t first, size_t taps) {
    return ((ptrdiff_t)offset + before - (ptrdiff_t)first) / (ptrdiff_t)stride - (ptrdiff_t)taps + 1;
}

CK_INLINE conv_phase conv_phase_of(ck_convolution s, ck_convolve_pass pass, size_t index) {
    if (pass == CK_CONVOLVE_FORWARD) {
        return (conv_phase){
            0, 0, 1, s.output_height, s.output_width, -s.top, -s.left, s.stride, s.kernel_height, s.kernel_width,
        };
    }
    conv_phase r = {.y = index / s.stride, .x = index % s.stride, .apart = s.stride, .step = 1};
    size_t tap_y = conv_first_tap(s.stride, s.top, r.y), tap_x = conv_first_tap(s.stride, s.left, r.x);
    r.down = conv_phase_pixels(s.stride, s.height, r.y);
    r.across = conv_phase_pixels(s.stride, s.width, r.x);
    r.kernel_height = conv_phase_taps(s.stride, s.kernel_height, tap_y);
    r.kernel_width = conv_phase_taps(s.stride, s.kernel_width, tap_x);
    r.top = conv_phase_start(s.stride, s.top, r.y, tap_y, r.kernel_height);
    r.left = conv_phase_start(s.stride, s.left, r.x, tap_x, r.kernel_width);
    return r;
}

CK_INLINE size_t conv_phase_depth(conv_sides sides, conv_phase phase) {
    return phase.kernel_height * phase.kernel_width * sides.group_channels;
}

// A pixel of a phase.
typedef struct conv_pixel {
    size_t image, y, x;
} conv_pixel;

CK_INLINE conv_pixel conv_pixel_of(conv_phase phase, size_t row) {
    size_t line = row / phase.across;
    return (conv_pixel){line / phase.down, line % phase.down, row % phase.across};
}

CK_INLINE void conv_next(const conv_phase *phase, conv_pixel *at) {
    if (++at->x < phase->across) return;
    at->x = 0;
    if (++at->y < phase->down) return;
    at->y = 0;
    at->image++;
}

// MARK: Weights

// Packed: for each group, for each phase, for each block of the depth, for each panel, rows of the panel's width.
CK_INLINE size_t conv_made_vectors(conv_sides sides) { return ck_product_vectors(sides.group_made); }

CK_INLINE size_t conv_group_weights(conv_sides sides) {
    return sides.taps * sides.group_channels * 16 * conv_made_vectors(sides);
}

// The panels of one group.
CK_INLINE size_t conv_group_panels(conv_sides sides) {
    return ck_product_panel_count(conv_made_vectors(sides), ck_tiles()->vectors);
}

// The weights of a phase follow those of the phases before.
CK_INLINE size_t conv_phase_weights(ck_convolution s, conv_sides sides, size_t index) {
    size_t depth = 0;
    for (size_t i = 0; i < index; i++) {
        depth += conv_phase_depth(sides, conv_phase_of(s, CK_CONVOLVE_INPUT_GRADIENT, i));
    }
    return depth * 16 * conv_made_vectors(sides);
}

// MARK: Other forms

// Groups of few channels.
void conv_small_pack(ck_convolution s, ck_convolve_pass pass, const void *weights, float *packed);
void conv_small(
    ck_convolution s, ck_convolve_pass pass, const void *source, const float *packed, const float *bias, void *made,
    float *scratch, size_t row, size_t row_end);
void conv_small_gradient(
    ck_convolution s, const void *x, const void *dy, float *sums, float *scratch, size_t row, size_t row_end);

// Results of few channels, whose columns would be mostly padding: instead each pixel of the source is multiplied with
// the weights of all places of the kernel, and a pixel of the result is a sum of such products. A row is a line of
// pixels.
CK_INLINE bool conv_is_few(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    bool spread = sides.made_channels < 16 && (sides.backward || s.stride == 1);
    return s.groups == 1 && spread && 5 * ck_product_vectors(sides.taps * sides.made_channels) < 4 * sides.taps;
}

size_t conv_few_block(ck_convolution s, ck_convolve_pass pass);
size_t conv_few_scratch(ck_convolution s, ck_convolve_pass pass);
void conv_few_pack(ck_convolution s, ck_convolve_pass pass, const void *weights, float *packed);
void conv_few(
    ck_convolution s, ck_convolve_pass pass, const void *source, const float *packed, const float *bias, void *made,
    float *scratch, size_t row, size_t row_end);

// The gradient for the weights as a product of windows and pixels, which pays where windows are small: those of x and
// pixels of dy, or those of dy and pixels of x.
typedef enum conv_turn { CONV_PLAIN, CONV_WINDOWS_OF_X, CONV_WINDOWS_OF_DY } conv_turn;

enum { conv_small_window = 256, conv_few_outputs = 8 };

CK_INLINE conv_turn conv_turn_of(ck_convolution s) {
    size_t taps = s.kernel_height * s.kernel_width, input = taps * s.input_channels, output = taps * s.output_channels;
    if (s.groups > 1) return CONV_PLAIN;
    if (s.stride == 1 && s.output_channels < conv_few_outputs && s.output_channels < s.input_channels &&
        output <= conv_small_window) {
        return CONV_WINDOWS_OF_DY;
    }
    size_t turned = input * ck_product_vectors(s.output_channels);
    size_t plain = s.output_channels * ck_product_vectors(input);
    return input <= conv_small_window && turned <= plain ? CONV_WINDOWS_OF_X : CONV_PLAIN;
}

size_t conv_turned_panels(ck_convolution s);
size_t conv_turned_count(ck_convolution s);
size_t conv_turned_scratch(ck_convolution s);
void conv_turned_gradient(
    ck_convolution s, const void *x, const void *dy, float *sums, float *scratch, size_t from, size_t to, size_t panel,
    size_t panel_end);
void conv_turned_finish(
    ck_convolution s, size_t parts, const float *sums, float *dw, size_t from, size_t to);

#endif
