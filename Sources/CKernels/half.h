#ifndef CK_HALF_H
#define CK_HALF_H

// Numbers in bfloat16, the upper half of a float32 number. They are widened to be computed with and rounded to the
// nearest, ties to even, to be stored. Integer operations do both, so that every processor makes the same bits.

#include "include/ck_types.h"
#include "vector.h"

// Sixteen numbers.
typedef uint16_t v16h __attribute__((vector_size(32)));
// The same at any address.
typedef uint16_t v16hu __attribute__((vector_size(32), aligned(2), may_alias));
// The bits of sixteen wide numbers.
typedef uint32_t v16b __attribute__((vector_size(64)));

#define CK_V16H(pointer) (*(v16hu *)(pointer))
#define CK_CV16H(pointer) (*(const v16hu *)(pointer))

CK_INLINE size_t ck_size(ck_type type) { return type == CK_BFLOAT16 ? sizeof(uint16_t) : sizeof(float); }

// The address of x[index].
CK_INLINE const void *ck_at(const void *x, ck_type type, size_t index) {
    return (const char *)x + index * ck_size(type);
}
CK_INLINE void *ck_place(void *x, ck_type type, size_t index) { return (char *)x + index * ck_size(type); }

CK_INLINE float ck_widened(uint16_t x) { return ck_float((uint32_t)x << 16); }

// The bits of x rounded to bfloat16, in the upper half; the lower half is of no use.
#define CK_ROUNDED_BITS(bits) ((bits) + 0x7fffu + (((bits) >> 16) & 1u))

CK_INLINE uint16_t ck_narrowed(float x) {
    uint32_t bits = ck_bits(x);
    // A NaN is made quiet, because rounding could carry it into an infinity or zero.
    uint32_t rounded = (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : CK_ROUNDED_BITS(bits);
    return (uint16_t)(rounded >> 16);
}

// Vectors are passed by pointers: a function that takes one by value has another interface in every clone.

CK_INLINE void ck_widen_vector(const v16h *x, v16 *y) { *y = (v16)(__builtin_convertvector(*x, v16b) << 16); }

// The bits of x rounded to bfloat16, in the upper halves; the lower halves are of no use.
CK_INLINE void ck_round_vector(const v16 *x, v16b *y) {
    v16b bits = (v16b)*x, nan = (v16b)((bits & 0x7fffffffu) > 0x7f800000u);
    *y = (nan & (bits | 0x400000u)) | (~nan & CK_ROUNDED_BITS(bits));
}

CK_INLINE void ck_narrow_vector(const v16 *x, v16h *y) {
    v16b rounded;
    ck_round_vector(x, &rounded);
    *y = __builtin_convertvector(rounded >> 16, v16h);
}

// Sixteen numbers of either type.
CK_INLINE void ck_load(const void *x, ck_type type, v16 *y) {
    if (type == CK_BFLOAT16) {
        v16h half = CK_CV16H(x);
        ck_widen_vector(&half, y);
    } else {
        *y = CK_CV16(x);
    }
}

CK_INLINE void ck_store(const v16 *x, void *y, ck_type type) {
    if (type == CK_BFLOAT16) {
        v16h half;
        ck_narrow_vector(x, &half);
        CK_V16H(y) = half;
    } else {
        CK_V16(y) = *x;
    }
}

// One number of either type.
CK_INLINE float ck_read(const void *x, ck_type type, size_t index) {
    return type == CK_BFLOAT16 ? ck_widened(((const uint16_t *)x)[index]) : ((const float *)x)[index];
}

CK_INLINE void ck_write(float value, void *y, ck_type type, size_t index) {
    if (type == CK_BFLOAT16) {
        ((uint16_t *)y)[index] = ck_narrowed(value);
    } else {
        ((float *)y)[index] = value;
    }
}

// Fewer than 64 bytes, without a call.
CK_INLINE void ck_copy_part(const void *x, void *y, size_t bytes) {
    const char *from = x;
    char *to = y;
    CK_UNROLL for (size_t part = 32; part > 0; part /= 2) {
        if (!(bytes & part)) continue;
        memcpy(to, from, part);
        to += part;
        from += part;
    }
}

// Up to sixteen numbers of either type; those that are missing are 0.
CK_INLINE void ck_load_part(const void *x, ck_type type, size_t count, v16 *y) {
    if (count >= 16) {
        ck_load(x, type, y);
    } else {
        v16 room = {0};
        ck_copy_part(x, &room, count * ck_size(type));
        ck_load(&room, type, y);
    }
}

CK_INLINE void ck_store_part(const v16 *x, void *y, ck_type type, size_t count) {
    if (count >= 16) {
        ck_store(x, y, type);
    } else {
        v16 room;
        ck_store(x, &room, type);
        ck_copy_part(&room, y, count * ck_size(type));
    }
}

#endif
