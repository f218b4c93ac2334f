#include "convolve.h"

// Groups of few channels: pixels are multiplied one by one, in lines of all channels. Weights are packed as
// [places of the kernel, channels of a group of the source, channels of the result].

// Where the place `tap` of the kernel finds the source of pixel `at`, on one axis; false outside of the image.
CK_INLINE bool source_of(
    bool backward, size_t stride, ptrdiff_t before, size_t at, size_t tap, size_t pixels, size_t *place) {
    ptrdiff_t step = (ptrdiff_t)stride, from = (ptrdiff_t)at, back = (ptrdiff_t)tap;
    ptrdiff_t found = backward ? from + before - back : from * step - before + back;
    if (backward) {
        if (found < 0 || (step > 1 && found % step != 0)) return false;
        found = step > 1 ? found / step : found;
    }
    *place = (size_t)found;
    return found >= 0 && *place < pixels;
}

CK_CLONES void conv_small_pack(
    ck_convolution s, ck_convolve_pass pass, const void *weights, float *packed) {
    conv_sides sides = conv_sides_of(s, pass);
    size_t inputs = s.input_channels / s.groups;
    for (size_t made = 0; made < sides.made_channels; made++) {
        size_t group = made / sides.group_made, place = made % sides.group_made;
        for (size_t i = 0; i < sides.group_channels; i++) {
            size_t filter = sides.backward ? group * sides.group_channels + i : made;
            size_t first = (filter * inputs + (sides.backward ? place : i)) * sides.taps;
            for (size_t t = 0; t < sides.taps; t++) {
                size_t place_packed = (t * sides.group_channels + i) * sides.made_channels + made;
                packed[place_packed] = ck_read(weights, s.weight_type, first + t);
            }
        }
    }
}

// The channels of one pixel as float32 numbers, copied to `room` if they are not.
CK_INLINE const float *widened(const void *x, ck_type type, size_t place, size_t count, float *room) {
    if (type == CK_FLOAT32) return (const float *)x + place;
    const uint16_t *half = (const uint16_t *)x + place;
    for (size_t i = 0; i < count; i++) room[i] = ck_widened(half[i]);
    return room;
}

// sums[o] += the sum over the channels of its group of x w.
CK_INLINE void add_pixel(conv_sides sides, const float *restrict x, const float *restrict w, float *restrict sums) {
    for (size_t i = 0; i < sides.group_channels; i++, w += sides.made_channels) {
        for (size_t g = 0; g < sides.groups; g++) {
            float factor = x[g * sides.group_channels + i];
            size_t first = g * sides.group_made;
            for (size_t o = first; o < first + sides.group_made; o++) sums[o] += factor * w[o];
        }
    }
}

// Where every channel is a group of its own: the pixels of the source that one pixel sees, and their weights.
enum { most_taps = 64 };
typedef struct tap_list {
    size_t count;
    const void *sources[most_taps];
    const float *weights[most_taps];
} tap_list;

// sums[c] += the sum over the list of x[c] w[c] for W vectors of channels from `c` on.
CK_INLINE void add_vectors(const size_t W, const ck_type type, const tap_list *list, size_t c, float *sums) {
    v16 sum[4], value;
    CK_UNROLL for (size_t w = 0; w < W; w++) sum[w] = CK_CV16(sums + c + 16 * w);
    for (size_t k = 0; k < list->count; k++) {
        CK_UNROLL for (size_t w = 0; w < W; w++) {
            ck_load(ck_at(list->sources[k], type, c + 16 * w), type, &value);
            sum[w] += value * CK_CV16(list->weights[k] + c + 16 * w);
        }
    }
    CK_UNROLL for (size_t w = 0; w < W; w++) CK_V16(sums + c + 16 * w) = sum[w];
}

// The same for all channels.
CK_INLINE void add_list(const ck_type type, const tap_list *list, size_t channels, float *sums) {
    size_t c = 0;
    for (; c + 64 <= channels; c += 64) add_vectors(4, type, list, c, sums);
    for (; c + 16 <= channels; c += 16) add_vectors(1, type, list, c, sums);
    for (; c < channels; c++) {
        for (size_t k = 0; k < list->count; k++) {
            sums[c] += ck_read(list->sources[k], type, c) * list->weights[k][c];
        }
    }
}

CK_INLINE void flush_list(ck_type type, tap_list *list, size_t channels, float *sums) {
    if (type == CK_BFLOAT16) {
        add_list(CK_BFLOAT16, list, channels, sums);
    } else {
        add_list(CK_FLOAT32, list, channels, sums);
    }
    list->count = 0;
}

CK_INLINE void store_pixel(const float *sums, ck_type type, void *made, size_t place, size_t count) {
    if (type == CK_FLOAT32) {
        memcpy((float *)made + place, sums, count * sizeof(float));
    } else {
        uint16_t *half = (uint16_t *)made + place;
        for (size_t i = 0; i < count; i++) half[i] = ck_narrowed(sums[i]);
    }
}

// Every place of the kernel at which pixel (y, x) has a source, with the number t of the place and the source (v, u).
#define EACH_TAP(backward, height, width)                                                                              \
    for (size_t kh = 0, t = 0, v, u; kh < s.kernel_height; kh++)                                                       \
        for (size_t kw = 0; kw < s.kernel_width; kw++, t++)                                                            \
            if (source_of(backward, s.stride, s.top, y, kh, height, &v) &&                                             \
                source_of(backward, s.stride, s.left, x, kw, width, &u))

CK_CLONES void conv_small(
    ck_convolution s, ck_convolve_pass pass, const void *source, const float *packed, const float *bias, void *made,
    float *scratch, size_t row, size_t row_end) {
    conv_sides sides = conv_sides_of(s, pass);
    float *room = scratch, *sums = scratch + conv_row(sides.channels);
    size_t matrix = sides.group_channels * sides.made_channels;
    bool lone = sides.group_channels == 1 && sides.group_made == 1;
    tap_list list;
    list.count = 0;
    for (size_t r = row; r < row_end; r++) {
        size_t x = r % sides.made_width, y = r / sides.made_width % sides.made_height;
        size_t image = r / sides.made_width / sides.made_height;
        for (size_t c = 0; c < sides.made_channels; c++) sums[c] = bias ? bias[c] : 0;
        EACH_TAP(sides.backward, sides.height, sides.width) {
            size_t place = ((image * sides.height + v) * sides.width + u) * sides.channels;
            const float *weights = packed + t * matrix;
            if (lone) {
                list.sources[list.count] = ck_at(source, s.type, place);
                list.weights[list.count++] = weights;
                if (list.count == most_taps) flush_list(s.type, &list, sides.channels, sums);
            } else {
                add_pixel(sides, widened(source, s.type, place, sides.channels, room), weights, sums);
            }
        }
        if (list.count > 0) flush_list(s.type, &list, sides.channels, sums);
        store_pixel(sums, s.type, made, r * sides.made_channels, sides.made_channels);
    }
}

// sums[i, o] += x dy for the channels i of the group of o.
CK_INLINE void add_gradient(conv_sides sides, const float *restrict x, const float *restrict dy, float *restrict sums) {
    if (sides.group_channels == 1 && sides.group_made == 1) {
        for (size_t c = 0; c < sides.made_channels; c++) sums[c] += x[c] * dy[c];
        return;
    }
    for (size_t i = 0; i < sides.group_channels; i++, sums += sides.made_channels) {
        for (size_t g = 0; g < sides.groups; g++) {
            float factor = x[g * sides.group_channels + i];
            size_t first = g * sides.group_made;
            for (size_t o = first; o < first + sides.group_made; o++) sums[o] += factor * dy[o];
        }
    }
}

CK_CLONES void conv_small_gradient(
    ck_convolution s, const void *source, const void *upstream, float *sums, float *scratch, size_t row,
    size_t row_end) {
    conv_sides sides = conv_sides_of(s, CK_CONVOLVE_FORWARD);
    float *room = scratch, *other = scratch + conv_row(sides.channels);
    size_t matrix = sides.group_channels * sides.made_channels;
    for (size_t i = 0; i < sides.taps * matrix; i++) sums[i] = 0;
    for (size_t r = row; r < row_end; r++) {
        size_t x = r % sides.made_width, y = r / sides.made_width % sides.made_height;
        size_t image = r / sides.made_width / sides.made_height;
        const float *dy = widened(upstream, s.type, r * sides.made_channels, sides.made_channels, other);
        EACH_TAP(false, sides.height, sides.width) {
            size_t place = ((image * sides.height + v) * sides.width + u) * sides.channels;
            add_gradient(sides, widened(source, s.type, place, sides.channels, room), dy, sums + t * matrix);
        }
    }
}
