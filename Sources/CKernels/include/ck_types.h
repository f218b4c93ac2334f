#ifndef CK_TYPES_H
#define CK_TYPES_H

#include <stddef.h>
#include <stdint.h>

/// How a number is stored. A bfloat16 number is the upper half of a float32 number, two bytes in the processor's order.
typedef enum ck_type { CK_FLOAT32, CK_BFLOAT16 } ck_type;

/// y[i] = x[i], from bfloat16; exact.
void ck_widen(const uint16_t *restrict x, float *restrict y, size_t count);
/// y[i] = the bfloat16 number nearest to x[i], ties to even; beyond the largest an infinity. NaN stays NaN.
void ck_narrow(const float *restrict x, uint16_t *restrict y, size_t count);

#endif
