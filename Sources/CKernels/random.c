#include "dispatch.h"
#include "include/CKernels.h"

#include <math.h>
#include <string.h>

// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
CK_INLINE void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t r[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    r[0] = c0;
    r[1] = c1;
    r[2] = c2;
    r[3] = c3;
}

void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]) {
    philox(counter, key, result);
}

// 24 random bits in [0, 1): exact in float32.
CK_INLINE float unit(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }

// Two independent normal numbers from two words (Box and Muller 1958); in double, so that every build rounds alike.
CK_INLINE void box_muller(uint32_t a, uint32_t b, float *first, float *second) {
    double u = ((double)a + 1.0) * 0x1p-32;  // (0, 1]
    double angle = 6.283185307179586476925286766559 * ((double)b * 0x1p-32);
    double radius = sqrt(-2.0 * log(u));
    *first = (float)(radius * cos(angle));
    *second = (float)(radius * sin(angle));
}

void ck_philox_normal(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]) {
    uint32_t c[4] = {block, counter[1], counter[2], counter[3]};
    uint32_t r[4];
    for (size_t i = 0; i < count; i += 4, c[0]++) {
        float v[4];
        philox(c, key, r);
        box_muller(r[0], r[1], &v[0], &v[1]);
        box_muller(r[2], r[3], &v[2], &v[3]);
        size_t n = count - i < 4 ? count - i : 4;
        memcpy(x + i, v, n * sizeof(float));
    }
}

void ck_philox_uniform(float *x, size_t count, uint32_t block, const uint32_t counter[4], const uint32_t key[2]) {
    uint32_t c[4] = {block, counter[1], counter[2], counter[3]};
    uint32_t r[4];
    for (size_t i = 0; i < count; i += 4, c[0]++) {
        philox(c, key, r);
        size_t n = count - i < 4 ? count - i : 4;
        for (size_t l = 0; l < n; l++) x[i + l] = unit(r[l]);
    }
}
