#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// Five digits 0, 1, 2 (for 0, +1, -1) a byte: 3^5 = 243 codes. Values are taken in chunks; with `rows` bytes in a chunk, byte j holds the
// values j, j + rows, ..., j + 4 rows, the first as the lowest digit, so that whole vectors of digits become whole vectors of bytes.
enum { DIGITS = 5, CODES = 243, ROWS = 256, CHUNK = DIGITS * ROWS, WORDS = CHUNK / 4 };

// Word w of the Philox4x32-10 block 320 c + l is for value 320 w + l of chunk c. As in random.c, with many blocks side by side: the upper
// halves of the counters' words hold what is left of products and are never read.
CK_INLINE void random_words(uint64_t chunk, uint64_t key, uint32_t *restrict words) {
    for (uint64_t l = 0; l < WORDS; l++) {
        uint64_t block = chunk * WORDS + l;
        uint64_t c0 = block, c1 = block >> 32, c2 = 0, c3 = 0;
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * (uint32_t)c0;
            uint64_t p1 = (uint64_t)0xCD9E8D57u * (uint32_t)c2;
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c1 = p1;
            c3 = p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[l] = (uint32_t)c0;
        words[l + WORDS] = (uint32_t)c1;
        words[l + 2 * WORDS] = (uint32_t)c2;
        words[l + 3 * WORDS] = (uint32_t)c3;
    }
}

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

CK_INLINE float peak_of(const float *x, size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = bits_of(x[i]) & 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    float peak;
    memcpy(&peak, &largest, sizeof peak);
    return peak;
}

// A digit is not 0 with probability |x| / scale. The division, unlike a reciprocal, holds for every scale and gives 1 exactly for the peak;
// with a scale of 0 it gives NaN, which is above no number.
CK_INLINE void draw(const float *restrict x, const uint32_t *restrict words, size_t count, float scale,
                    uint8_t *restrict digits) {
    for (size_t i = 0; i < count; i++) {
        float uniform = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
        uint32_t digit = 1 + (bits_of(x[i]) >> 31);
        digits[i] = uniform < magnitude_of(x[i]) / scale ? (uint8_t)digit : 0;
    }
}

CK_INLINE size_t rows_of(size_t values) { return values < CHUNK ? (values + DIGITS - 1) / DIGITS : ROWS; }

CK_CLONES void ck_ternary_encode(const float *restrict x, size_t count, size_t block, uint64_t key,
                                 void *restrict scales, void *restrict bytes) {
    uint32_t words[CHUNK];
    uint8_t digits[CHUNK];
    uint8_t *codes = bytes;
    float scale = 0;
    for (size_t start = 0; start < count; start += CHUNK, codes += ROWS) {
        size_t size = count - start < CHUNK ? count - start : CHUNK;
        size_t rows = rows_of(size);
        random_words(start / CHUNK, key, words);
        for (size_t i = start; i < start + size;) {
            size_t end = (i / block + 1) * block;
            if (i % block == 0) {
                scale = peak_of(x + i, end < count ? block : count - i);
                memcpy((char *)scales + i / block * sizeof scale, &scale, sizeof scale);
            }
            if (end > start + size) end = start + size;
            draw(x + i, words + (i - start), end - i, scale, digits + (i - start));
            i = end;
        }
        for (size_t i = size; i < DIGITS * rows; i++) digits[i] = 0;
        for (size_t j = 0; j < rows; j++) {
            const uint8_t *d = digits + j;
            codes[j] = (uint8_t)(d[0] + 3 * d[rows] + 9 * d[2 * rows] + 27 * d[3 * rows] + 81 * d[4 * rows]);
        }
    }
}

CK_CLONES void ck_ternary_decode(const void *restrict scales, const void *restrict bytes, size_t count, size_t block,
                                 float *restrict y) {
    uint8_t digits[CHUNK];
    const uint8_t *codes = bytes;
    for (size_t start = 0; start < count; start += CHUNK, codes += ROWS) {
        size_t size = count - start < CHUNK ? count - start : CHUNK;
        size_t rows = rows_of(size);
        for (size_t j = 0; j < rows; j++) {
            unsigned code = codes[j];
            for (size_t k = 0; k < DIGITS; k++) {
                // 171 / 512 is 1/3 closely enough for all numbers below 256.
                unsigned rest = code * 171 >> 9;
                digits[j + k * rows] = (uint8_t)(code - 3 * rest);
                code = rest;
            }
        }
        for (size_t i = start; i < start + size;) {
            size_t end = (i / block + 1) * block;
            if (end > start + size) end = start + size;
            float scale;
            memcpy(&scale, (const char *)scales + i / block * sizeof scale, sizeof scale);
            for (; i < end; i++) {
                int digit = digits[i - start];
                y[i] = scale * (float)((digit & 1) - (digit >> 1));
            }
        }
    }
}

CK_CLONES size_t ck_ternary_valid(const void *bytes, size_t count) {
    const uint8_t *codes = bytes;
    size_t before = count / CHUNK * CHUNK, rows = rows_of(count - before);
    size_t size = before / DIGITS + rows;
    uint32_t bad = 0;
    for (size_t j = 0; j < size; j++) bad |= (uint32_t)(codes[j] >= CODES);
    size_t valid = size;
    if (bad) {
        for (valid = 0; codes[valid] < CODES;) valid++;
    }
    // Digits behind the last value are 0.
    static const uint8_t powers[DIGITS] = {1, 3, 9, 27, 81};
    for (size_t i = count - before; i < DIGITS * rows; i++) {
        size_t j = before / DIGITS + i % rows;
        if (j < valid && codes[j] / powers[i / rows] % 3 != 0) valid = j;
    }
    return valid;
}
