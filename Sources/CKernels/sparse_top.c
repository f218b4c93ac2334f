#include "positions.h"

// The share of `most` of a whole chunk that a chunk of `values` may keep.
static size_t quota(size_t values, size_t most) { return (most * values + CHUNK - 1) / CHUNK; }

// Bits of positions and codes, and bytes of a chunk: its count, two magnitudes, positions, two bits a value kept.
static size_t top_bits(size_t values, size_t kept) { return position_bits(values, kept) + 2 * kept; }
static size_t top_bytes(size_t values, size_t kept) { return kept == 0 ? 1 : 9 + (top_bits(values, kept) + 7) / 8; }

size_t ck_top_limit(size_t count, size_t most) {
    size_t limit = 0, sizes[2] = {CHUNK, count % CHUNK}, numbers[2] = {count / CHUNK, 1};
    for (int s = 0; s < 2; s++) {
        size_t largest = 0, values = sizes[s];
        for (size_t kept = 0; values > 0 && kept <= quota(values, most); kept++) {
            size_t size = top_bytes(values, kept);
            largest = size > largest ? size : largest;
        }
        limit += numbers[s] * largest;
    }
    return limit;
}

// Signed numbers, of which older processors compare whole vectors.
CK_INLINE size_t count_from(const uint32_t *magnitudes, size_t count, uint32_t threshold) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) found += (int32_t)magnitudes[i] >= (int32_t)threshold;
    return found;
}

// The indices of the `most` largest magnitudes that are not 0, of equal ones the first; how many there are.
CK_INLINE size_t select_top(const uint32_t *magnitudes, size_t count, size_t most, uint16_t *indices) {
    uint32_t threshold = 1, all = 0;
    size_t above = count_from(magnitudes, count, 1);
    for (size_t i = 0; i < count; i++) all |= magnitudes[i];
    if (above > most) {
        // The largest number that at least `most` magnitudes reach, bit by bit.
        threshold = 0;
        for (uint32_t bit = 0x40000000u; bit != 0 && above != most; bit >>= 1) {
            if (bit > all) continue;
            size_t found = count_from(magnitudes, count, threshold | bit);
            if (found < most) continue;
            threshold |= bit;
            above = found;
        }
    }
    size_t ties = above <= most ? above : most - count_from(magnitudes, count, threshold + 1);
    bool hasTies = above > most;
    size_t kept = 0;
    enum { STEP = 32 };
    for (size_t start = 0; start < count; start += STEP) {
        size_t end = start + STEP < count ? start + STEP : count;
        if (count_from(magnitudes + start, end - start, threshold) == 0) continue;
        for (size_t i = start; i < end; i++) {
            if (magnitudes[i] < threshold) continue;
            if (hasTies && magnitudes[i] == threshold && ties-- == 0) {
                ties = 0;
                continue;
            }
            indices[kept++] = (uint16_t)i;
        }
    }
    return kept;
}

// Two magnitudes for all: means of the smaller and of the larger ones, apart at first by the mean of all and then by the middle of the two.
static void two_levels(const uint32_t *magnitudes, const uint16_t *indices, size_t kept, float levels[2]) {
    double total = 0, middle;
    for (size_t i = 0; i < kept; i++) total += float_of(magnitudes[indices[i]]);
    middle = total / (double)kept;
    double means[2] = {middle, middle};
    for (int turn = 0; turn < 4; turn++) {
        double sums[2] = {0, 0}, counts[2] = {0, 0};
        for (size_t i = 0; i < kept; i++) {
            double magnitude = float_of(magnitudes[indices[i]]);
            sums[magnitude > middle] += magnitude;
            counts[magnitude > middle] += 1;
        }
        if (counts[0] == 0 || counts[1] == 0) break;
        for (int level = 0; level < 2; level++) means[level] = sums[level] / counts[level];
        middle = (means[0] + means[1]) / 2;
    }
    levels[0] = (float)means[0];
    levels[1] = (float)means[1];
}

CK_CLONES static size_t encode_top(const float *x, size_t count, size_t most, uint8_t *bytes) {
    uint32_t magnitudes[CHUNK];
    uint16_t indices[CK_TOP_MOST];
    float levels[2];
    for (size_t i = 0; i < count; i++) magnitudes[i] = magnitude_bits(x[i]);
    size_t kept = select_top(magnitudes, count, quota(count, most), indices);
    size_t size = top_bytes(count, kept);
    memset(bytes, 0, size);
    bytes[0] = (uint8_t)kept;
    if (kept == 0) return size;
    two_levels(magnitudes, indices, kept, levels);
    memcpy(bytes + 1, levels, sizeof levels);
    double middle = ((double)levels[0] + levels[1]) / 2;
    write_positions(bytes + 9, 0, count, indices, kept);
    size_t codes = position_bits(count, kept);
    for (size_t i = 0; i < kept; i++) {
        unsigned is_large = float_of(magnitudes[indices[i]]) > middle;
        put_bits(bytes + 9, codes + 2 * i, (unsigned)(x[indices[i]] < 0) | is_large << 1, 2);
    }
    return size;
}

size_t ck_top_encode(const float *x, size_t count, size_t most, void *bytes) {
    size_t used = 0;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        used += encode_top(x + start, values, most, (uint8_t *)bytes + used);
    }
    return used;
}

size_t ck_top_size(const void *bytes, size_t size, size_t count, size_t most) {
    size_t used = 0;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        if (used >= size) return used + 1;
        size_t kept = ((const uint8_t *)bytes)[used];
        if (kept > quota(values, most)) return size;
        used += top_bytes(values, kept);
    }
    return used;
}

// The place of the first byte that is not allowed, or SIZE_MAX.
static size_t decode_top(const uint8_t *bytes, size_t values, size_t most, float limit, float *y) {
    uint16_t indices[CK_TOP_MOST];
    size_t kept = bytes[0];
    if (kept > quota(values, most)) return 0;
    memset(y, 0, values * sizeof *y);
    if (kept == 0) return SIZE_MAX;
    float levels[2];
    memcpy(levels, bytes + 1, sizeof levels);
    if (!(levels[0] > 0 && levels[0] <= limit)) return 1;
    if (!(levels[1] >= levels[0] && levels[1] <= limit)) return 5;
    if (!read_positions(bytes + 9, 0, values, indices, kept)) return 9;
    size_t codes = position_bits(values, kept);
    if (!is_padded(bytes + 9, codes + 2 * kept)) return 9 + (codes + 2 * kept) / 8;
    for (size_t i = 0; i < kept; i++) {
        unsigned code = get_bits(bytes + 9, codes + 2 * i, 2);
        float magnitude = levels[code >> 1];
        y[indices[i]] = code & 1 ? -magnitude : magnitude;
    }
    return SIZE_MAX;
}

size_t ck_top_decode(const void *bytes, size_t count, size_t most, float limit, float *y) {
    const uint8_t *chunk = bytes;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        size_t bad = decode_top(chunk, values, most, limit, y + start);
        if (bad != SIZE_MAX) return (size_t)(chunk - (const uint8_t *)bytes) + bad;
        chunk += top_bytes(values, chunk[0]);
    }
    return SIZE_MAX;
}
