#ifndef CK_CONVOLVE_WINDOWS_H
#define CK_CONVOLVE_WINDOWS_H

// Windows of images as rows of a product.

#include "convolve.h"

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

// Keeps the compiler from calling a library to move a few vectors.
#define CONV_STEP __asm__ volatile("" ::: "memory")

// Both may write up to 15 numbers too many.
CK_INLINE void conv_zeros(float *y, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        CK_V16(y + i) = (v16){0};
        CONV_STEP;
    }
}

CK_INLINE void conv_copy(const ck_type type, const void *x, size_t place, size_t total, size_t count, float *y) {
    v16 value;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        ck_load(ck_at(x, type, place + i), type, &value);
        CK_V16(y + i) = value;
        CONV_STEP;
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

// Whether the whole window of a pixel lies within its image, and not at the very end of all.
CK_INLINE bool conv_is_inside(
    const conv_images *images, const conv_phase *phase, size_t image, ptrdiff_t line, ptrdiff_t column) {
    if (line < 0 || column < 0 || line + (ptrdiff_t)phase->kernel_height > (ptrdiff_t)images->height) return false;
    if (column + (ptrdiff_t)phase->kernel_width > (ptrdiff_t)images->width) return false;
    size_t last = (image * images->height + (size_t)line + phase->kernel_height - 1) * images->width + (size_t)column;
    return (last + phase->kernel_width) * images->channels + 16 <= images->total;
}

// The same as `conv_gather` for a window that `conv_is_inside`.
CK_INLINE void conv_gather_inside(
    const ck_type type, const conv_images *images, const conv_phase *phase, conv_range range, size_t place, float *y) {
    size_t x = range.x, start = range.skipped, left = range.to - range.from, line = images->width * images->channels;
    size_t distance = range.pixels * images->channels, back = phase->kernel_width * images->channels;
    place += range.y * line + x * images->channels + images->first;
    while (left > 0) {
        size_t count = conv_least(range.run - start, left);
        for (size_t i = 0; i < count; i += 16) {
            v16 value;
            ck_load(ck_at(images->pixels, type, place + start + i), type, &value);
            CK_V16(y + i) = value;
            CONV_STEP;
        }
        y += count, left -= count, start = 0, x += range.pixels, place += distance;
        if (x == phase->kernel_width) x = 0, place += line - back;
    }
}

// The range of the window of one pixel; writes up to 15 numbers too many.
CK_INLINE void conv_gather(
    const ck_type type, const conv_images *images, const conv_phase *phase, conv_range range, conv_pixel at,
    float *y) {
    ptrdiff_t line = phase->top + (ptrdiff_t)(at.y * phase->step);
    ptrdiff_t column = phase->left + (ptrdiff_t)(at.x * phase->step);
    if (conv_is_inside(images, phase, at.image, line, column)) {
        size_t pixel = (at.image * images->height + (size_t)line) * images->width + (size_t)column;
        conv_gather_inside(type, images, phase, range, pixel * images->channels, y);
        return;
    }
    size_t x = range.x, start = range.skipped, left = range.to - range.from;
    line += (ptrdiff_t)range.y;
    while (left > 0) {
        size_t count = conv_least(range.run - start, left);
        conv_run(type, images, at.image, line, column + (ptrdiff_t)x, range.pixels, start, start + count, y);
        y += count, left -= count, start = 0, x += range.pixels;
        if (x == phase->kernel_width) x = 0, line++;
    }
}

#endif
