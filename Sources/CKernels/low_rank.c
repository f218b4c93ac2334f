#include "include/CKernels.h"
#include "lanes.h"

// The thin side of a product is so small that these are bound by reading the matrix, once each.

CK_CLONES void ck_thin_left(const float *restrict m, size_t rows, size_t columns, const float *restrict q, size_t rank,
                            float *restrict p) {
    for (size_t i = 0; i < rows; i++, m += columns, p += rank) {
        for (size_t k = 0; k < rank; k++) {
            const float *row = q + k * columns;
#define VECTOR_PRODUCT(at) (CK_CV16(m + (at)) * CK_CV16(row + (at)))
#define SCALAR_PRODUCT(at) (m[at] * row[at])
            CK_ROW_SUM(p[k], columns, VECTOR_PRODUCT, SCALAR_PRODUCT);
        }
    }
}

CK_CLONES void ck_thin_right(const float *restrict m, size_t rows, size_t columns, const float *restrict p, size_t rank,
                             float *restrict q) {
    memset(q, 0, rank * columns * sizeof *q);
    for (size_t i = 0; i < rows; i++, m += columns, p += rank) {
        for (size_t k = 0; k < rank; k++) {
            float *row = q + k * columns;
            for (size_t j = 0; j < columns; j++) row[j] += p[k] * m[j];
        }
    }
}

CK_CLONES void ck_thin_product(const float *restrict p, size_t rows, size_t rank, const float *restrict q,
                               size_t columns, float *restrict m) {
    memset(m, 0, rows * columns * sizeof *m);
    for (size_t i = 0; i < rows; i++, m += columns, p += rank) {
        for (size_t k = 0; k < rank; k++) {
            const float *row = q + k * columns;
            for (size_t j = 0; j < columns; j++) m[j] += p[k] * row[j];
        }
    }
}
