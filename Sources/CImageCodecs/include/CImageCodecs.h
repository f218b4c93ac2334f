#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

/*
 PNG, JPEG and WebP bytes to 8-bit pixels, and pixels to PNG bytes.

 Bytes may come from anywhere. The size of an image is read by ci_inspect, from its header alone, so that the caller
 judges it before a pixel is stored; ci_decode writes only into memory of the caller. No error leaves these functions
 but by their result: every setjmp is inside. Pixels are row-major, channels last, without padding. Transparent images
 are laid on white. All functions may be called from any thread.
*/

/* An image may not be wider or higher than this. */
#define CI_MAXIMUM_SIDE 16384

/* An image may not have more pixels than this, 2^26. */
#define CI_MAXIMUM_PIXELS (1 << 26)

/* What a function answers. */
typedef enum ci_status {
    ci_ok = 0,
    ci_unknown_format = 1,    /* the first bytes belong to no format known here */
    ci_truncated = 2,         /* the bytes end before the image does */
    ci_corrupt = 3,           /* the bytes contradict the format or themselves */
    ci_too_large = 4,         /* a side or the number of pixels is above its maximum */
    ci_unsupported = 5,       /* a variant that is not read: CMYK, animation */
    ci_wrong_capacity = 6,    /* the caller's memory does not fit */
    ci_out_of_memory = 7
} ci_status;

/* The formats told apart by their first bytes. */
typedef enum ci_format { ci_png = 1, ci_jpeg = 2, ci_webp = 3 } ci_format;

/* What the header of an image says. */
typedef struct ci_info {
    int32_t format;      /* a ci_format */
    int32_t width;       /* pixels, 1...CI_MAXIMUM_SIDE */
    int32_t height;      /* pixels, 1...CI_MAXIMUM_SIDE */
    int32_t channels;    /* what ci_decode writes: 1 grey, 3 red, green, blue */
} ci_info;

/* Reads the header of `count` bytes. */
ci_status ci_inspect(const uint8_t *bytes, size_t count, ci_info *info);

/* Decodes into `pixels`, [height, width, channels] of ci_inspect; `capacity` must be exactly that many bytes. */
ci_status ci_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity);

/* The most bytes that ci_encode_png writes for an image. */
size_t ci_png_bound(int32_t width, int32_t height, int32_t channels);

/* Encodes [height, width, channels] pixels, 1 or 3 channels, as PNG; `written` of `capacity` bytes are used. */
ci_status ci_encode_png(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, uint8_t *bytes, size_t capacity,
    size_t *written);

#endif
