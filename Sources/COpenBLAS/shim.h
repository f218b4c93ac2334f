#ifndef COPENBLAS_SHIM_H
#define COPENBLAS_SHIM_H

#include <cblas.h>

/// Eigenvalues (rising, in `w`) and, for `jobz` "V", eigenvectors (in `a`) of a symmetric matrix stored by columns (LAPACK).
void dsyev_(
    const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
    const int *lwork, int *info);

/// Singular value decomposition by divide and conquer of a matrix stored by columns (LAPACK).
void dgesdd_(
    const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu,
    double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);

#endif
