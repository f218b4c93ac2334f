#include "half.h"

CK_CLONES void ck_widen(const uint16_t *restrict x, float *restrict y, size_t count) {
    CK_EACH for (size_t i = 0; i < count; i++) y[i] = ck_widened(x[i]);
}

CK_CLONES void ck_narrow(const float *restrict x, uint16_t *restrict y, size_t count) {
    CK_EACH for (size_t i = 0; i < count; i++) y[i] = ck_narrowed(x[i]);
}
