#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// Values named by one byte each, which stands for the mean of the values with the same byte.

CK_CLONES void ck_moments(const float *restrict x, size_t count, double *restrict mean, double *restrict deviation) {
    // Lanes fix the order of the sums on every processor; squares around the mean keep what a sum of squares would lose.
    double lanes[CK_LANES] = {0}, squares[CK_LANES] = {0};
    for (size_t i = 0; i < count; i++) lanes[i % CK_LANES] += (double)x[i];
    double sum = 0;
    for (size_t l = 0; l < CK_LANES; l++) sum += lanes[l];
    double center = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)x[i] - center, square = difference * difference;
        squares[i % CK_LANES] += square;
    }
    double total = 0;
    for (size_t l = 0; l < CK_LANES; l++) total += squares[l];
    *mean = center;
    *deviation = __builtin_sqrt(total / (double)count);
}

CK_CLONES void ck_codebook_name(const float *restrict x, size_t count, float low, float scale, uint8_t *restrict names) {
    for (size_t i = 0; i < count; i++) {
        float place = (x[i] - low) * scale;
        place = place > 0.0f ? place : 0.0f;
        names[i] = (uint8_t)(int32_t)(place < 255.0f ? place : 255.0f);
    }
}

void ck_codebook_means(const float *restrict x, const uint8_t *restrict names, size_t count, float *restrict means) {
    // Two sets of sums, because neighbours often have the same name and would wait for each other.
    double sums[2][256] = {{0}};
    uint32_t counts[2][256] = {{0}};
    for (size_t i = 0; i < count; i++) {
        sums[i % 2][names[i]] += (double)x[i];
        counts[i % 2][names[i]]++;
    }
    for (size_t n = 0; n < 256; n++) {
        uint32_t members = counts[0][n] + counts[1][n];
        means[n] = members ? (float)((sums[0][n] + sums[1][n]) / (double)members) : 0.0f;
    }
}

void ck_codebook_decode(const void *restrict means, const uint8_t *restrict names, size_t count, float *restrict y) {
    float book[256];
    memcpy(book, means, sizeof book);
    for (size_t i = 0; i < count; i++) y[i] = book[names[i]];
}
