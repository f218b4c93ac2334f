#ifndef CK_VECTOR_H
#define CK_VECTOR_H

// Elementary functions without branches, so that loops over them vectorise; coefficients are minimax fits made for these intervals.

#include "dispatch.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Sixteen numbers; the compiler uses as many registers as the processor needs for them.
typedef float v16 __attribute__((vector_size(64)));
// The same at any address.
typedef float v16u __attribute__((vector_size(64), aligned(4), may_alias));

#define CK_V16(pointer) (*(v16u *)(pointer))
#define CK_CV16(pointer) (*(const v16u *)(pointer))

// Iterations are independent even where the result overwrites an operand.
#define CK_EACH _Pragma("clang loop vectorize(assume_safety) interleave_count(2)")
#define CK_UNROLL _Pragma("clang loop unroll(full)")

CK_INLINE uint32_t ck_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

CK_INLINE float ck_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// exp(x): at most 2 ulp, subnormal results included; NaN stays NaN.
CK_INLINE float ck_expf(float x) {
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
    float shifted = x * 1.44269504f + 12582912.0f;
    float n = shifted - 12582912.0f;
    float r = x - n * 0.693145751953125f;
    r = r - n * 1.42860682e-6f;
    float q = 0x1.6d7c92p-10f;
    q = q * r + 0x1.123992p-7f;
    q = q * r + 0x1.5554bep-5f;
    q = q * r + 0x1.555492p-3f;
    q = q * r + 0.5f;
    float p = (r * r) * q + r + 1.0f;
    // 2^n in two factors, so that neither leaves the range of normal numbers.
    int32_t k = (int32_t)(ck_bits(shifted) - 0x4b400000u);
    int32_t half = k >> 1;
    float s = ck_float((uint32_t)(half + 127) << 23);
    float t = ck_float((uint32_t)(k - half + 127) << 23);
    return p * s * t;
}

// log(x): at most 2 ulp; -inf at 0, NaN below.
CK_INLINE float ck_logf(float x) {
    float scaled = x < 0x1p-126f ? x * 0x1p23f : x;
    float shift = x < 0x1p-126f ? -23.0f : 0.0f;
    uint32_t bits = ck_bits(scaled);
    int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23;
    float f = ck_float(bits - ((uint32_t)e << 23)) - 1.0f;
    float n = (float)e + shift;
    float q = 0.06915612518787384f;
    q = q * f - 0.11789370328187943f;
    q = q * f + 0.11872619390487671f;
    q = q * f - 0.12384402006864548f;
    q = q * f + 0.14218716323375702f;
    q = q * f - 0.16669249534606934f;
    q = q * f + 0.20002223551273346f;
    q = q * f - 0.24999986588954926f;
    q = q * f + 0.3333331048488617f;
    float square = f * f;
    float tail = n * 1.42860682e-6f + (q * f - 0.5f) * square;
    float result = n * 0.693145751953125f + (f + tail);
    result = x == 0.0f ? -INFINITY : result;
    result = x < 0.0f ? NAN : result;
    return x < INFINITY ? result : x;
}

// log(1 + x) for x in [0, 1].
CK_INLINE float ck_log1pf(float x) {
    float u = 1.0f + x;
    return ck_logf(u) + (x - (u - 1.0f)) / u;
}

// 1 / (1 + exp(-x)).
CK_INLINE float ck_sigmoidf(float x) { return 1.0f / (1.0f + ck_expf(-x)); }

// tanh(x): at most 3 ulp.
CK_INLINE float ck_tanhf(float x) {
    float a = fabsf(x);
    float s = a * a;
    float q = 0.0019009894458577037f;
    q = q * s - 0.00789155624806881f;
    q = q * s + 0.021575909107923508f;
    q = q * s - 0.05392228811979294f;
    q = q * s + 0.13333000242710114f;
    q = q * s - 0.33333325386047363f;
    float small = a + (a * s) * q;
    float large = 1.0f - 2.0f / (ck_expf(2.0f * a) + 1.0f);
    return copysignf(a < 0.625f ? small : large, x);
}

// erf(x): at most 3 ulp.
CK_INLINE float ck_erff(float x) {
    float a = fabsf(x);
    float s = a * a;
    float q = 7.806903158780187e-05f;
    q = q * s - 0.0007997853099368513f;
    q = q * s + 0.005187162198126316f;
    q = q * s - 0.026853347197175026f;
    q = q * s + 0.11283578723669052f;
    q = q * s - 0.3761262595653534f;
    q = q * s + 0.12837916612625122f;
    float small = a + a * q;
    // 1 - exp(-a g(a)); beyond 4 the result is 1 in float32.
    float b = a > 4.0f ? 4.0f : a;
    float g = 4.4241928662813734e-06f;
    g = g * b - 3.9269936678465456e-05f;
    g = g * b - 8.202197932405397e-05f;
    g = g * b + 0.0030206243973225355f;
    g = g * b - 0.02282208576798439f;
    g = g * b + 0.10540463030338287f;
    g = g * b + 0.6355512738227844f;
    g = g * b + 1.1285679340362549f;
    float large = 1.0f - ck_expf(-b * g);
    return copysignf(a < 1.0f ? small : large, x);
}

// x / (1 + exp(-x)).
CK_INLINE float ck_siluf(float x) { return x / (1.0f + ck_expf(-x)); }

// The derivative of silu.
CK_INLINE float ck_silu_slope(float x) {
    float s = ck_sigmoidf(x);
    return s * (1.0f + x * (1.0f - s));
}

// x Phi(x), the exact form.
CK_INLINE float ck_gelu_erff(float x) { return 0.5f * x * (1.0f + ck_erff(x * 0.70710678f)); }

// Phi(x) + x phi(x).
CK_INLINE float ck_gelu_erf_slope(float x) {
    float density = 0.39894228f * ck_expf(-0.5f * x * x);
    return 0.5f * (1.0f + ck_erff(x * 0.70710678f)) + x * density;
}

// The tanh form: 0.5 (1 + tanh u) is sigmoid(2 u).
CK_INLINE float ck_gelu_tanhf(float x) {
    float u = 1.5957691f * (x + 0.044715f * x * x * x);
    return x / (1.0f + ck_expf(-u));
}

CK_INLINE float ck_gelu_tanh_slope(float x) {
    float s = ck_sigmoidf(1.5957691f * (x + 0.044715f * x * x * x));
    float slope = 1.5957691f * (1.0f + 0.134145f * x * x);
    return s + x * s * (1.0f - s) * slope;
}

#endif
