#ifndef CKERNELS_H
#define CKERNELS_H

// Vector kernels on plain arrays. No function allocates, keeps state or starts threads; every sum has a fixed order.
// Unless a comment says otherwise: arrays are float32, contiguous, may be unaligned, and do not overlap.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Flat buffers (flat.c)

/// x[i] = value.
void ck_fill(float *x, size_t count, float value);
/// y[i] += scale * x[i].
void ck_axpy(float *restrict y, const float *restrict x, size_t count, float scale);
/// x[i] *= scale.
void ck_scale(float *x, size_t count, float scale);
/// y[i] += weight * (x[i] - y[i]).
void ck_lerp(float *restrict y, const float *restrict x, size_t count, float weight);
/// The sum of x[i]^2, accumulated in double over blocks of fixed size.
double ck_squared_norm(const float *x, size_t count);
/// Whether every x[i] is finite.
bool ck_is_finite(const float *x, size_t count);

// MARK: Random numbers (random.c)

/// One block of Philox4x32-10 (Salmon et al. 2011): four words from a 128-bit counter and a 64-bit key.
void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]);
/// Fills `x` with standard normal numbers (Box-Muller over Philox blocks `block`, `block + 1`, ...; 4 numbers a block).
/// `counter` gives words 1..3, word 0 is the block number.
void ck_philox_normal(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]);
/// Fills `x` with uniform numbers in [0, 1), 4 a block.
void ck_philox_uniform(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]);

#endif
