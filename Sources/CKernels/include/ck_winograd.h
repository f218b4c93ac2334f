#ifndef CK_WINOGRAD_H
#define CK_WINOGRAD_H

#include "ck_types.h"

#include <stdbool.h>
#include <stddef.h>

/// A 3 x 3 convolution of stride 1 by Winograd's minimal filtering (Lavin and Gray 2015).
///
/// Images are [batch, height, width, channels], weights [output channels, input channels, 3, 3]. Outputs are made in
/// tiles of `tile` x `tile` pixels, each from a window of side `tile` + 2. With U = G w G^T for every pair of channels
/// and V = B^T d B for every window and input channel, a tile is A^T (sum over input channels of U * V) A, where *
/// multiplies place by place: (tile + 2)^2 products of matrices [tiles, input] x [input, output] take the place of
/// 9 tile^2. The matrices stand in winograd_lines.h.
///
/// Tile 2 interpolates at 0, 1, -1 and infinity; tile 4 at 0, 3/4, -3/4, 3/2, -3/2 and infinity, where rounding errors
/// are smaller than at 0, 1, -1, 2, -2 and infinity. For normal inputs, weights of deviation 1 / sqrt(9 input channels)
/// and up to 512 channels the largest errors that were measured, relative to the largest result, are 1e-6 with
/// tile 2 and 4e-6 with tile 4. A number that is not finite spreads over its tiles.
///
/// Tiles are numbered along rows, then along columns, then along the batch. A result does not depend on how tiles are
/// cut into ranges, except in gradients for weights, where each range is a sum of its own. Weights and scratch may lie
/// anywhere; those that start at a multiple of 64 bytes are read faster.
typedef struct ck_winograd {
    size_t batch, height, width, input_channels;
    size_t output_height, output_width, output_channels;
    /// Rows of zeros above and columns to the left of an image; what lies below and to the right is zero as well.
    size_t top, left;
    /// 2 or 4 pixels.
    size_t tile;
    /// How images and weights are stored. Sums are float32, and a result is rounded once.
    ck_type type, weight_type;
} ck_winograd;

/// The number of tiles.
size_t ck_winograd_tiles(ck_winograd shape);
/// The most tiles that the forward pass works on at once: ranges are best multiples of it.
size_t ck_winograd_block(ck_winograd shape);

/// The number of panels of 32 output channels.
size_t ck_winograd_panels(ck_winograd shape);
/// Floats of all transformed weights: [(tile + 2)^2, panels, input channels, 32].
size_t ck_winograd_weight_count(ck_winograd shape);
/// Transforms the weights of panels [from, to). With `mirrored`, `weights` are those of the convolution whose gradient
/// for the input is wanted, [input channels, output channels, 3, 3] in the channels of `shape`, and each is turned by
/// half a turn. In that shape `top` and `left` are 2 minus those of the convolution.
void ck_winograd_weights(
    ck_winograd shape, const void *restrict weights, bool mirrored, float *restrict transformed, size_t from,
    size_t to);

/// Floats of scratch memory for one call of `ck_winograd_forward`:
/// (tile + 2)^2 * (block + 1) * (input channels + output channels), rounded up, and a few rows.
size_t ck_winograd_scratch(ck_winograd shape);
/// y = convolution(x, weights) + bias for tiles [from, to); without `bias` where it is null.
void ck_winograd_forward(
    ck_winograd shape, const void *restrict x, const float *restrict transformed, const float *restrict bias,
    void *restrict y, float *restrict scratch, size_t from, size_t to);

/// A part of the gradient for the weights: that of input channels [first_channel, last_channel) from tiles [from, to).
typedef struct ck_winograd_part {
    size_t from, to;
    size_t first_channel, last_channel;
} ck_winograd_part;

/// The most tiles that the gradient for the weights works on at once: parts are best no smaller.
size_t ck_winograd_gradient_block(ck_winograd shape);
/// Floats of scratch memory for one call of `ck_winograd_weight_gradient` for so many input channels:
/// (tile + 2)^2 * ((block + 1) * (input channels + output channels) + input channels * output channels), rounded up.
size_t ck_winograd_gradient_scratch(ck_winograd shape, size_t input_channels);
/// Writes a part of the gradient into dw [output channels, input channels, 3, 3] and leaves other input channels alone.
/// Parts of the same channels need arrays of their own, which are then added; tiles of dy are transformed again for
/// every part. Sums are read and written for every block of tiles: with many channels parts are best cut by channels.
void ck_winograd_weight_gradient(
    ck_winograd shape, const void *restrict x, const void *restrict dy, float *restrict dw, float *restrict scratch,
    ck_winograd_part part);

#endif
