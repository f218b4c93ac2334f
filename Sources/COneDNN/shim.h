#ifndef CONEDNN_SHIM_H
#define CONEDNN_SHIM_H

#include <dnnl.h>

#endif
