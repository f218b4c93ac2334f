#ifndef CKERNELS_H
#define CKERNELS_H

// Vector kernels on plain arrays. No function allocates, keeps state or starts threads; every sum has a fixed order.
// Unless a comment says otherwise: arrays are float32, contiguous, may be unaligned, and do not overlap.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ck_attention.h"
#include "ck_convolve.h"
#include "ck_elementwise.h"
#include "ck_layout.h"
#include "ck_normalize.h"
#include "ck_optimize.h"
#include "ck_product.h"
#include "ck_reduce.h"
#include "ck_startup.h"
#include "ck_types.h"
#include "ck_winograd.h"

// MARK: Flat buffers (flat.c)

/// x[i] = value.
void ck_fill(float *x, size_t count, float value);
/// y[i] += scale * x[i].
void ck_axpy(float *restrict y, const float *restrict x, size_t count, float scale);
/// x[i] *= scale.
void ck_scale(float *x, size_t count, float scale);
/// y[i] += weight * (x[i] - y[i]).
void ck_lerp(float *restrict y, const float *restrict x, size_t count, float weight);
/// y[i] = the sum of groups of sources: each group of `sizes[g]` (at least 1) arrays of `x` is added up from its first array on, then the
/// groups' sums from the first group on. Each array has `count` values; y may be one of them.
void ck_sum_groups(float *y, const float *const *x, const size_t *sizes, size_t groups, size_t count);
/// The sum of x[i]^2, accumulated in double over blocks of fixed size.
double ck_squared_norm(const float *x, size_t count);
/// Whether every x[i] is finite.
bool ck_is_finite(const float *x, size_t count);

// MARK: Means in memory (exchange.c)

/// targets[t][i] = (weights[0] * sources[0][i] + weights[1] * sources[1][i] + ...) / divisor for every t, added in this order, every
/// product and every sum rounded. Sources of weight 0 are not read; 0 takes their place. Targets may be sources, at the same addresses.
/// Answers whether all values that were read are finite.
bool ck_weighted_mean(
    const float *const *sources, const float *weights, size_t source_count, float divisor, float *const *targets,
    size_t target_count, size_t count);

// MARK: Robust means (robust.c)

/// One step of clipping around a center, for `members` arrays x_m of `count` values, one after another in `parts`:
/// center[i] += (sum over m of coefficients[m] * (x_m[i] - center[i])) / members, then squares[m] = the sum over i of
/// (x_m[i] - center[i])^2. Differences are rounded to float32, sums run in double in a fixed order; the bits are the same for every
/// instruction set. Without coefficients the center stays where it is.
void ck_clip_step(
    const float *restrict parts, size_t members, size_t count, const float *restrict coefficients, float *restrict center,
    double *restrict squares);
/// result[i] = (sum over m of coefficients[m] * x_m[i]) / divisor, in double in the order of the members and rounded once.
void ck_scaled_mean(
    const float *restrict parts, size_t members, size_t count, const float *restrict coefficients, double divisor,
    float *restrict result);

// MARK: Thin factors of a matrix (low_rank.c)

/// P = M Q^T for M of rows x columns and Q of rank x columns, row by row; P is rows x rank.
void ck_thin_left(const float *restrict m, size_t rows, size_t columns, const float *restrict q, size_t rank,
                  float *restrict p);
/// Q = P^T M, of the same shapes.
void ck_thin_right(const float *restrict m, size_t rows, size_t columns, const float *restrict p, size_t rank,
                   float *restrict q);
/// M = P Q, of the same shapes.
void ck_thin_product(const float *restrict p, size_t rows, size_t rank, const float *restrict q, size_t columns,
                     float *restrict m);

// MARK: Random numbers (random.c)

/// One block of Philox4x32-10 (Salmon et al. 2011): four words from a 128-bit counter and a 64-bit key.
void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]);
/// Fills `x` with standard normal numbers (Box-Muller over Philox blocks `block`, `block + 1`, ...; 4 numbers a block).
/// `counter` gives words 1..3, word 0 is the block number.
void ck_philox_normal(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]);
/// Fills `x` with uniform numbers in [0, 1), 4 a block.
void ck_philox_uniform(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]);

// MARK: Values on the wire (quantize.c, quantize_ternary.c, codebook.c, quantile.c, float16.c, checksum.c)

/// Whether every |x[i]| is at most `limit`, which is finite and above 0; false for NaN.
bool ck_is_within(const float *x, size_t count, float limit);
/// x[i] /= divisor.
void ck_divide(float *x, size_t count, float divisor);
/// Two bytes for each x[i]: x[i] rounded to the nearest bfloat16, ties to even; x is finite.
void ck_bfloat16_encode(const float *restrict x, size_t count, void *restrict bytes);
/// y[i] = the i-th two bytes, widened from bfloat16.
void ck_bfloat16_decode(const void *restrict bytes, size_t count, float *restrict y);
/// Two bytes for each x[i]: x[i], at most 65504 in magnitude, rounded to the nearest binary16, ties to even; x is finite.
void ck_float16_encode(const float *restrict x, size_t count, void *restrict bytes);
/// y[i] = the i-th two bytes, widened from binary16; none of them is an infinity or no number.
void ck_float16_decode(const void *restrict bytes, size_t count, float *restrict y);
/// Whether none of `count` times two bytes is an infinity or no number in binary16.
bool ck_float16_is_finite(const void *bytes, size_t count);
/// bytes[i] = round(x[i] / scale) in -127...127 with one scale = max |x| / 127 for every `block` values; x is finite.
/// `scales` holds ceil(count / block) float32 numbers; a block whose largest magnitude is below 1e-35 becomes zeros.
void ck_int8_encode(const float *restrict x, size_t count, size_t block, void *restrict scales, void *restrict bytes);
/// y[i] = scales[i / block] * bytes[i].
void ck_int8_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block, float *restrict y);
/// The mean of x and its standard deviation; count is at least 1.
void ck_moments(const float *restrict x, size_t count, double *restrict mean, double *restrict deviation);
/// names[i] = floor((x[i] - low) * scale), at least 0 and at most 255; the product is a number.
void ck_codebook_name(const float *restrict x, size_t count, float low, float scale, uint8_t *restrict names);
/// names[i] = the 256th part of all values, by rank, that x[i] is in; equal values, and values whose upper 24 bits are equal, have the name of
/// the middle one. x is finite, `count` is below 2^32, and `tables` is room for CK_QUANTILE_TABLES numbers.
void ck_quantile_name(const float *restrict x, size_t count, uint32_t *restrict tables, uint8_t *restrict names);
#define CK_QUANTILE_TABLES 131072
/// means[n] = the mean of the x[i] with names[i] = n, 0 where there are none; `means` holds 256 numbers.
void ck_codebook_means(const float *restrict x, const uint8_t *restrict names, size_t count, float *restrict means);
/// y[i] = means[names[i]]; `means` holds 256 float32 numbers at any address.
void ck_codebook_decode(const void *restrict means, const uint8_t *restrict names, size_t count, float *restrict y);
/// Ternary digits, five a byte in ceil(count / 5) bytes: x[i] becomes its block's scale = max |x| with its own sign, with probability
/// |x[i]| / scale rounded up to a multiple of 2^-24, else 0; x is finite. Random numbers are Philox blocks 0, 1, ... of `key`.
/// `scales` holds ceil(count / block) float32 numbers. Denormal numbers need a processor that does not flush them.
void ck_ternary_encode(const float *restrict x, size_t count, size_t block, uint64_t key, void *restrict scales,
                       void *restrict bytes);
/// y[i] = scales[i / block] * (0, 1 or -1), from any bytes.
void ck_ternary_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block,
                       float *restrict y);
/// How many of the ceil(count / 5) bytes precede the first that `ck_ternary_encode` never writes; all if there is none.
size_t ck_ternary_valid(const void *bytes, size_t count);
/// Signs, eight a byte, the first in the lowest bit and 1 for x[i] < 0: x[i] becomes its block's mean magnitude with its own sign.
/// `block` is a multiple of 8, `scales` holds ceil(count / block) float32 numbers; unused bits are 0. A block of one magnitude keeps its values.
void ck_sign_encode(const float *restrict x, size_t count, size_t block, void *restrict scales, void *restrict bytes);
/// y[i] = scales[i / block], negative where the bit is 1.
void ck_sign_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block,
                    float *restrict y);

// MARK: Few values of many (sparse_top.c, sparse_bytes.c, positions.h)

/// The values of a chunk; the last one may have fewer.
#define CK_SPARSE_CHUNK 4096
/// The most values of a chunk that `ck_top_encode` keeps.
#define CK_TOP_MOST 128
/// The most bytes that `ck_top_encode` writes for `count` values; `most` is in 1...CK_TOP_MOST.
size_t ck_top_limit(size_t count, size_t most);
/// Keeps the `most` values of largest magnitude of each chunk (a share of them in the last one, rounded up; of equal ones the first, and none
/// that is 0), as one of two magnitudes with their own sign, and writes a byte with their number, the two magnitudes in float32, their
/// places, and two bits for each: 1 for a negative value, 2 for the larger magnitude. Answers the bytes used. x is finite.
size_t ck_top_encode(const float *x, size_t count, size_t most, void *bytes);
/// The bytes that a payload for `count` values should have by the numbers in it, of which `size` bytes are there.
size_t ck_top_size(const void *bytes, size_t size, size_t count, size_t most);
/// Reads what `ck_top_encode` wrote, from as many bytes as `ck_top_size` says. Magnitudes are above 0 and at most `limit`, the second is not
/// the smaller one, places rise, unused bits are 0; answers where that first fails, or SIZE_MAX.
size_t ck_top_decode(const void *bytes, size_t count, size_t most, float limit, float *y);
/// The most bytes that `ck_sparse_encode` writes for `count` values.
size_t ck_sparse_limit(size_t count);
/// Rounds x[i] to a multiple of its chunk's scale = max |x| / 127 and writes, a chunk, how many are not 0 in two bytes, the scale in float32,
/// their places, and a signed byte for each. Answers the bytes used. x is finite; a chunk below 1e-35 becomes zeros.
size_t ck_sparse_encode(const float *x, size_t count, void *bytes);
/// The bytes that a payload for `count` values should have by the numbers in it, of which `size` bytes are there.
size_t ck_sparse_size(const void *bytes, size_t size, size_t count);
/// Reads what `ck_sparse_encode` wrote, from as many bytes as `ck_sparse_size` says. A scale is above 0 and at most `limit`, places rise,
/// unused bits are 0, no byte is 0 or -128; answers where that first fails, or SIZE_MAX.
size_t ck_sparse_decode(const void *bytes, size_t count, float limit, float *y);
/// The CRC-32C (Castagnoli) of `count` bytes that follow bytes whose checksum is `start`; 0 at the beginning.
uint32_t ck_crc32c(uint32_t start, const void *bytes, size_t count);
/// The same without instructions of the processor: the reference.
uint32_t ck_crc32c_plain(uint32_t start, const void *bytes, size_t count);

#endif
