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

CK_CLONES void ck_bfloat16_encode(const float *restrict x, size_t count, void *restrict bytes) {
    char *y = bytes;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = bits_of(x[i]);
        uint16_t upper = (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
        memcpy(y + 2 * i, &upper, sizeof upper);
    }
}

CK_CLONES void ck_bfloat16_decode(const void *restrict bytes, size_t count, float *restrict y) {
    const char *x = bytes;
    for (size_t i = 0; i < count; i++) {
        uint16_t upper;
        memcpy(&upper, x + 2 * i, sizeof upper);
        uint32_t bits = (uint32_t)upper << 16;
        memcpy(&y[i], &bits, sizeof bits);
    }
}

CK_CLONES void ck_int8_encode(const float *restrict x, size_t count, size_t block, void *restrict scales,
                              void *restrict bytes) {
    int8_t *codes = bytes;
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
        memcpy((char *)scales + start / block * sizeof scale, &scale, sizeof scale);
        for (size_t i = start; i < end; i++) codes[i] = (int8_t)rintf(x[i] * inverse);
    }
}

CK_CLONES void ck_int8_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block,
                              float *restrict y) {
    const int8_t *codes = bytes;
    for (size_t start = 0; start < count; start += block) {
        size_t end = start + block < count ? start + block : count;
        float scale;
        memcpy(&scale, (const char *)scales + start / block * sizeof scale, sizeof scale);
        for (size_t i = start; i < end; i++) y[i] = scale * (float)codes[i];
    }
}
