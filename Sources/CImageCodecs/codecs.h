#ifndef CODECS_H
#define CODECS_H

#include "CImageCodecs.h"

/* Each codec: the header alone, then the pixels of an image whose header was accepted. */
ci_status ci_png_inspect(const uint8_t *bytes, size_t count, ci_info *info);
ci_status ci_png_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels);
ci_status ci_jpeg_inspect(const uint8_t *bytes, size_t count, ci_info *info);
ci_status ci_jpeg_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels);
ci_status ci_webp_inspect(const uint8_t *bytes, size_t count, ci_info *info);
ci_status ci_webp_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels);

#endif
