#ifndef CK_POSITIONS_H
#define CK_POSITIONS_H

#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// Values that are mostly zero, in chunks: how many are not, where they stand, and what they are. Where they stand is written in the
// shorter of two forms: a bit for each value, or, for few, what Elias and Fano describe: the lower bits of each index, then for every
// value of the upper bits a bit 1 for each index that has it, and a bit 0 to go on to the next. Bits fill bytes from the lowest.
enum { CHUNK = CK_SPARSE_CHUNK };

CK_INLINE uint32_t magnitude_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7fffffffu;
}

CK_INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

CK_INLINE void put_bits(uint8_t *bytes, size_t at, unsigned value, unsigned width) {
    for (unsigned done = 0; done < width;) {
        unsigned shift = (unsigned)((at + done) % 8);
        bytes[(at + done) / 8] |= (uint8_t)((value >> done) << shift);
        done += 8 - shift;
    }
}

CK_INLINE unsigned get_bits(const uint8_t *bytes, size_t at, unsigned width) {
    unsigned value = 0;
    for (unsigned done = 0; done < width;) {
        unsigned shift = (unsigned)((at + done) % 8);
        value |= (unsigned)(bytes[(at + done) / 8] >> shift) << done;
        done += 8 - shift;
    }
    return value & ((1u << width) - 1);
}

// How many lower bits of an index stand apart from its upper ones.
CK_INLINE unsigned low_width(size_t values, size_t kept) {
    unsigned width = 0;
    while ((kept << (width + 1)) <= values) width++;
    return width;
}

// The bits that say where `kept` of `values` numbers stand.
CK_INLINE size_t position_bits(size_t values, size_t kept) {
    if (kept == 0) return 0;
    unsigned width = low_width(values, kept);
    size_t listed = kept * (width + 1) + ((values - 1) >> width);
    return listed < values ? listed : values;
}

CK_INLINE void write_positions(uint8_t *bytes, size_t at, size_t values, const uint16_t *indices, size_t kept) {
    unsigned width = low_width(values, kept);
    if (position_bits(values, kept) == values) {
        for (size_t i = 0; i < kept; i++) bytes[(at + indices[i]) / 8] |= (uint8_t)(1u << (at + indices[i]) % 8);
        return;
    }
    size_t upper = at + kept * width;
    for (size_t i = 0; i < kept; i++) {
        put_bits(bytes, at + i * width, indices[i] & ((1u << width) - 1), width);
        put_bits(bytes, upper + (indices[i] >> width) + i, 1, 1);
    }
}

// Whether the bits name `kept` rising places among `values`.
CK_INLINE bool read_positions(const uint8_t *bytes, size_t at, size_t values, uint16_t *indices, size_t kept) {
    unsigned width = low_width(values, kept);
    bool is_map = position_bits(values, kept) == values;
    size_t first = is_map ? at : at + kept * width;
    size_t length = is_map ? values : kept + ((values - 1) >> width);
    size_t found = 0, next = 0;
    for (size_t bit = 0; bit < length; bit++) {
        if ((bytes[(first + bit) / 8] >> (first + bit) % 8 & 1) == 0) continue;
        if (found == kept) return false;
        size_t index = is_map ? bit : (bit - found) << width | get_bits(bytes, at + found * width, width);
        if (index < next || index >= values) return false;
        indices[found++] = (uint16_t)index;
        next = index + 1;
    }
    return found == kept;
}

// Whether the bits from `at` to the end of their byte are 0.
CK_INLINE bool is_padded(const uint8_t *bytes, size_t at) { return at % 8 == 0 || bytes[at / 8] >> at % 8 == 0; }

#endif
