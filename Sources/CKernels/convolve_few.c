#include "convolve.h"

// The products of a pixel of the source are numbered [places of the kernel, channels of the result].

enum {
    // Products that stay in the second level cache.
    kept_products = 1 << 17,
    // Channels of the result that are added together.
    quad = 4,
};

typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));

CK_INLINE size_t product_count(conv_sides sides) { return sides.taps * sides.made_channels; }
// The pixels of the source lie this far apart in memory.
CK_INLINE size_t product_row(conv_sides sides) { return conv_row(product_count(sides)); }
CK_INLINE size_t source_step(ck_convolution s, conv_sides sides) { return sides.backward ? s.stride : 1; }

// Lines of the source for some lines of the result, at most.
CK_INLINE size_t source_lines(ck_convolution s, conv_sides sides, size_t lines) {
    return conv_least((lines + s.kernel_height - 2) / source_step(s, sides) + 1, sides.height);
}

// Lines at the edges are multiplied again for the next block: it has no fewer lines than the kernel.
size_t conv_few_block(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t line = product_row(sides) * sides.width, lines = line > 0 ? kept_products / line : 1;
    size_t made = lines * source_step(s, sides);
    made = made > 2 * s.kernel_height ? made - s.kernel_height : s.kernel_height;
    made = conv_least(made, sides.made_height);
    return made > 0 ? made : 1;
}

// Products, and pixels of the source for one tile; 16 numbers to start at a multiple of 64 bytes and two times 16 for
// what is read and copied too much.
size_t conv_few_scratch(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t lines = source_lines(s, sides, conv_few_block(s, pass));
    size_t depth = conv_least(sides.channels, ck_product_most_depth);
    return lines * sides.width * product_row(sides) + ck_tile_most_rows * conv_row(depth) + 48;
}

// Packed: for each block of the depth, for each panel, rows of the panel's width.
CK_CLONES void conv_few_pack(ck_convolution s, ck_convolve_pass pass, const void *weights, float *packed) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t count = product_count(sides), vectors = ck_product_vectors(count), most = ck_tiles()->vectors;
    size_t step = ck_product_depth(sides.channels);
    for (size_t i = 0; i < sides.channels; i++) {
        size_t block = i / step * step, depth = conv_least(step, sides.channels - block);
        for (size_t panel = 0; panel < ck_product_panel_count(vectors, most); panel++) {
            size_t j = 16 * ck_product_panel_start(vectors, panel, most);
            size_t end = 16 * ck_product_panel_start(vectors, panel + 1, most);
            float *row = packed + block * 16 * vectors + j * depth + (i - block) * (end - j);
            for (size_t e = j; e < end; e++) {
                size_t tap = e / sides.made_channels, made = e % sides.made_channels;
                size_t filter = sides.backward ? i : made, channel = sides.backward ? made : i;
                size_t place = (filter * s.input_channels + channel) * sides.taps + tap;
                row[e - j] = e >= count ? 0 : ck_read(weights, s.weight_type, place);
            }
        }
    }
}

// The products of `pixels` pixels of the source that begin with number `first` of all its numbers.
CK_INLINE void multiply(
    ck_convolution s, conv_sides sides, const void *source, size_t first, size_t pixels, const float *packed,
    float *products, float *room) {
    const ck_tile_set *tiles = ck_tiles();
    size_t vectors = ck_product_vectors(product_count(sides)), ld = product_row(sides), most = tiles->vectors;
    size_t step = ck_product_depth(sides.channels), distance = conv_row(step);
    for (size_t r = 0, rows; r < pixels; r += rows) {
        rows = ck_tile_rows_of(tiles, pixels - r);
        for (size_t p = 0; p < sides.channels; p += step) {
            size_t depth = conv_least(step, sides.channels - p), row = sides.channels;
            const float *a = (const float *)source + first + r * row + p;
            if (s.type == CK_BFLOAT16) {
                for (size_t i = 0; i < rows; i++) {
                    const uint16_t *half = (const uint16_t *)source + first + (r + i) * row + p;
                    for (size_t c = 0; c < depth; c++) room[i * distance + c] = ck_widened(half[c]);
                }
                a = room, row = distance;
            }
            for (size_t v = 0, panel = 0; v < vectors; panel++) {
                size_t end = ck_product_panel_start(vectors, panel + 1, most);
                ck_tile_function *tile = ck_tile_of(tiles, true, rows, end - v);
                const float *b = packed + p * 16 * vectors + 16 * v * depth;
                tile(depth, a, row, b, 16 * (end - v), products + r * ld + 16 * v, ld, NULL, p > 0);
                v = end;
            }
        }
    }
}

// The places of the kernel that reach a pixel, on one axis, and where in the source.
typedef struct reach {
    size_t tap, step, source;
    ptrdiff_t next;
} reach;

CK_INLINE reach reach_of(ck_convolution s, bool backward, ptrdiff_t before, size_t at) {
    if (!backward) return (reach){0, 1, at - (size_t)before, 1};
    size_t tap = conv_first_tap(s.stride, before, at);
    return (reach){tap, s.stride, (size_t)(((ptrdiff_t)at + before - (ptrdiff_t)tap) / (ptrdiff_t)s.stride), -1};
}

// Lines of the source whose products are at hand.
typedef struct source_part {
    size_t from, to;
    const float *products;
} source_part;

// One pixel of the result, 4 Q channels of it.
CK_INLINE void add_products(
    const size_t Q, ck_convolution s, conv_sides sides, source_part part, reach down, reach across, v4u *sums) {
    size_t ld = product_row(sides);
    for (size_t q = 0; q < Q; q++) sums[q] = (v4u){0};
    for (; down.tap < s.kernel_height; down.tap += down.step, down.source += (size_t)down.next) {
        // What lies before the image has wrapped around and is far beyond its end.
        if (down.source >= sides.height) continue;
        const float *line = part.products + (down.source - part.from) * sides.width * ld;
        size_t source = across.source;
        for (size_t kw = across.tap; kw < s.kernel_width; kw += across.step, source += (size_t)across.next) {
            if (source >= sides.width) continue;
            const float *place = line + source * ld + (down.tap * s.kernel_width + kw) * sides.made_channels;
            CK_UNROLL for (size_t q = 0; q < Q; q++) sums[q] += *(const v4u *)(place + quad * q);
        }
    }
}

CK_INLINE void make_line(
    const size_t Q, ck_convolution s, conv_sides sides, source_part part, size_t y, const float *bias, void *made,
    size_t place) {
    reach down = reach_of(s, sides.backward, s.top, y);
    for (size_t x = 0; x < sides.made_width; x++, place += sides.made_channels) {
        v4u sums[4];
        add_products(Q, s, sides, part, down, reach_of(s, sides.backward, s.left, x), sums);
        for (size_t c = 0; c < sides.made_channels; c++) {
            ck_write(sums[c / quad][c % quad] + (bias ? bias[c] : 0), made, s.type, place + c);
        }
    }
}

// The lines of the source that lines [y, end) of the result are made of.
CK_INLINE source_part part_of(ck_convolution s, conv_sides sides, size_t y, size_t end) {
    ptrdiff_t kernel = (ptrdiff_t)s.kernel_height, step = (ptrdiff_t)s.stride, last = (ptrdiff_t)end - 1 + s.top;
    ptrdiff_t from = (ptrdiff_t)y - s.top, to = last - 2 * s.top + kernel, height = (ptrdiff_t)sides.height;
    if (sides.backward) {
        from = (ptrdiff_t)y + s.top - kernel + 1;
        from = from < 0 ? 0 : (from + step - 1) / step;
        to = last < 0 ? 0 : last / step + 1;
    }
    from = from < 0 ? 0 : from;
    to = to > height ? height : to;
    return (source_part){(size_t)from, (size_t)(to > from ? to : from), NULL};
}

CK_CLONES void conv_few(
    ck_convolution s, ck_convolve_pass pass, const void *source, const float *packed, const float *bias, void *made,
    float *scratch, size_t row, size_t row_end) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t block = conv_few_block(s, pass), line = sides.width * sides.channels;
    float *room = scratch, *products = scratch + ck_tile_most_rows * conv_row(ck_product_depth(sides.channels));
    for (size_t r = row, end; r < row_end; r = end) {
        size_t image = r / sides.made_height, y = r % sides.made_height;
        end = conv_least(row_end, r + conv_least(block, sides.made_height - y));
        source_part part = part_of(s, sides, y, y + end - r);
        part.products = products;
        size_t first = (image * sides.height + part.from) * line;
        multiply(s, sides, source, first, (part.to - part.from) * sides.width, packed, products, room);
        for (; r < end; r++, y++) {
            size_t place = r * sides.made_width * sides.made_channels;
            if (sides.made_channels <= quad) {
                make_line(1, s, sides, part, y, bias, made, place);
            } else if (sides.made_channels <= 2 * quad) {
                make_line(2, s, sides, part, y, bias, made, place);
            } else {
                make_line(4, s, sides, part, y, bias, made, place);
            }
        }
    }
}
