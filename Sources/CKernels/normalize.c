#include "include/ck_normalize.h"
#include "half.h"
#include "lanes.h"

// MARK: Group norm

// Per channel: sums of x - base and of its square, base being the first position: no cancellation in the variance.
CK_INLINE void channel_moments(
    ck_group_norm s, ck_type type, const void *restrict x, float *restrict first, float *restrict second) {
    size_t channels = s.groups * s.width, c = 0;
    for (; c + 32 <= channels; c += 32) {
        v16 base[2], sum[2] = {{0}}, square[2] = {{0}};
        CK_UNROLL for (size_t u = 0; u < 2; u++) ck_load(ck_at(x, type, c + 16 * u), type, &base[u]);
        for (size_t p = 1; p < s.positions; p++) {
            CK_UNROLL for (size_t u = 0; u < 2; u++) {
                v16 d;
                ck_load(ck_at(x, type, p * s.stride + c + 16 * u), type, &d);
                d -= base[u];
                sum[u] += d;
                square[u] += d * d;
            }
        }
        CK_UNROLL for (size_t u = 0; u < 2; u++) {
            CK_V16(first + c + 16 * u) = sum[u];
            CK_V16(second + c + 16 * u) = square[u];
        }
    }
    for (; c < channels; c++) {
        float sum = 0, square = 0;
        for (size_t p = 1; p < s.positions; p++) {
            float d = ck_read(x, type, p * s.stride + c) - ck_read(x, type, c);
            sum += d;
            square += d * d;
        }
        first[c] = sum;
        second[c] = square;
    }
}

// Joins the channels of a group (parallel variance, Chan et al. 1983) in double.
CK_INLINE void group_statistics(
    ck_group_norm s, ck_type type, const void *x, const float *first, const float *second, float *statistics) {
    double n = (double)s.positions;
    for (size_t g = 0; g < s.groups; g++) {
        double mean = 0, square = 0;
        for (size_t c = g * s.width; c < (g + 1) * s.width; c++) {
            mean += (double)ck_read(x, type, c) + (double)first[c] / n;
        }
        mean /= (double)s.width;
        for (size_t c = g * s.width; c < (g + 1) * s.width; c++) {
            double offset = (double)first[c] / n, distance = (double)ck_read(x, type, c) + offset - mean;
            square += ((double)second[c] - n * offset * offset) + n * distance * distance;
        }
        double variance = square / (n * (double)s.width);
        statistics[2 * g] = (float)mean;
        statistics[2 * g + 1] = (float)(1.0 / sqrt((variance > 0 ? variance : 0) + (double)s.epsilon));
    }
}

// y = a x + b per channel: a in factor, b in offset.
CK_INLINE void channel_lines(
    ck_group_norm s, const float *scale, const float *shift, const float *statistics, float *factor, float *offset) {
    for (size_t g = 0; g < s.groups; g++) {
        float mean = statistics[2 * g], inverse = statistics[2 * g + 1];
        for (size_t c = g * s.width; c < (g + 1) * s.width; c++) {
            factor[c] = scale ? inverse * scale[c] : inverse;
            offset[c] = (shift ? shift[c] : 0.0f) - mean * factor[c];
        }
    }
}

CK_INLINE void group_norm_forward(
    ck_group_norm s, const ck_type type, const void *restrict x, const float *scale, const float *shift,
    void *restrict y, float *restrict statistics, float *restrict scratch) {
    size_t channels = s.groups * s.width;
    float *restrict factor = scratch, *restrict offset = scratch + channels;
    if (!s.known) {
        channel_moments(s, type, x, factor, offset);
        group_statistics(s, type, x, factor, offset, statistics);
    }
    channel_lines(s, scale, shift, statistics, factor, offset);
    for (size_t p = 0; p < s.positions; p++) {
        const void *restrict from = ck_at(x, type, p * s.stride);
        void *restrict to = ck_place(y, type, p * s.stride);
        if (s.silu) {
            CK_EACH for (size_t c = 0; c < channels; c++) {
                ck_write(ck_siluf(ck_read(from, type, c) * factor[c] + offset[c]), to, type, c);
            }
        } else {
            CK_EACH for (size_t c = 0; c < channels; c++) {
                ck_write(ck_read(from, type, c) * factor[c] + offset[c], to, type, c);
            }
        }
    }
}

CK_CLONES void ck_group_norm_forward(
    ck_group_norm s, ck_type type, const void *restrict x, const float *scale, const float *shift, void *restrict y,
    float *restrict statistics, float *restrict scratch) {
    if (type == CK_BFLOAT16) {
        group_norm_forward(s, CK_BFLOAT16, x, scale, shift, y, statistics, scratch);
    } else {
        group_norm_forward(s, CK_FLOAT32, x, scale, shift, y, statistics, scratch);
    }
}

// What the second pass over an image needs of its channels.
typedef struct channel_parts {
    float *restrict factor, *restrict offset, *restrict slope, *restrict intercept, *restrict center;
} channel_parts;

// The gradient before the activation.
CK_INLINE float inner_gradient(ck_group_norm s, float x, float dy, float factor, float offset) {
    return s.silu ? dy * ck_silu_slope(x * factor + offset) : dy;
}

// Sums over positions of the gradient before the activation and of it times x - mean. float32 keeps that gradient in dx;
// in bfloat16 it would be rounded, so it is computed again.
CK_INLINE void channel_sums(
    ck_group_norm s, const ck_type type, const void *restrict x, const void *restrict dy, void *restrict dx,
    channel_parts parts, float *restrict scale_sums, float *restrict shift_sums) {
    size_t channels = s.groups * s.width;
    for (size_t c = 0; c < channels; c++) scale_sums[c] = shift_sums[c] = 0;
    for (size_t p = 0; p < s.positions; p++) {
        const void *restrict from = ck_at(x, type, p * s.stride), *restrict slope = ck_at(dy, type, p * s.stride);
        void *restrict to = ck_place(dx, type, p * s.stride);
        CK_EACH for (size_t c = 0; c < channels; c++) {
            float value = ck_read(from, type, c);
            float d = inner_gradient(s, value, ck_read(slope, type, c), parts.factor[c], parts.offset[c]);
            if (type == CK_FLOAT32) ck_write(d, to, type, c);
            scale_sums[c] += d * (value - parts.center[c]);
            shift_sums[c] += d;
        }
    }
}

// Joins the channels of each group: dx = factor d - inverse mean(d scale) - inverse^2 (x - mean) mean(d scale xhat), with
// the last two factors in slope and intercept.
CK_INLINE void group_slopes(
    ck_group_norm s, const float *scale, const float *statistics, channel_parts parts, float *restrict scale_sums,
    const float *restrict shift_sums) {
    double n = (double)s.positions * (double)s.width;
    for (size_t g = 0; g < s.groups; g++) {
        float inverse = statistics[2 * g + 1];
        double direct = 0, along = 0;
        for (size_t c = g * s.width; c < (g + 1) * s.width; c++) {
            double weight = scale ? (double)scale[c] : 1.0;
            scale_sums[c] *= inverse;
            direct += weight * (double)shift_sums[c];
            along += weight * (double)scale_sums[c];
        }
        float a = (float)(-(double)inverse * (double)inverse * along / n);
        float b = (float)(-(double)inverse * direct / n);
        for (size_t c = g * s.width; c < (g + 1) * s.width; c++) {
            parts.slope[c] = a;
            parts.intercept[c] = b;
        }
    }
}

CK_INLINE void group_norm_backward(
    ck_group_norm s, const ck_type type, const void *restrict x, const float *scale, const float *shift,
    const float *restrict statistics, const void *restrict dy, void *restrict dx, float *restrict sums,
    float *restrict scratch) {
    size_t channels = s.groups * s.width;
    channel_parts parts = {
        scratch, scratch + channels, scratch + 2 * channels, scratch + 3 * channels, scratch + 4 * channels};
    channel_lines(s, scale, shift, statistics, parts.factor, parts.offset);
    for (size_t c = 0; c < channels; c++) parts.center[c] = statistics[2 * (c / s.width)];
    channel_sums(s, type, x, dy, dx, parts, sums, sums + channels);
    group_slopes(s, scale, statistics, parts, sums, sums + channels);
    for (size_t p = 0; p < s.positions; p++) {
        const void *restrict from = ck_at(x, type, p * s.stride), *restrict slope = ck_at(dy, type, p * s.stride);
        void *restrict to = ck_place(dx, type, p * s.stride);
        CK_EACH for (size_t c = 0; c < channels; c++) {
            float value = ck_read(from, type, c);
            float d = type == CK_FLOAT32
                ? ck_read(to, type, c)
                : inner_gradient(s, value, ck_read(slope, type, c), parts.factor[c], parts.offset[c]);
            float rest = (value - parts.center[c]) * parts.slope[c] + parts.intercept[c];
            ck_write(d * parts.factor[c] + rest, to, type, c);
        }
    }
}

CK_CLONES void ck_group_norm_backward(
    ck_group_norm s, ck_type type, const void *restrict x, const float *scale, const float *shift,
    const float *restrict statistics, const void *restrict dy, void *restrict dx, float *restrict sums,
    float *restrict scratch) {
    if (type == CK_BFLOAT16) {
        group_norm_backward(s, CK_BFLOAT16, x, scale, shift, statistics, dy, dx, sums, scratch);
    } else {
        group_norm_backward(s, CK_FLOAT32, x, scale, shift, statistics, dy, dx, sums, scratch);
    }
}

// MARK: Layer norm

CK_CLONES void ck_layer_norm_forward(
    const float *restrict x, const float *scale, const float *shift, float *restrict y, float *restrict statistics,
    size_t rows, size_t columns, float epsilon, bool centered) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        float mean = 0, square;
        if (centered) {
#define VECTOR_X(at) CK_CV16(x + (at))
#define SCALAR_X(at) x[at]
            CK_ROW_SUM(mean, columns, VECTOR_X, SCALAR_X);
            mean /= (float)columns;
        }
#define VECTOR_SQUARE(at) ((CK_CV16(x + (at)) - mean) * (CK_CV16(x + (at)) - mean))
#define SCALAR_SQUARE(at) ((x[at] - mean) * (x[at] - mean))
        CK_ROW_SUM(square, columns, VECTOR_SQUARE, SCALAR_SQUARE);
        float inverse = 1.0f / sqrtf(square / (float)columns + epsilon);
        statistics[2 * r] = mean;
        statistics[2 * r + 1] = inverse;
        if (scale && shift) {
            for (size_t j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse * scale[j] + shift[j];
        } else if (scale) {
            for (size_t j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse * scale[j];
        } else if (shift) {
            for (size_t j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse + shift[j];
        } else {
            for (size_t j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse;
        }
    }
}

CK_CLONES void ck_layer_norm_backward(
    const float *restrict x, const float *scale, const float *restrict statistics, const float *restrict dy,
    float *restrict dx, float *restrict sums, size_t rows, size_t columns, bool centered) {
    float *restrict scale_sums = sums, *restrict shift_sums = sums ? sums + columns : 0;
    for (size_t j = 0; sums && j < 2 * columns; j++) sums[j] = 0;
    for (size_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        float mean = statistics[2 * r], inverse = statistics[2 * r + 1], direct = 0, along;
        if (scale) {
            for (size_t j = 0; j < columns; j++) dx[j] = dy[j] * scale[j];
        } else {
            for (size_t j = 0; j < columns; j++) dx[j] = dy[j];
        }
        if (centered) {
#define VECTOR_D(at) CK_CV16(dx + (at))
#define SCALAR_D(at) dx[at]
            CK_ROW_SUM(direct, columns, VECTOR_D, SCALAR_D);
        }
#define VECTOR_ALONG(at) (CK_CV16(dx + (at)) * (CK_CV16(x + (at)) - mean))
#define SCALAR_ALONG(at) (dx[at] * (x[at] - mean))
        CK_ROW_SUM(along, columns, VECTOR_ALONG, SCALAR_ALONG);
        float a = inverse * inverse * inverse * along / (float)columns, b = inverse * direct / (float)columns;
        if (sums) {
            for (size_t j = 0; j < columns; j++) {
                scale_sums[j] += dy[j] * ((x[j] - mean) * inverse);
                shift_sums[j] += dy[j];
            }
        }
        for (size_t j = 0; j < columns; j++) dx[j] = dx[j] * inverse - (x[j] - mean) * a - b;
    }
}
