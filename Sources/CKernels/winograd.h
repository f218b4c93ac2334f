#ifndef CK_WINOGRAD_INTERNAL_H
#define CK_WINOGRAD_INTERNAL_H

// Windows of images and products that the passes of ck_winograd.h share.

#include "half.h"
#include "include/ck_winograd.h"
#include "product.h"
#include "winograd_lines.h"

enum { wino_panel = 32 };

_Static_assert(ck_tile_most_rows >= 12 && ck_tile_most_vectors >= 2, "sums of 12 x 2 vectors are used here");

// MARK: Places

CK_INLINE size_t wino_vectors(size_t channels) { return (channels + 15) / 16; }
CK_INLINE size_t wino_side(ck_winograd s) { return s.tile + 2; }
CK_INLINE size_t wino_points(ck_winograd s) { return wino_side(s) * wino_side(s); }
CK_INLINE size_t wino_panels(size_t channels) { return (channels + wino_panel - 1) / wino_panel; }
CK_INLINE size_t wino_down(ck_winograd s) { return (s.output_height + s.tile - 1) / s.tile; }
CK_INLINE size_t wino_across(ck_winograd s) { return (s.output_width + s.tile - 1) / s.tile; }

// Rows and matrices lie an odd number of cache lines apart, so that those at hand together do not compete for places.
CK_INLINE size_t wino_row(size_t channels) { return 16 * (wino_vectors(channels) | 1); }
CK_INLINE size_t wino_matrix(size_t floats) { return 16 * (floats / 16 | 1); }

// How many of `count` tiles to work on at once, at most `most`: blocks of nearly equal size, whole strips if possible.
CK_INLINE size_t wino_block(size_t count, size_t most) {
    size_t blocks = (count + most - 1) / most;
    if (blocks < 2) return most;
    size_t even = ((count + blocks - 1) / blocks + 11) / 12 * 12;
    return even < most ? even : most;
}

// The next multiple of 64 bytes.
CK_INLINE float *wino_aligned(float *memory) {
    return memory + ((64 - ((uintptr_t)memory & 63)) & 63) / sizeof(float);
}

// Images, of which `channels` of every `stride` channels are wanted, and a row that stands for every pixel outside.
typedef struct wino_images {
    const void *pixels;
    const void *outside;
    size_t height, width, channels, stride;
} wino_images;

// The pixels of the window whose first pixel is (y, x), counted from `top` rows above and `left` columns beside the
// image.
CK_INLINE void wino_window(
    const ck_type type, wino_images images, size_t image, size_t y, size_t x, size_t top, size_t left, size_t side,
    const void *at[wino_most_points]) {
    const void *first = ck_at(images.pixels, type, image * images.height * images.width * images.stride);
    for (size_t i = 0; i < side; i++) {
        size_t row = y + i - top;
        for (size_t j = 0; j < side; j++) {
            size_t column = x + j - left;
            // What lies before an image has wrapped around and is far beyond its end.
            bool inside = row < images.height && column < images.width;
            at[wino_most_side * i + j] =
                inside ? ck_at(first, type, (row * images.width + column) * images.stride) : images.outside;
        }
    }
}

// The last channels of a window as float32, padded with zeros to 16: `at` is turned to the copy.
CK_INLINE void wino_pad_window(
    const ck_type type, const void *at[wino_most_points], size_t side, size_t from, size_t count,
    float room[wino_most_points][16]) {
    for (size_t i = 0; i < side; i++) {
        for (size_t j = 0; j < side; j++) {
            size_t p = wino_most_side * i + j;
            for (size_t l = 0; l < 16; l++) room[p][l] = l < count ? ck_read(at[p], type, from + l) : 0;
            at[p] = room[p];
        }
    }
}

// V for one window: 16 channels from `from` on, to r, r + matrix, ...
CK_INLINE void wino_input_square(
    const size_t m, const ck_type type, const void *const at[wino_most_points], size_t from, float *r, size_t matrix) {
    v16 square[wino_most_points];
    CK_UNROLL for (size_t i = 0; i < m + 2; i++) {
        CK_UNROLL for (size_t j = 0; j < m + 2; j++) {
            size_t p = wino_most_side * i + j;
            ck_load(ck_at(at[p], type, from), type, &square[p]);
        }
    }
    WINO_SQUARE(wino_input_line, m, square, m + 2, m + 2);
    CK_UNROLL for (size_t i = 0; i < m + 2; i++) {
        CK_UNROLL for (size_t j = 0; j < m + 2; j++, r += matrix) CK_V16(r) = square[wino_most_side * i + j];
    }
}

// V for tiles [from, to): matrices of rows of channels, one row a tile.
CK_INLINE void wino_transform_input(
    const size_t m, const ck_type type, ck_winograd s, wino_images images, size_t from, size_t to, float *r,
    size_t row, size_t matrix) {
    size_t across = wino_across(s), down = wino_down(s), channels = images.channels;
    const void *at[wino_most_points];
    float room[wino_most_points][16];
    for (size_t tile = from; tile < to; tile++, r += row) {
        size_t y = tile / across % down * m, x = tile % across * m;
        wino_window(type, images, tile / across / down, y, x, s.top, s.left, m + 2, at);
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) wino_input_square(m, type, (const void *const *)at, c, r + c, matrix);
        if (c == channels) continue;
        wino_pad_window(type, at, m + 2, c, channels - c, room);
        wino_input_square(m, CK_FLOAT32, (const void *const *)at, 0, r + c, matrix);
    }
}

// MARK: Products

// Rows [0, m) of C from those of A and one panel of B: by rows A(i, p) = a[i * lda + p], else a[i + p * lda].
typedef struct wino_product {
    size_t depth;
    const float *a;
    size_t lda;
    const float *b;
    float *c;
    size_t ldc;
    bool accumulate;
} wino_product;

CK_INLINE void wino_strip(const bool by_rows, const size_t R, const size_t W, wino_product p, size_t i) {
    CK_TILE_SUMS(sum);
    float *c = p.c + i * p.ldc;
    // The sums lie in a cache further away: asked for now, their places are at hand when the product is done.
    CK_UNROLL for (size_t r = 0; r < R; r++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) __builtin_prefetch(c + r * p.ldc + 16 * w, 1);
    }
    ck_tile_clear(R, W, sum);
    if (by_rows) {
        ck_tile_rows(R, W, p.depth, p.a + i * p.lda, p.lda, p.b, wino_panel, sum);
    } else {
        ck_tile_columns(R, W, p.depth, p.a + i, p.lda, p.b, wino_panel, sum);
    }
    if (p.accumulate) {
        ck_tile_add(R, W, sum, c, p.ldc);
    } else {
        ck_tile_store(R, W, sum, c, p.ldc);
    }
}

#define WINO_STRIPS(R)                                                                                                 \
    for (; i + R <= m; i += R) wino_strip(by_rows, R, W, p, i)

CK_INLINE void wino_rows(const bool by_rows, const size_t W, const bool wide, size_t m, wino_product p) {
    size_t i = 0;
    if (wide) {
        WINO_STRIPS(12);
        WINO_STRIPS(8);
    } else {
        WINO_STRIPS(6);
    }
    WINO_STRIPS(4);
    WINO_STRIPS(2);
    WINO_STRIPS(1);
}

// C [m, columns of whole vectors] from all panels, which lie depth * 32 apart.
CK_INLINE void wino_multiply(const bool by_rows, const bool wide, size_t m, size_t vectors, wino_product p) {
    for (size_t j = 0; j < vectors; j += 2, p.b += wino_panel * p.depth, p.c += wino_panel) {
        bool whole = j + 2 <= vectors;
        if (wide && whole) {
            wino_rows(by_rows, 2, true, m, p);
        } else {
            wino_rows(by_rows, 1, wide, m, p);
            wino_product second = p;
            second.b += 16, second.c += 16;
            if (whole) wino_rows(by_rows, 1, wide, m, second);
        }
    }
}

// Tiles of 12 x 2 vectors would only spill where registers are fewer, so they are compiled for processors that have
// enough. The width is named because the compiler would halve the vectors otherwise.
#if defined(__x86_64__) && !defined(CK_NO_CLONES)
#define WINO_WIDE static __attribute__((noinline, target("arch=x86-64-v4"), min_vector_width(512)))
#else
#define WINO_WIDE static __attribute__((noinline))
#endif

CK_INLINE bool wino_is_wide(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("x86-64-v4");
#else
    return false;
#endif
}

#endif
