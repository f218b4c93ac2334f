#include "include/ck_optimize.h"
#include "vector.h"

CK_CLONES void ck_adamw(
    ck_adamw_step s, float *restrict parameters, const float *restrict gradients, float *restrict m,
    float *restrict v, size_t count) {
    float inverse_root = 1.0f / sqrtf(s.correction2), step = s.rate / s.correction1;
    for (size_t i = 0; i < count; i++) {
        float g = gradients[i] * s.scale;
        float first = s.beta1 * m[i] + (1.0f - s.beta1) * g;
        float second = s.beta2 * v[i] + (1.0f - s.beta2) * g * g;
        m[i] = first;
        v[i] = second;
        parameters[i] = parameters[i] * s.shrink - step * first / (sqrtf(second) * inverse_root + s.epsilon);
    }
}
