#include "dispatch.h"
#include "include/CKernels.h"

#include <math.h>
#include <string.h>

CK_CLONES void ck_fill(float *x, size_t count, float value) {
    for (size_t i = 0; i < count; i++) x[i] = value;
}

CK_CLONES void ck_axpy(float *restrict y, const float *restrict x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) y[i] += scale * x[i];
}

CK_CLONES void ck_scale(float *x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) x[i] *= scale;
}

CK_CLONES void ck_lerp(float *restrict y, const float *restrict x, size_t count, float weight) {
    for (size_t i = 0; i < count; i++) y[i] += weight * (x[i] - y[i]);
}

CK_CLONES double ck_squared_norm(const float *x, size_t count) {
    double lanes[CK_LANES] = {0};
    size_t i = 0;
    for (; i + CK_LANES <= count; i += CK_LANES) {
        for (size_t l = 0; l < CK_LANES; l++) {
            double v = x[i + l];
            lanes[l] += v * v;
        }
    }
    double sum = 0;
    for (size_t l = 0; l < CK_LANES; l++) sum += lanes[l];
    for (; i < count; i++) sum += (double)x[i] * x[i];
    return sum;
}

CK_CLONES bool ck_is_finite(const float *x, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7f800000u) == 0x7f800000u);
    }
    return bad == 0;
}
