#include "convolve_windows.h"

size_t ck_convolve_panels(ck_convolution s, ck_convolve_pass pass) {
    if (conv_is_small(s) || conv_is_few(s, pass)) return 1;
    return s.groups * conv_group_panels(conv_sides_of(s, pass));
}

size_t ck_convolve_weight_count(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    if (conv_is_small(s)) return sides.taps * sides.group_channels * sides.made_channels;
    if (conv_is_few(s, pass)) return sides.channels * 16 * ck_product_vectors(sides.taps * sides.made_channels);
    return s.groups * conv_group_weights(sides);
}

size_t ck_convolve_rows(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t lines = s.batch * sides.made_height;
    return conv_is_few(s, pass) ? lines : lines * sides.made_width;
}

size_t ck_convolve_block(ck_convolution s, ck_convolve_pass pass) {
    return conv_is_few(s, pass) ? conv_few_block(s, pass) : conv_rows;
}

// Rows of the source for one tile and the sums of all rows; 16 numbers to start at a multiple of 64 bytes and 16 for
// what is copied too much.
size_t ck_convolve_scratch(ck_convolution s, ck_convolve_pass pass) {
    conv_sides sides = conv_sides_of(s, pass);
    if (conv_is_small(s)) return conv_row(sides.channels) + conv_row(sides.made_channels) + 16;
    if (conv_is_few(s, pass)) return conv_few_scratch(s, pass);
    return (ck_tile_most_rows + conv_rows) * conv_widest + 32;
}

// Products of one group and phase.
typedef struct conv_job {
    const ck_tile_set *tiles;
    conv_sides sides;
    conv_phase phase;
    conv_images images;
    ck_type type;
    // The weights and the biases of the group, and the first of its channels.
    const float *packed, *bias;
    size_t channel;
    void *made;
    float *room, *sums;
} conv_job;

// Columns of a job: panels [from, to), which begin with column `start` and have `width` columns.
typedef struct conv_panels {
    size_t from, to, start, width;
} conv_panels;

CK_INLINE size_t panel_start(const conv_job *job, size_t panel) {
    return 16 * ck_product_panel_start(conv_made_vectors(job->sides), panel, job->tiles->vectors);
}

// The number of the first channel of a pixel of the result.
CK_INLINE size_t made_place(const conv_job *job, conv_pixel at) {
    size_t y = job->phase.y + at.y * job->phase.apart, x = job->phase.x + at.x * job->phase.apart;
    size_t line = at.image * job->sides.made_height + y;
    return (line * job->sides.made_width + x) * job->sides.made_channels + job->channel;
}

// The sums of `rows` rows become pixels.
CK_INLINE void store_rows(
    const ck_type type, const conv_job *job, conv_panels panels, size_t row, size_t rows, const float *sums,
    size_t ld) {
    conv_pixel at = conv_pixel_of(job->phase, row);
    size_t count = conv_least(panels.width, job->sides.group_made - panels.start);
    const float *bias = job->bias ? job->bias + panels.start : NULL;
    for (size_t r = 0; r < rows; r++, sums += ld, conv_next(&job->phase, &at)) {
        size_t place = made_place(job, at) + panels.start, j = 0;
        for (; j + 16 <= count; j += 16) {
            v16 value = CK_CV16(sums + j);
            if (bias) value += CK_CV16(bias + j);
            ck_store(&value, ck_place(job->made, type, place + j), type);
        }
        for (; j < count; j++) {
            ck_write(bias ? sums[j] + bias[j] : sums[j], job->made, type, place + j);
        }
    }
}

// Numbers [p, p + depth) of the depth for some rows, in tiles.
CK_INLINE void multiply_rows(
    const ck_type type, const conv_job *job, conv_panels panels, size_t p, size_t depth, const float *bias, size_t row,
    size_t rows, float *c, size_t ld) {
    conv_pixel at = conv_pixel_of(job->phase, row);
    conv_range range = conv_range_of(&job->images, &job->phase, p, p + depth);
    const float *packed = job->packed + p * 16 * conv_made_vectors(job->sides);
    size_t distance = conv_row(depth);
    for (size_t r = 0, count; r < rows; r += count) {
        count = ck_tile_rows_of(job->tiles, rows - r);
        for (size_t i = 0; i < count; i++, conv_next(&job->phase, &at)) {
            conv_gather(type, &job->images, &job->phase, range, at, job->room + i * distance);
        }
        for (size_t q = panels.from; q < panels.to; q++) {
            size_t j = panel_start(job, q), width = panel_start(job, q + 1) - j;
            ck_tile_function *tile = ck_tile_of(job->tiles, true, count, width / 16);
            tile(
                depth, job->room, distance, packed + j * depth, width, c + r * ld + j - panels.start, ld,
                bias ? bias + j : NULL, p > 0);
        }
    }
}

// At most `conv_rows` rows and `conv_columns` columns. Sums go to the result at once if that has their layout.
CK_INLINE void multiply_block(
    const ck_type type, const conv_job *job, conv_panels panels, size_t row, size_t rows) {
    size_t all = conv_phase_depth(job->sides, job->phase), step = ck_product_depth(all);
    bool direct = type == CK_FLOAT32 && job->phase.apart == 1 && job->sides.group_made % 16 == 0 && all > 0;
    size_t ld = direct ? job->sides.made_channels : conv_row(panels.width);
    float *c = direct ? (float *)job->made + row * ld + job->channel + panels.start : job->sums;
    for (size_t i = 0; all == 0 && i < rows * ld; i++) c[i] = 0;
    for (size_t p = 0; p < all; p += step) {
        size_t depth = conv_least(step, all - p);
        const float *bias = direct && p + depth == all ? job->bias : NULL;
        multiply_rows(type, job, panels, p, depth, bias, row, rows, c, ld);
    }
    if (!direct) store_rows(type, job, panels, row, rows, c, ld);
}

// Rows [row, row_end) of the phase of a job.
CK_INLINE void run_job(const conv_job *job, size_t row, size_t row_end, size_t panel, size_t panel_end) {
    size_t group = conv_columns / 16 / job->tiles->vectors;
    for (size_t r = row; r < row_end; r += conv_rows) {
        size_t rows = conv_least(conv_rows, row_end - r);
        for (size_t q = panel; q < panel_end; q += group) {
            conv_panels panels = {.from = q, .to = conv_least(q + group, panel_end), .start = panel_start(job, q)};
            panels.width = panel_start(job, panels.to) - panels.start;
            if (job->type == CK_BFLOAT16) {
                multiply_block(CK_BFLOAT16, job, panels, r, rows);
            } else {
                multiply_block(CK_FLOAT32, job, panels, r, rows);
            }
        }
    }
}

// Rows are numbered by phases; those of a phase are pixels along lines, lines of images and images.
CK_INLINE void run_phases(
    ck_convolution s, ck_convolve_pass pass, conv_job job, size_t row, size_t row_end, size_t panel,
    size_t panel_end) {
    const float *packed = job.packed;
    for (size_t i = 0, first = 0, count; i < conv_phases(s, pass) && first < row_end; i++, first += count) {
        job.phase = conv_phase_of(s, pass, i);
        count = s.batch * job.phase.down * job.phase.across;
        if (first + count <= row || count == 0) continue;
        job.packed = packed + conv_phase_weights(s, job.sides, i);
        size_t from = row > first ? row - first : 0;
        run_job(&job, from, conv_least(count, row_end - first), panel, panel_end);
    }
}

CK_CLONES void ck_convolve(
    ck_convolution s, ck_convolve_pass pass, const void *restrict source, const float *restrict packed,
    const float *restrict bias, void *restrict result, float *restrict scratch, size_t row, size_t row_end,
    size_t panel, size_t panel_end) {
    float *memory = conv_aligned(scratch);
    if (conv_is_small(s)) {
        conv_small(s, pass, source, packed, bias, result, memory, row, row_end);
        return;
    }
    if (conv_is_few(s, pass)) {
        conv_few(s, pass, source, packed, bias, result, memory, row, row_end);
        return;
    }
    conv_job job = {.tiles = ck_tiles(), .sides = conv_sides_of(s, pass), .type = s.type, .made = result};
    job.room = memory;
    job.sums = memory + ck_tile_most_rows * conv_widest + 16;
    size_t panels = conv_group_panels(job.sides);
    for (size_t group = panel / panels; group * panels < panel_end; group++) {
        size_t first = group * panels;
        job.images = conv_images_of(s, job.sides, source, group);
        job.packed = packed + group * conv_group_weights(job.sides);
        job.channel = group * job.sides.group_made;
        job.bias = bias ? bias + job.channel : NULL;
        size_t from = panel > first ? panel - first : 0;
        run_phases(s, pass, job, row, row_end, from, conv_least(panels, panel_end - first));
    }
}
