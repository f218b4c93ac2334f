#include "positions.h"

#include <math.h>

// The bytes of a chunk: the count in two, the scale in four, positions, and one a value kept.
CK_INLINE size_t chunk_bytes(size_t values, size_t kept) {
    return kept == 0 ? 2 : 6 + (position_bits(values, kept) + 7) / 8 + kept;
}

CK_INLINE size_t count_at(const uint8_t *bytes) { return bytes[0] | (size_t)bytes[1] << 8; }

CK_CLONES static size_t encode_chunk(const float *restrict x, size_t count, uint8_t *restrict bytes) {
    int8_t codes[CHUNK];
    uint16_t indices[CHUNK];
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t magnitude = magnitude_bits(x[i]);
        largest = magnitude > largest ? magnitude : largest;
    }
    float peak = float_of(largest);
    // Below this the reciprocal of the scale would overflow; such a chunk is sent as zeros.
    float scale = peak < 1e-35f ? 0.0f : peak / 127.0f;
    float inverse = peak < 1e-35f ? 0.0f : 127.0f / peak;
    for (size_t i = 0; i < count; i++) codes[i] = (int8_t)rintf(x[i] * inverse);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        indices[kept] = (uint16_t)i;
        kept += codes[i] != 0;
    }
    size_t size = chunk_bytes(count, kept);
    memset(bytes, 0, size);
    bytes[0] = (uint8_t)kept;
    bytes[1] = (uint8_t)(kept >> 8);
    if (kept == 0) return size;
    memcpy(bytes + 2, &scale, sizeof scale);
    write_positions(bytes + 6, 0, count, indices, kept);
    uint8_t *target = bytes + size - kept;
    for (size_t i = 0; i < kept; i++) target[i] = (uint8_t)codes[indices[i]];
    return size;
}

size_t ck_sparse_limit(size_t count) {
    size_t rest = count % CHUNK;
    return count / CHUNK * (6 + CHUNK / 8 + CHUNK) + (rest == 0 ? 0 : 6 + (rest + 7) / 8 + rest);
}

size_t ck_sparse_encode(const float *x, size_t count, void *bytes) {
    size_t used = 0;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        used += encode_chunk(x + start, values, (uint8_t *)bytes + used);
    }
    return used;
}

size_t ck_sparse_size(const void *bytes, size_t size, size_t count) {
    size_t used = 0;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        if (used + 2 > size) return used + 2;
        size_t kept = count_at((const uint8_t *)bytes + used);
        if (kept > values) return size;
        used += chunk_bytes(values, kept);
    }
    return used;
}

// The place of the first byte that is not allowed, or SIZE_MAX.
CK_CLONES static size_t decode_chunk(const uint8_t *restrict bytes, size_t values, float limit, float *restrict y) {
    uint16_t indices[CHUNK];
    size_t kept = count_at(bytes);
    if (kept > values) return 0;
    memset(y, 0, values * sizeof *y);
    if (kept == 0) return SIZE_MAX;
    float scale;
    memcpy(&scale, bytes + 2, sizeof scale);
    if (!(scale > 0 && scale <= limit)) return 2;
    if (!read_positions(bytes + 6, 0, values, indices, kept)) return 6;
    size_t bits = position_bits(values, kept);
    if (!is_padded(bytes + 6, bits)) return 6 + bits / 8;
    size_t codes = 6 + (bits + 7) / 8;
    for (size_t i = 0; i < kept; i++) {
        int8_t code = (int8_t)bytes[codes + i];
        if (code == 0 || code == INT8_MIN) return codes + i;
        y[indices[i]] = scale * (float)code;
    }
    return SIZE_MAX;
}

size_t ck_sparse_decode(const void *bytes, size_t count, float limit, float *y) {
    const uint8_t *chunk = bytes;
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t values = count - start < CHUNK ? count - start : CHUNK;
        size_t bad = decode_chunk(chunk, values, limit, y + start);
        if (bad != SIZE_MAX) return (size_t)(chunk - (const uint8_t *)bytes) + bad;
        chunk += chunk_bytes(values, count_at(chunk));
    }
    return SIZE_MAX;
}
