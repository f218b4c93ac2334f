#include "include/ck_layout.h"
#include "vector.h"

CK_CLONES void ck_nearest_up(
    const float *restrict x, float *restrict y, size_t width, size_t channels, size_t from, size_t to) {
    y += from * 2 * width * channels;
    for (size_t row = from; row < to; row++) {
        const float *restrict source = x + row / 2 * width * channels;
        for (size_t column = 0; column < width; column++, source += channels, y += 2 * channels) {
            for (size_t c = 0; c < channels; c++) y[c] = y[channels + c] = source[c];
        }
    }
}

CK_CLONES void ck_nearest_up_gradient(
    const float *restrict dy, float *restrict dx, size_t width, size_t channels, size_t from, size_t to) {
    size_t line = 2 * width * channels;
    for (size_t row = from; row < to; row++) {
        for (size_t column = 0; column < width; column++) {
            const float *restrict top = dy + 2 * row * line + 2 * column * channels, *restrict bottom = top + line;
            float *restrict target = dx + (row * width + column) * channels;
            for (size_t c = 0; c < channels; c++) {
                target[c] = (top[c] + top[channels + c]) + (bottom[c] + bottom[channels + c]);
            }
        }
    }
}

// The other pixel that a result takes a quarter of: the one before for even results, the one after for odd ones, within the image.
CK_INLINE size_t neighbour(size_t i, size_t count) {
    size_t own = i / 2;
    if (i % 2 == 0) return own == 0 ? 0 : own - 1;
    return own + 1 < count ? own + 1 : own;
}

CK_CLONES void ck_bilinear_up(
    const float *restrict x, float *restrict y, size_t height, size_t width, size_t channels, size_t from, size_t to) {
    for (size_t row = from; row < to; row++) {
        const float *near = x + row / 2 * width * channels, *far = x + neighbour(row, height) * width * channels;
        for (size_t column = 0; column < 2 * width; column++) {
            size_t a = column / 2 * channels, b = neighbour(column, width) * channels;
            float *restrict target = y + (row * 2 * width + column) * channels;
            for (size_t c = 0; c < channels; c++) {
                float first = 0.75f * near[a + c] + 0.25f * near[b + c];
                float second = 0.75f * far[a + c] + 0.25f * far[b + c];
                target[c] = 0.75f * first + 0.25f * second;
            }
        }
    }
}

// The results that read pixel i, with their weights: at most four, fewer at an edge, where a weight becomes whole.
CK_INLINE size_t readers(size_t i, size_t count, size_t places[4], float weights[4]) {
    size_t n = 0;
    for (size_t r = i == 0 ? 0 : 2 * i - 1; r <= 2 * i + 2 && r < 2 * count; r++) {
        places[n] = r;
        weights[n++] = (r / 2 == i ? 0.75f : 0.0f) + (neighbour(r, count) == i ? 0.25f : 0.0f);
    }
    return n;
}

CK_CLONES void ck_bilinear_up_gradient(
    const float *restrict dy, float *restrict dx, size_t height, size_t width, size_t channels, size_t from,
    size_t to) {
    size_t rows[4], columns[4];
    float row_weights[4], column_weights[4];
    for (size_t row = from; row < to; row++) {
        size_t row_count = readers(row, height, rows, row_weights);
        for (size_t column = 0; column < width; column++) {
            size_t column_count = readers(column, width, columns, column_weights);
            float *restrict target = dx + (row * width + column) * channels;
            for (size_t c = 0; c < channels; c++) target[c] = 0;
            for (size_t i = 0; i < row_count; i++) {
                for (size_t j = 0; j < column_count; j++) {
                    float weight = row_weights[i] * column_weights[j];
                    const float *restrict source = dy + (rows[i] * 2 * width + columns[j]) * channels;
                    for (size_t c = 0; c < channels; c++) target[c] += weight * source[c];
                }
            }
        }
    }
}

CK_CLONES void ck_average_down(
    const float *restrict x, float *restrict y, size_t width, size_t channels, size_t from, size_t to) {
    size_t line = width * channels, result = width / 2;
    for (size_t row = from; row < to; row++) {
        for (size_t column = 0; column < result; column++) {
            const float *restrict top = x + 2 * row * line + 2 * column * channels, *restrict bottom = top + line;
            float *restrict target = y + (row * result + column) * channels;
            for (size_t c = 0; c < channels; c++) {
                target[c] = 0.25f * ((top[c] + top[channels + c]) + (bottom[c] + bottom[channels + c]));
            }
        }
    }
}

CK_CLONES void ck_average_down_gradient(
    const float *restrict dy, float *restrict dx, size_t height, size_t width, size_t channels, size_t from,
    size_t to) {
    size_t result = width / 2;
    for (size_t row = from; row < to; row++) {
        for (size_t column = 0; column < width; column++) {
            float *restrict target = dx + (row * width + column) * channels;
            if (row / 2 < height / 2 && column / 2 < result) {
                const float *restrict source = dy + (row / 2 * result + column / 2) * channels;
                for (size_t c = 0; c < channels; c++) target[c] = 0.25f * source[c];
            } else {
                for (size_t c = 0; c < channels; c++) target[c] = 0;
            }
        }
    }
}
