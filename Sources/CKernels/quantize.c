#include "dispatch.h"
#include "include/CKernels.h"

#include <math.h>
#include <string.h>

CK_INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

CK_CLONES bool ck_is_within(const float *x, size_t count, float limit) {
    // Infinities and NaN have larger bit patterns than every finite number of the same sign.
    uint32_t largest = bits_of(limit), bad = 0;
    for (size_t i = 0; i < count; i++) bad |= (uint32_t)((bits_of(x[i]) & 0x7fffffffu) > largest);
    return bad == 0;
}

CK_CLONES void ck_divide(float *x, size_t count, float divisor) {
    for (size_t i = 0; i < count; i++) x[i] /= divisor;
}

CK_CLONES void ck_bfloat16_encode(const float *restrict x, size_t count, uint16_t *restrict y) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = bits_of(x[i]);
        y[i] = (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
}

CK_CLONES void ck_bfloat16_decode(const uint16_t *restrict x, size_t count, float *restrict y) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(&y[i], &bits, sizeof bits);
    }
}

CK_CLONES void ck_int8_encode(const float *restrict x, size_t count, size_t block, float *restrict scales,
                              int8_t *restrict codes) {
    for (size_t start = 0; start < count; start += block) {
        size_t end = start + block < count ? start + block : count;
        uint32_t largest = 0;
        for (size_t i = start; i < end; i++) {
            uint32_t magnitude = bits_of(x[i]) & 0x7fffffffu;
            largest = magnitude > largest ? magnitude : largest;
        }
        float peak;
        memcpy(&peak, &largest, sizeof peak);
        // Below this the reciprocal of the scale would overflow; such a block is sent as zeros.
        float scale = peak < 1e-35f ? 0.0f : peak / 127.0f;
        float inverse = peak < 1e-35f ? 0.0f : 127.0f / peak;
        scales[start / block] = scale;
        for (size_t i = start; i < end; i++) codes[i] = (int8_t)rintf(x[i] * inverse);
    }
}

CK_CLONES void ck_int8_decode(const float *restrict scales, const int8_t *restrict codes, size_t count, size_t block,
                              float *restrict y) {
    for (size_t start = 0; start < count; start += block) {
        size_t end = start + block < count ? start + block : count;
        float scale = scales[start / block];
        for (size_t i = start; i < end; i++) y[i] = scale * (float)codes[i];
    }
}
