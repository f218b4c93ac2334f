#ifndef CK_OPTIMIZE_H
#define CK_OPTIMIZE_H

#include <stddef.h>

/// The numbers of one step of AdamW; `shrink` multiplies the parameters first (1 - rate * weight decay), `scale` the gradients.
typedef struct ck_adamw_step {
    float rate;
    float beta1;
    float beta2;
    float epsilon;
    float shrink;
    float scale;
    /// 1 - beta1^step and 1 - beta2^step.
    float correction1;
    float correction2;
} ck_adamw_step;

/// One step of AdamW (Loshchilov and Hutter, arXiv:1711.05101) over `count` elements in one pass; m and v are the moments.
void ck_adamw(
    ck_adamw_step step, float *restrict parameters, const float *restrict gradients, float *restrict m,
    float *restrict v, size_t count);

#endif
