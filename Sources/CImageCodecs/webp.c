#include "codecs.h"

#include <stdlib.h>

#include <webp/decode.h>

static ci_status answer(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OK: return ci_ok;
    case VP8_STATUS_OUT_OF_MEMORY: return ci_out_of_memory;
    case VP8_STATUS_UNSUPPORTED_FEATURE: return ci_unsupported;
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return ci_truncated;
    default: return ci_corrupt;
    }
}

ci_status ci_webp_inspect(const uint8_t *bytes, size_t count, ci_info *info) {
    WebPBitstreamFeatures features;
    ci_status status = answer(WebPGetFeatures(bytes, count, &features));
    if (status != ci_ok) return status;
    if (features.has_animation) return ci_unsupported;
    info->format = ci_webp;
    info->width = features.width;
    info->height = features.height;
    info->channels = 3;
    return ci_ok;
}

/* Four channels to three, on white; rounded to the nearest level. */
static void lay_on_white(const uint8_t *rgba, size_t pixels, uint8_t *rgb) {
    for (size_t i = 0; i < pixels; i++) {
        unsigned alpha = rgba[4 * i + 3];
        for (size_t c = 0; c < 3; c++) {
            rgb[3 * i + c] = (uint8_t)((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
    }
}

static ci_status decode_into(
    const uint8_t *bytes, size_t count, WEBP_CSP_MODE mode, uint8_t *memory, size_t capacity, int stride) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return ci_unsupported;
    config.output.colorspace = mode;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = memory;
    config.output.u.RGBA.stride = stride;
    config.output.u.RGBA.size = capacity;
    ci_status status = answer(WebPDecode(bytes, count, &config));
    WebPFreeDecBuffer(&config.output);
    return status;
}

ci_status ci_webp_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels) {
    WebPBitstreamFeatures features;
    ci_status status = answer(WebPGetFeatures(bytes, count, &features));
    if (status != ci_ok) return status;
    size_t area = (size_t)info->width * (size_t)info->height;
    if (!features.has_alpha) return decode_into(bytes, count, MODE_RGB, pixels, 3 * area, 3 * info->width);
    uint8_t *rgba = malloc(4 * area);
    if (rgba == NULL) return ci_out_of_memory;
    status = decode_into(bytes, count, MODE_RGBA, rgba, 4 * area, 4 * info->width);
    if (status == ci_ok) lay_on_white(rgba, area, pixels);
    free(rgba);
    return status;
}
