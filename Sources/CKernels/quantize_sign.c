#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

CK_INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

CK_INLINE float magnitude_of(float x) {
    uint32_t bits = bits_of(x) & 0x7fffffffu;
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    return magnitude;
}

// In double, so that the sum of equal numbers is exact and their mean is the number itself.
CK_INLINE float mean_magnitude(const float *x, size_t count) {
    double lanes[CK_LANES] = {0};
    size_t i = 0;
    for (; i + CK_LANES <= count; i += CK_LANES) {
        for (size_t l = 0; l < CK_LANES; l++) lanes[l] += magnitude_of(x[i + l]);
    }
    double sum = 0;
    for (size_t l = 0; l < CK_LANES; l++) sum += lanes[l];
    for (; i < count; i++) sum += magnitude_of(x[i]);
    return (float)(sum / (double)count);
}

// Bit j of the result is the lowest bit of byte j.
CK_INLINE uint8_t pack(const uint8_t *flags) {
    uint64_t word = 0;
    for (size_t j = 0; j < 8; j++) word |= (uint64_t)flags[j] << (8 * j);
    return (uint8_t)((word * 0x0102040810204080u) >> 56);
}

CK_CLONES void ck_sign_encode(const float *restrict x, size_t count, size_t block, void *restrict scales,
                              void *restrict bytes) {
    enum { TILE = 64 };
    uint8_t *codes = bytes;
    for (size_t start = 0; start < count; start += block) {
        size_t end = start + block < count ? start + block : count;
        float scale = mean_magnitude(x + start, end - start);
        memcpy((char *)scales + start / block * sizeof scale, &scale, sizeof scale);
        uint8_t mask = scale > 0;
        for (size_t i = start; i < end; i += TILE) {
            uint8_t flags[TILE];
            size_t size = end - i < TILE ? end - i : TILE;
            for (size_t j = 0; j < size; j++) flags[j] = (uint8_t)(x[i + j] < 0) & mask;
            for (size_t j = size; j % 8 != 0; j++) flags[j] = 0;
            for (size_t j = 0; j < size; j += 8) codes[(i + j) / 8] = pack(flags + j);
        }
    }
}

CK_CLONES void ck_sign_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block,
                              float *restrict y) {
    const uint8_t *codes = bytes;
    for (size_t start = 0; start < count; start += block) {
        size_t end = start + block < count ? start + block : count;
        uint32_t scale;
        memcpy(&scale, (const char *)scales + start / block * sizeof scale, sizeof scale);
        size_t i = start;
        for (; i + 8 <= end; i += 8) {
            uint32_t code = codes[i / 8];
            for (unsigned j = 0; j < 8; j++) {
                uint32_t value = scale ^ ((code << (31 - j)) & 0x80000000u);
                memcpy(&y[i + j], &value, sizeof value);
            }
        }
        for (; i < end; i++) {
            uint32_t value = scale ^ (((uint32_t)codes[i / 8] << (31 - i % 8)) & 0x80000000u);
            memcpy(&y[i], &value, sizeof value);
        }
    }
}
