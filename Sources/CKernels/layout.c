#include "include/ck_layout.h"
#include "transpose.h"

// One run of the innermost axis.
CK_INLINE void run(const float *x, ptrdiff_t sx, float *y, ptrdiff_t sy, size_t count, bool accumulate) {
    if (sx == 1 && sy == 1 && !accumulate) {
        for (size_t i = 0; i < count; i++) y[i] = x[i];
    } else if (sx == 1 && sy == 1) {
        for (size_t i = 0; i < count; i++) y[i] += x[i];
    } else if (sx == 0 && sy == 1 && !accumulate) {
        float value = x[0];
        for (size_t i = 0; i < count; i++) y[i] = value;
    } else if (accumulate) {
        for (size_t i = 0; i < count; i++) y[(ptrdiff_t)i * sy] += x[(ptrdiff_t)i * sx];
    } else {
        for (size_t i = 0; i < count; i++) y[(ptrdiff_t)i * sy] = x[(ptrdiff_t)i * sx];
    }
}

CK_CLONES void ck_copy_strided(ck_strided s, const float *x, float *y, bool accumulate) {
    for (size_t a = 0; a < s.extent[0]; a++) {
        for (size_t b = 0; b < s.extent[1]; b++) {
            const float *xb = x + (ptrdiff_t)a * s.source[0] + (ptrdiff_t)b * s.source[1];
            float *yb = y + (ptrdiff_t)a * s.target[0] + (ptrdiff_t)b * s.target[1];
            for (size_t c = 0; c < s.extent[2]; c++, xb += s.source[2], yb += s.target[2]) {
                run(xb, s.source[3], yb, s.target[3], s.extent[3], accumulate);
            }
        }
    }
}

// A tile at the edge, or one that is added.
CK_INLINE void transpose_part(
    const float *x, size_t stride_x, float *y, size_t stride_y, size_t rows, size_t columns, bool accumulate) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            float value = x[j * stride_x + i];
            y[i * stride_y + j] = accumulate ? y[i * stride_y + j] + value : value;
        }
    }
}

CK_CLONES void ck_transpose(
    const float *restrict x, size_t stride_x, float *restrict y, size_t stride_y, size_t rows, size_t columns,
    bool accumulate) {
    enum { side = 16 };
    for (size_t i = 0; i < rows; i += side) {
        size_t height = rows - i < side ? rows - i : side;
        for (size_t j = 0; j < columns; j += side) {
            size_t width = columns - j < side ? columns - j : side;
            const float *source = x + j * stride_x + i;
            float *target = y + i * stride_y + j;
            if (height == side && width == side && !accumulate) {
                ck_transpose_tile(source, stride_x, target, stride_y);
            } else {
                transpose_part(source, stride_x, target, stride_y, height, width, accumulate);
            }
        }
    }
}

CK_CLONES void ck_gather_rows(
    const float *restrict x, const int64_t *restrict indices, float *restrict y, size_t count, size_t width) {
    for (size_t i = 0; i < count; i++) memcpy(y + i * width, x + (size_t)indices[i] * width, width * sizeof(float));
}

CK_CLONES void ck_scatter_add_rows(
    const float *restrict x, const int64_t *restrict indices, float *restrict y, size_t count, size_t width,
    size_t from, size_t to) {
    for (size_t i = 0; i < count; i++) {
        float *restrict row = y + (size_t)indices[i] * width;
        const float *restrict addend = x + i * width;
        for (size_t j = from; j < to; j++) row[j] += addend[j];
    }
}
