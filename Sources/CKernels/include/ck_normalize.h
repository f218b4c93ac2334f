#ifndef CK_NORMALIZE_H
#define CK_NORMALIZE_H

#include "ck_types.h"

#include <stdbool.h>
#include <stddef.h>

/// One image of a group norm: [positions, channels] of which `groups` groups of `width` neighbouring channels are used; `stride` elements
/// lie between positions.
typedef struct ck_group_norm {
    size_t positions;
    size_t stride;
    size_t groups;
    size_t width;
    float epsilon;
    /// The result passes through SiLU.
    bool silu;
    /// The forward pass finds the statistics instead of computing them.
    bool known;
} ck_group_norm;

/// The images x, y, dy and dx hold numbers of one type, everything else is float32.
/// y = act((x - mean) * inverse deviation * scale + shift) over positions and the channels of each group, biased variance.
/// `scale` and `shift` are [groups * width] or null; `statistics` receives [groups, 2] mean and inverse deviation; `scratch` holds
/// 2 * groups * width numbers.
void ck_group_norm_forward(
    ck_group_norm shape, ck_type type, const void *restrict x, const float *scale, const float *shift,
    void *restrict y, float *restrict statistics, float *restrict scratch);
/// Gradients of the above. `sums` receives [2, groups * width]: the gradients of scale and shift of this image; `scratch` holds
/// 5 * groups * width numbers.
void ck_group_norm_backward(
    ck_group_norm shape, ck_type type, const void *restrict x, const float *scale, const float *shift,
    const float *restrict statistics, const void *restrict dy, void *restrict dx, float *restrict sums,
    float *restrict scratch);

/// y = (x - mean) * inverse deviation * scale + shift for each row; `centered` false is RMS norm with mean 0.
/// `scale` and `shift` are [columns] or null; `statistics` receives [rows, 2].
void ck_layer_norm_forward(
    const float *restrict x, const float *scale, const float *shift, float *restrict y, float *restrict statistics,
    size_t rows, size_t columns, float epsilon, bool centered);
/// Gradients of the above; `sums` is null or receives [2, columns]: the gradients of scale and shift summed over these rows.
void ck_layer_norm_backward(
    const float *restrict x, const float *scale, const float *restrict statistics, const float *restrict dy,
    float *restrict dx, float *restrict sums, size_t rows, size_t columns, bool centered);

#endif
