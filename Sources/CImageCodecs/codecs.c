#include "codecs.h"

#include <string.h>

static ci_status bounded(const ci_info *info) {
    if (info->width < 1 || info->height < 1) return ci_corrupt;
    if (info->width > CI_MAXIMUM_SIDE || info->height > CI_MAXIMUM_SIDE) return ci_too_large;
    if ((int64_t)info->width * info->height > CI_MAXIMUM_PIXELS) return ci_too_large;
    return ci_ok;
}

static int starts(const uint8_t *bytes, size_t count, size_t offset, const char *text, size_t length) {
    return count >= offset + length && memcmp(bytes + offset, text, length) == 0;
}

ci_status ci_inspect(const uint8_t *bytes, size_t count, ci_info *info) {
    memset(info, 0, sizeof *info);
    ci_status status = ci_unknown_format;
    if (starts(bytes, count, 0, "\x89PNG\r\n\x1a\n", 8)) {
        status = ci_png_inspect(bytes, count, info);
    } else if (starts(bytes, count, 0, "\xff\xd8\xff", 3)) {
        status = ci_jpeg_inspect(bytes, count, info);
    } else if (starts(bytes, count, 0, "RIFF", 4) && starts(bytes, count, 8, "WEBP", 4)) {
        status = ci_webp_inspect(bytes, count, info);
    }
    return status == ci_ok ? bounded(info) : status;
}

ci_status ci_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity) {
    ci_info info;
    ci_status status = ci_inspect(bytes, count, &info);
    if (status != ci_ok) return status;
    if (capacity != (size_t)info.width * (size_t)info.height * (size_t)info.channels) return ci_wrong_capacity;
    switch (info.format) {
    case ci_png: return ci_png_decode(bytes, count, &info, pixels);
    case ci_jpeg: return ci_jpeg_decode(bytes, count, &info, pixels);
    default: return ci_webp_decode(bytes, count, &info, pixels);
    }
}
