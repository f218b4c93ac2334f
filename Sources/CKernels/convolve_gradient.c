#include "convolve_windows.h"
#include "transpose.h"

// The gradient for the weights of a group is dy^T [output channels, pixels] times the windows of x [pixels, places and
// channels].

enum {
    // Pixels of one product: a panel of their windows stays in the first level cache.
    block_pixels = 192,
    // Parts that are worth having, pixels and, for groups of few channels, steps that are worth a part.
    wanted_parts = 8,
    part_pixels = 512,
    panel_columns = 16 * ck_tile_most_vectors,
};

// The pixels that windows are paired with.
CK_INLINE size_t pixel_count(ck_convolution s) {
    bool turned = conv_turn_of(s) == CONV_WINDOWS_OF_DY;
    return s.batch * (turned ? s.height * s.width : s.output_height * s.output_width);
}

// The columns of one group.
CK_INLINE size_t column_count(conv_sides sides) { return sides.taps * sides.group_channels; }

size_t ck_convolve_gradient_parts(ck_convolution s) {
    conv_sides sides = conv_sides_of(s, CK_CONVOLVE_FORWARD);
    conv_turn turn = conv_turn_of(s);
    size_t columns = turn == CONV_PLAIN ? column_count(sides)
                                        : turn == CONV_WINDOWS_OF_X ? s.output_channels : s.input_channels;
    size_t across = conv_is_small(s) ? 1 : s.groups * ((columns + panel_columns - 1) / panel_columns);
    size_t wanted = across < wanted_parts ? wanted_parts / across : 1, most = pixel_count(s) / part_pixels;
    return most < 1 ? 1 : conv_least(wanted, most);
}

size_t ck_convolve_gradient_panels(ck_convolution s) {
    if (conv_is_small(s)) return 1;
    if (conv_turn_of(s) != CONV_PLAIN) return conv_turned_panels(s);
    size_t vectors = ck_product_vectors(column_count(conv_sides_of(s, CK_CONVOLVE_FORWARD)));
    return s.groups * ck_product_panel_count(vectors, ck_tiles()->vectors);
}

size_t ck_convolve_gradient_count(ck_convolution s) {
    if (conv_turn_of(s) != CONV_PLAIN) return conv_turned_count(s);
    size_t columns = column_count(conv_sides_of(s, CK_CONVOLVE_FORWARD));
    return s.output_channels * (conv_is_small(s) ? columns : conv_row(columns));
}

// dy of a block, one pixel of it, and a panel of windows; 16 numbers to start at a multiple of 64 bytes and 16 for what
// is copied too much.
size_t ck_convolve_gradient_scratch(ck_convolution s) {
    size_t output = s.output_channels / s.groups;
    if (conv_is_small(s)) return conv_row(s.input_channels) + conv_row(s.output_channels) + 16;
    if (conv_turn_of(s) != CONV_PLAIN) return conv_turned_scratch(s);
    return block_pixels * (conv_row(output) + panel_columns) + conv_row(output) + 48;
}

// What the products of one group share.
typedef struct gradient_job {
    const ck_tile_set *tiles;
    conv_phase phase;
    conv_images x, dy;
    // A row of the sums for each output channel.
    float *sums;
    size_t row;
    // dy in tiles, and windows.
    float *left, *right, *line;
} gradient_job;

// Pixels [from, from + count) of dy in tiles: for each tile `count` rows of its width.
CK_INLINE void pack_left(const ck_type type, const gradient_job *job, size_t from, size_t count) {
    const conv_images *dy = &job->dy;
    size_t most = job->tiles->rows;
    for (size_t p = 0; p < count; p++) {
        conv_copy(type, dy->pixels, (from + p) * dy->channels + dy->first, dy->total, dy->count, job->line);
        for (size_t i = 0, rows; i < dy->count; i += rows) {
            rows = ck_tile_rows_of(job->tiles, dy->count - i);
            float *place = job->left + i * count + p * rows;
            if (rows == 8) {
                memcpy(place, job->line + i, 8 * sizeof(float));
            } else if (rows == most) {
                for (size_t u = 0; u < most; u++) place[u] = job->line[i + u];
            } else {
                for (size_t u = 0; u < rows; u++) place[u] = job->line[i + u];
            }
        }
    }
}

// Columns [j, j + width) of the windows of pixels [from, from + count), zeros after the last one.
CK_INLINE void pack_right(
    const ck_type type, const gradient_job *job, size_t columns, size_t j, size_t width, size_t from, size_t count) {
    size_t end = conv_least(j + width, columns);
    conv_range range = conv_range_of(&job->x, &job->phase, j, end);
    conv_pixel at = conv_pixel_of(job->phase, from);
    float *y = job->right;
    for (size_t p = 0; p < count; p++, y += width, conv_next(&job->phase, &at)) {
        conv_gather(type, &job->x, &job->phase, range, at, y);
        if (end < j + width) conv_zeros(y + end - j, j + width - end);
    }
}

// Panels [panel, panel_end) of one group from pixels [from, to).
CK_INLINE void run_group(
    const ck_type type, const gradient_job *job, size_t columns, size_t from, size_t to, size_t panel,
    size_t panel_end) {
    size_t vectors = ck_product_vectors(columns), most = job->tiles->vectors;
    for (size_t pixel = from; pixel < to; pixel += block_pixels) {
        size_t count = conv_least(block_pixels, to - pixel);
        pack_left(type, job, pixel, count);
        for (size_t q = panel; q < panel_end; q++) {
            size_t j = 16 * ck_product_panel_start(vectors, q, most);
            size_t width = 16 * ck_product_panel_start(vectors, q + 1, most) - j;
            pack_right(type, job, columns, j, width, pixel, count);
            for (size_t i = 0, rows; i < job->dy.count; i += rows) {
                rows = ck_tile_rows_of(job->tiles, job->dy.count - i);
                ck_tile_function *tile = ck_tile_of(job->tiles, false, rows, width / 16);
                float *c = job->sums + i * job->row + j;
                tile(count, job->left + i * count, rows, job->right, width, c, job->row, NULL, pixel > from);
            }
        }
    }
}

CK_CLONES void ck_convolve_gradient(
    ck_convolution s, const void *restrict x, const void *restrict dy, float *restrict sums,
    float *restrict scratch, size_t part, size_t panel, size_t panel_end) {
    size_t parts = ck_convolve_gradient_parts(s), pixels = pixel_count(s);
    size_t from = pixels * part / parts, to = pixels * (part + 1) / parts;
    float *memory = conv_aligned(scratch);
    if (conv_is_small(s)) {
        if (panel < panel_end) conv_small_gradient(s, x, dy, sums, memory, from, to);
        return;
    }
    if (conv_turn_of(s) != CONV_PLAIN) {
        conv_turned_gradient(s, x, dy, sums, memory, from, to, panel, panel_end);
        return;
    }
    conv_sides sides = conv_sides_of(s, CK_CONVOLVE_FORWARD), back = conv_sides_of(s, CK_CONVOLVE_INPUT_GRADIENT);
    size_t columns = column_count(sides), panels = ck_convolve_gradient_panels(s) / s.groups;
    gradient_job job = {ck_tiles(), conv_phase_of(s, CK_CONVOLVE_FORWARD, 0), .row = conv_row(columns)};
    job.left = memory;
    job.line = job.left + block_pixels * conv_row(sides.group_made);
    job.right = job.line + conv_row(sides.group_made) + 16;
    for (size_t group = panel / panels; group * panels < panel_end; group++) {
        size_t first = group * panels, begin = panel > first ? panel - first : 0;
        size_t end = conv_least(panels, panel_end - first);
        job.x = conv_images_of(s, sides, x, group);
        job.dy = conv_images_of(s, back, dy, group);
        job.sums = sums + group * sides.group_made * job.row;
        if (from == to) {
            for (size_t i = 0; i < sides.group_made * job.row; i++) job.sums[i] = 0;
        } else if (s.type == CK_BFLOAT16) {
            run_group(CK_BFLOAT16, &job, columns, from, to, begin, end);
        } else {
            run_group(CK_FLOAT32, &job, columns, from, to, begin, end);
        }
    }
}

// Sixteen input channels from `c` on of output channel `o`: places of the kernel become neighbours.
CK_INLINE void finish_channels(
    conv_sides sides, size_t parts, size_t count, const float *sums, size_t c, float *dw) {
    size_t lanes = conv_least(16, sides.group_channels - c);
    v16 square[16], turned[16];
    for (size_t t = 0; t < sides.taps; t += 16) {
        size_t taps = conv_least(16, sides.taps - t);
        for (size_t i = 0; i < 16; i++) {
            square[i] = (v16){0};
            for (size_t part = 0; i < taps && part < parts; part++) {
                v16 term;
                ck_load_part(
                    sums + part * count + (t + i) * sides.group_channels + c, CK_FLOAT32, lanes, &term);
                square[i] += term;
            }
        }
        ck_transpose_tile((const float *)square, 16, (float *)turned, 16);
        for (size_t l = 0; l < lanes; l++) {
            memcpy(dw + (c + l) * sides.taps + t, &turned[l], taps * sizeof(float));
        }
    }
}

CK_CLONES void ck_convolve_gradient_finish(
    ck_convolution s, const float *restrict sums, float *restrict dw, size_t from, size_t to) {
    conv_sides sides = conv_sides_of(s, CK_CONVOLVE_FORWARD);
    size_t parts = ck_convolve_gradient_parts(s), count = ck_convolve_gradient_count(s);
    size_t columns = column_count(sides), channels = sides.group_channels;
    if (conv_turn_of(s) != CONV_PLAIN) {
        conv_turned_finish(s, parts, sums, dw, from, to);
        return;
    }
    for (size_t o = from; o < to; o++) {
        float *kernels = dw + o * columns;
        if (conv_is_small(s)) {
            for (size_t i = 0; i < columns; i++) {
                size_t place = (i % sides.taps * channels + i / sides.taps) * s.output_channels + o;
                float sum = 0;
                for (size_t part = 0; part < parts; part++) sum += sums[part * count + place];
                kernels[i] = sum;
            }
            continue;
        }
        for (size_t c = 0; c < channels; c += 16) {
            finish_channels(sides, parts, count, sums + o * conv_row(columns), c, kernels);
        }
    }
}
