#ifndef CK_CONVOLVE_H
#define CK_CONVOLVE_H

#include "ck_types.h"

#include <stddef.h>

/// A convolution of images [batch, height, width, channels] with weights [output channels, input channels / groups,
/// kernel height, kernel width]: y(oy, ox, o) = bias[o] + sum over (kh, kw, i) of
/// x(oy stride - top + kh, ox stride - left + kw, i) w[o, i, kh, kw], where x is 0 outside of its image.
///
/// Images of outputs may have any size: what lies below and to the right of x is 0 as well. All images are of `type`,
/// weights of `weight_type`; sums, biases and gradients for weights are float32, and a result is rounded once. Results
/// do not depend on how rows and panels are cut into ranges.
typedef struct ck_convolution {
    size_t batch, height, width, input_channels;
    size_t output_height, output_width, output_channels;
    size_t kernel_height, kernel_width, stride;
    /// Rows of zeros above and columns of zeros to the left; below 0 rows and columns of x are left out.
    ptrdiff_t top, left;
    /// Parts into which both channels are cut; each output sees the inputs of its own part only.
    size_t groups;
    ck_type type, weight_type;
} ck_convolution;

/// What is computed by `ck_convolve`.
typedef enum ck_convolve_pass {
    /// y from x.
    CK_CONVOLVE_FORWARD,
    /// dx from dy.
    CK_CONVOLVE_INPUT_GRADIENT,
} ck_convolve_pass;

/// The number of panels of weights; every panel gives some channels of the result.
size_t ck_convolve_panels(ck_convolution shape, ck_convolve_pass pass);
/// Floats of all packed weights.
size_t ck_convolve_weight_count(ck_convolution shape, ck_convolve_pass pass);
/// Packs panels [from, to); different panels may be packed at the same time.
void ck_convolve_pack(
    ck_convolution shape, ck_convolve_pass pass, const void *restrict weights, float *restrict packed, size_t from,
    size_t to);

/// The number of rows that the result is made of: pixels or, with few channels, lines of pixels.
size_t ck_convolve_rows(ck_convolution shape, ck_convolve_pass pass);
/// Rows that are worked on at once: ranges are best multiples of it.
size_t ck_convolve_block(ck_convolution shape, ck_convolve_pass pass);
/// Floats of scratch memory for one call of `ck_convolve`.
size_t ck_convolve_scratch(ck_convolution shape, ck_convolve_pass pass);
/// Rows [row, row_end) of panels [panel, panel_end) of the result y from x, or of the result dx from dy, once all of
/// these panels have been packed. `bias`, one number for each channel of the result, may be null.
void ck_convolve(
    ck_convolution shape, ck_convolve_pass pass, const void *restrict source, const float *restrict packed,
    const float *restrict bias, void *restrict result, float *restrict scratch, size_t row, size_t row_end,
    size_t panel, size_t panel_end);

/// The gradient for the weights is the sum of this many parts, each from some of the pixels; a function of the shape.
size_t ck_convolve_gradient_parts(ck_convolution shape);
/// The number of panels of one part.
size_t ck_convolve_gradient_panels(ck_convolution shape);
/// Floats of one part.
size_t ck_convolve_gradient_count(ck_convolution shape);
/// Floats of scratch memory for one call of `ck_convolve_gradient`.
size_t ck_convolve_gradient_scratch(ck_convolution shape);
/// Panels [panel, panel_end) of one part of the gradient. `sums` is the place of this part.
void ck_convolve_gradient(
    ck_convolution shape, const void *restrict x, const void *restrict dy, float *restrict sums,
    float *restrict scratch, size_t part, size_t panel, size_t panel_end);
/// The gradient dw [output channels, input channels / groups, kernel height, kernel width] for output channels
/// [from, to): the sum of all parts, which lie one after another.
void ck_convolve_gradient_finish(
    ck_convolution shape, const float *restrict sums, float *restrict dw, size_t from, size_t to);

#endif
