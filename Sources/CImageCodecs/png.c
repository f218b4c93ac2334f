#include "codecs.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

/* Metadata larger than this is refused; pixels are not metadata. */
#define MAXIMUM_CHUNK (8 << 20)

typedef struct source {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    ci_status status;
} source;

typedef struct sink {
    uint8_t *bytes;
    size_t capacity;
    size_t count;
} sink;

static void read_bytes(png_structp png, png_bytep out, png_size_t count) {
    source *from = png_get_io_ptr(png);
    if (count > from->count - from->position) {
        from->status = ci_truncated;
        png_error(png, "truncated");
    }
    memcpy(out, from->bytes + from->position, count);
    from->position += count;
}

static void write_bytes(png_structp png, png_bytep bytes, png_size_t count) {
    sink *to = png_get_io_ptr(png);
    if (count > to->capacity - to->count) png_error(png, "full");
    memcpy(to->bytes + to->count, bytes, count);
    to->count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

static void fail(png_structp png, png_const_charp text) {
    (void)text;
    png_longjmp(png, 1);
}

/* More data than the header's size holds is only a warning to libpng; here the header has lied. */
static void warn(png_structp png, png_const_charp text) {
    source *from = png_get_error_ptr(png);
    if (from != NULL && (strstr(text, "Too much image data") || strstr(text, "Extra compressed data"))) {
        from->status = ci_corrupt;
    }
}

static png_structp reader(source *from) {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, from, fail, warn);
    if (png == NULL) return NULL;
    png_set_read_fn(png, from, read_bytes);
    png_set_user_limits(png, CI_MAXIMUM_SIDE, CI_MAXIMUM_SIDE);
    png_set_chunk_malloc_max(png, MAXIMUM_CHUNK);
    return png;
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The header chunk has a fixed place: length, "IHDR", width, height, depth, colour. */
ci_status ci_png_inspect(const uint8_t *bytes, size_t count, ci_info *info) {
    if (count < 33) return ci_truncated;
    if (memcmp(bytes + 8, "\0\0\0\x0dIHDR", 8) != 0) return ci_corrupt;
    uint32_t width = big_endian(bytes + 16);
    uint32_t height = big_endian(bytes + 20);
    if (width > CI_MAXIMUM_SIDE || height > CI_MAXIMUM_SIDE) return ci_too_large;
    int colour = bytes[25];
    info->format = ci_png;
    info->width = (int32_t)width;
    info->height = (int32_t)height;
    info->channels = colour == PNG_COLOR_TYPE_GRAY || colour == PNG_COLOR_TYPE_GRAY_ALPHA ? 1 : 3;
    return ci_ok;
}

static void set_transformations(png_structp png) {
    png_color_16 white = {0, 255, 255, 255, 255};
    png_set_expand(png);
    png_set_scale_16(png);
    /* Equal gammas of 1: the stored values are blended as they are, whatever the file says of its gamma. */
    png_set_gamma_fixed(png, PNG_FP_1, PNG_FP_1);
    png_set_background_fixed(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 0);
}

ci_status ci_png_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels) {
    source from = {bytes, count, 0, ci_ok};
    size_t stride = (size_t)info->width * (size_t)info->channels;
    png_structp png = reader(&from);
    if (png == NULL) return ci_out_of_memory;
    png_infop header = png_create_info_struct(png);
    if (header == NULL) {
        png_destroy_read_struct(&png, NULL, NULL);
        return ci_out_of_memory;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &header, NULL);
        return from.status == ci_ok ? ci_corrupt : from.status;
    }
    png_read_info(png, header);
    set_transformations(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, header);
    if (png_get_rowbytes(png, header) != stride) png_error(png, "unexpected row");
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < info->height; y++) png_read_row(png, pixels + (size_t)y * stride, NULL);
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &header, NULL);
    return from.status;
}

/* Filter bytes, the growth of incompressible data, one 12-byte chunk frame for each 8 KiB, and the fixed chunks. */
size_t ci_png_bound(int32_t width, int32_t height, int32_t channels) {
    size_t raw = (size_t)height * (1 + (size_t)width * (size_t)channels);
    return raw + raw / 256 + 4096;
}

ci_status ci_encode_png(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, uint8_t *bytes, size_t capacity,
    size_t *written) {
    *written = 0;
    if (channels != 1 && channels != 3) return ci_unsupported;
    if (width < 1 || height < 1) return ci_corrupt;
    if (width > CI_MAXIMUM_SIDE || height > CI_MAXIMUM_SIDE) return ci_too_large;
    sink to = {bytes, capacity, 0};
    size_t stride = (size_t)width * (size_t)channels;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, warn);
    if (png == NULL) return ci_out_of_memory;
    png_infop header = png_create_info_struct(png);
    if (header == NULL) {
        png_destroy_write_struct(&png, NULL);
        return ci_out_of_memory;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &header);
        return ci_wrong_capacity;
    }
    png_set_write_fn(png, &to, write_bytes, flush_bytes);
    png_set_IHDR(
        png, header, (png_uint_32)width, (png_uint_32)height, 8,
        channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, header);
    for (int32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * stride);
    png_write_end(png, header);
    png_destroy_write_struct(&png, &header);
    *written = to.count;
    return ci_ok;
}
