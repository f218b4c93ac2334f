#include "dispatch.h"
#include "include/CKernels.h"

#include <string.h>

// Values named by their rank, without sorting them. A first table counts the values that share the upper 16 bits of
// their order; where such a key spreads over several bins (at most 255 do), a second table counts by eight bits more.
// Values that share all 24 are a cell, within 2^-15 of each other, and get one name: two lookups find it.

#define KEYS 65536
#define BINS 256

// Bits that are ordered as the numbers are.
CK_INLINE uint32_t order_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((0u - (bits >> 31)) | 0x80000000u);
}

// Where the cell of a number is in the second table: a key of one bin leads to the row of names, any other to its own.
CK_INLINE uint32_t cell_of(float x, const uint32_t *places) {
    uint32_t order = order_of(x), place = places[order >> 16];
    return place + (((order >> 8) & 255u) & (place < BINS ? 0u : 255u));
}

// The bin of the value of this rank.
CK_INLINE uint32_t bin_of(uint64_t rank, uint64_t count) { return (uint32_t)(rank * BINS / count); }

// Turns the counts of keys into places in the second table and keeps the first rank of each row; answers how many.
static size_t place_keys(uint32_t *places, size_t count, uint64_t *starts) {
    uint64_t rank = 0;
    size_t rows = 0;
    for (size_t key = 0; key < KEYS; key++) {
        uint64_t members = places[key];
        if (members == 0) continue;
        uint32_t first = bin_of(rank, count), last = bin_of(rank + members - 1, count);
        if (first != last) starts[rows++] = rank;
        // The first row of the second table holds the names themselves.
        places[key] = first == last ? first : (uint32_t)(BINS * rows);
        rank += members;
    }
    return rows;
}

// Turns the counts of cells into names: the bin of the middle one of a cell's values.
static void name_cells(uint32_t *cells, size_t count, const uint64_t *starts, size_t rows) {
    for (uint32_t bin = 0; bin < BINS; bin++) cells[bin] = bin;
    for (size_t r = 0; r < rows; r++) {
        uint32_t *row = cells + BINS * (r + 1);
        uint64_t rank = starts[r];
        for (size_t i = 0; i < BINS; i++) {
            uint64_t members = row[i];
            if (members == 0) continue;
            row[i] = bin_of(rank + (members - 1) / 2, count);
            rank += members;
        }
    }
}

CK_CLONES static void name_values(const float *restrict x, size_t count, const uint32_t *restrict places,
                                  const uint32_t *restrict cells, uint8_t *restrict names) {
    for (size_t i = 0; i < count; i++) names[i] = (uint8_t)cells[cell_of(x[i], places)];
}

void ck_quantile_name(const float *restrict x, size_t count, uint32_t *restrict tables, uint8_t *restrict names) {
    uint32_t *places = tables, *cells = tables + KEYS;
    uint64_t starts[BINS];
    memset(places, 0, KEYS * sizeof *places);
    for (size_t i = 0; i < count; i++) places[order_of(x[i]) >> 16]++;
    size_t rows = place_keys(places, count, starts);
    memset(cells, 0, BINS * (rows + 1) * sizeof *cells);
    for (size_t i = 0; i < count; i++) cells[cell_of(x[i], places)]++;
    name_cells(cells, count, starts, rows);
    name_values(x, count, places, cells, names);
}
