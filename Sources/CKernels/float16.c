#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// IEEE 754 binary16 by integer operations, so that every processor makes the same bits.

CK_CLONES void ck_float16_encode(const float *restrict x, size_t count, void *restrict bytes) {
    char *y = bytes;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
        // 65504, the largest number: what is above it would become an infinity.
        magnitude = magnitude < 0x477fe000u ? magnitude : 0x477fe000u;
        // Thirteen bits are rounded away, ties to even, and the exponent's bias goes from 127 to 15.
        uint32_t normal = ((magnitude + 0xfffu + (magnitude >> 13 & 1u)) >> 13) - (112u << 10);
        // Below 2^-14 a half counts in units of 2^-24; adding 2^23 rounds to whole ones.
        float small;
        memcpy(&small, &magnitude, sizeof small);
        small = small * 0x1p24f + 0x1p23f;
        uint32_t units;
        memcpy(&units, &small, sizeof units);
        uint32_t half = magnitude < 0x38800000u ? units - 0x4b000000u : normal;
        uint16_t code = (uint16_t)(sign | half);
        memcpy(y + 2 * i, &code, sizeof code);
    }
}

CK_CLONES void ck_float16_decode(const void *restrict bytes, size_t count, float *restrict y) {
    const char *x = bytes;
    for (size_t i = 0; i < count; i++) {
        uint16_t code;
        memcpy(&code, x + 2 * i, sizeof code);
        uint32_t sign = (uint32_t)(code & 0x8000u) << 16, half = code & 0x7fffu;
        float small = (float)(int32_t)half * 0x1p-24f;
        uint32_t units, normal = (half << 13) + (112u << 23);
        memcpy(&units, &small, sizeof units);
        uint32_t bits = sign | (half < 0x400u ? units : normal);
        memcpy(&y[i], &bits, sizeof bits);
    }
}

CK_CLONES bool ck_float16_is_finite(const void *bytes, size_t count) {
    const char *x = bytes;
    uint16_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t code;
        memcpy(&code, x + 2 * i, sizeof code);
        bad |= (uint16_t)((code & 0x7c00u) == 0x7c00u);
    }
    return bad == 0;
}
