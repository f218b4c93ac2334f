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

// MARK: Groups of few channels

void conv_small_pack(ck_convolution s, ck_convolve_pass pass, const void *weights, float *packed);
void conv_small(
    ck_convolution s, ck_convolve_pass pass, const void *source, const float *packed, const float *bias, void *made,
    float *scratch, size_t row, size_t row_end);
void conv_small_gradient(
    ck_convolution s, const void *x, const void *dy, float *sums, float *scratch, size_t row, size_t row_end);

// MARK: Windows

// Images, and the channels of them that are read.
typedef struct conv_images {
    const void *pixels;
    size_t height, width, channels;
    size_t first, count;
    // Numbers of all images.
    size_t total;
} conv_images;

CK_INLINE conv_images conv_images_of(ck_convolution s, conv_sides sides, const void *pixels, size_t group) {
    return (conv_images){
        pixels, sides.height, sides.width, sides.channels, group * sides.group_channels, sides.group_channels,
        s.batch * sides.height * sides.width * sides.channels,
    };
}

// Numbers [from, to) of every window. Windows are made of runs of neighbouring numbers: lines of the window if all
// channels are wanted, else its pixels.
typedef struct conv_range {
    size_t from, to;
    // Pixels and numbers of a run.
    size_t pixels, run;
    // The run of `from`, and the place within.
    size_t y, x, skipped;
} conv_range;

CK_INLINE conv_range conv_range_of(const conv_images *images, const conv_phase *phase, size_t from, size_t to) {
    conv_range r = {.from = from, .to = to};
    r.pixels = images->count == images->channels ? phase->kernel_width : 1;
    r.run = r.pixels * images->count;
    size_t line = phase->kernel_width * images->count;
    r.y = from / line;
    r.x = from % line / r.run * r.pixels;
    r.skipped = from % r.run;
    return r;
}

// Both may write up to 15 numbers too many.
CK_INLINE void conv_zeros(float *y, size_t count) {
    for (size_t i = 0; i < count; i += 16) CK_V16(y + i) = (v16){0};
}

CK_INLINE void conv_copy(const ck_type type, const void *x, size_t place, size_t total, size_t count, float *y) {
    v16 value;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        ck_load(ck_at(x, type, place + i), type, &value);
        CK_V16(y + i) = value;
    }
    if (i == count) return;
    if (place + i + 16 <= total) {
        ck_load(ck_at(x, type, place + i), type, &value);
    } else {
        ck_load_part(ck_at(x, type, place + i), type, count - i, &value);
    }
    CK_V16(y + i) = value;
}

// Numbers [from, to) of a run that begins at pixel (line, column) of an image.
CK_INLINE void conv_run(
    const ck_type type, const conv_images *images, size_t image, ptrdiff_t line, ptrdiff_t column, size_t pixels,
    size_t from, size_t to, float *y) {
    ptrdiff_t width = (ptrdiff_t)images->width, most = (ptrdiff_t)pixels;
    ptrdiff_t first = column < 0 ? -column : 0, last = width - column < most ? width - column : most;
    if (line < 0 || line >= (ptrdiff_t)images->height || first >= last) {
        conv_zeros(y, to - from);
        return;
    }
    size_t inside = (size_t)first * images->count, end = (size_t)last * images->count;
    inside = inside < from ? from : conv_least(inside, to);
    end = end < inside ? inside : conv_least(end, to);
    // The numbers before an image row begins are counted too, but never read.
    ptrdiff_t start = ((ptrdiff_t)(image * images->height) + line) * width + column;
    ptrdiff_t place = start * (ptrdiff_t)images->channels + (ptrdiff_t)(images->first + inside);
    if (inside > from) conv_zeros(y, inside - from);
    if (end > inside) {
        conv_copy(type, images->pixels, (size_t)place, images->total, end - inside, y + inside - from);
    }
    if (end < to) conv_zeros(y + end - from, to - end);
}

// The range of the window of one pixel; writes up to 15 numbers too many.
CK_INLINE void conv_gather(
    const ck_type type, const conv_images *images, const conv_phase *phase, conv_range range, conv_pixel at,
    float *y) {
    ptrdiff_t line = phase->top + (ptrdiff_t)(at.y * phase->step + range.y);
    ptrdiff_t column = phase->left + (ptrdiff_t)(at.x * phase->step);
    size_t x = range.x, start = range.skipped, left = range.to - range.from;
    while (left > 0) {
        size_t count = conv_least(range.run - start, left);
        conv_run(type, images, at.image, line, column + (ptrdiff_t)x, range.pixels, start, start + count, y);
        y += count, left -= count, start = 0, x += range.pixels;
        if (x == phase->kernel_width) x = 0, line++;
    }
}

#endif
