#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

/* A progressive image of more scans than this is made to waste time. */
#define MAXIMUM_SCANS 100

typedef struct failure {
    struct jpeg_error_mgr base;
    jmp_buf target;
    ci_status status;
} failure;

static void fail(j_common_ptr image) {
    failure *error = (failure *)image->err;
    if (error->status == ci_ok) {
        switch (error->base.msg_code) {
        case JERR_OUT_OF_MEMORY: error->status = ci_out_of_memory; break;
        case JERR_CONVERSION_NOTIMPL: error->status = ci_unsupported; break;
        case JERR_INPUT_EOF: error->status = ci_truncated; break;
        default: error->status = ci_corrupt;
        }
    }
    longjmp(error->target, 1);
}

/* libjpeg fills what is missing with grey and only warns; a training image must be whole. */
static void warn(j_common_ptr image, int level) {
    failure *error = (failure *)image->err;
    if (level >= 0) return;
    switch (error->base.msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER: error->status = ci_truncated; break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION: error->status = ci_corrupt; break;
    default: return;
    }
    longjmp(error->target, 1);
}

static void ignore_message(j_common_ptr image) { (void)image; }

static void watch(j_common_ptr image) {
    if (((j_decompress_ptr)image)->input_scan_number > MAXIMUM_SCANS) {
        ((failure *)image->err)->status = ci_corrupt;
        fail(image);
    }
}

static void prepare(struct jpeg_decompress_struct *image, failure *error) {
    image->err = jpeg_std_error(&error->base);
    error->base.error_exit = fail;
    error->base.emit_message = warn;
    error->base.output_message = ignore_message;
    error->status = ci_ok;
}

static ci_status read_header(struct jpeg_decompress_struct *image, const uint8_t *bytes, size_t count, ci_info *info) {
    jpeg_mem_src(image, bytes, (unsigned long)count);
    if (jpeg_read_header(image, TRUE) != JPEG_HEADER_OK) return ci_corrupt;
    if (image->num_components != 1 && image->num_components != 3) return ci_unsupported;
    if (image->image_width > CI_MAXIMUM_SIDE || image->image_height > CI_MAXIMUM_SIDE) return ci_too_large;
    info->format = ci_jpeg;
    info->width = (int32_t)image->image_width;
    info->height = (int32_t)image->image_height;
    info->channels = image->num_components;
    return ci_ok;
}

ci_status ci_jpeg_inspect(const uint8_t *bytes, size_t count, ci_info *info) {
    struct jpeg_decompress_struct image = {0};
    failure error;
    prepare(&image, &error);
    if (setjmp(error.target)) {
        jpeg_destroy_decompress(&image);
        return error.status;
    }
    jpeg_create_decompress(&image);
    ci_status status = read_header(&image, bytes, count, info);
    jpeg_destroy_decompress(&image);
    return status;
}

ci_status ci_jpeg_decode(const uint8_t *bytes, size_t count, const ci_info *info, uint8_t *pixels) {
    struct jpeg_decompress_struct image = {0};
    struct jpeg_progress_mgr progress = {.progress_monitor = watch};
    failure error;
    ci_info again;
    size_t stride = (size_t)info->width * (size_t)info->channels;
    prepare(&image, &error);
    if (setjmp(error.target)) {
        jpeg_destroy_decompress(&image);
        return error.status;
    }
    jpeg_create_decompress(&image);
    image.progress = &progress;
    ci_status status = read_header(&image, bytes, count, &again);
    if (status == ci_ok) {
        image.out_color_space = info->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&image);
        while (image.output_scanline < image.output_height) {
            JSAMPROW row = pixels + (size_t)image.output_scanline * stride;
            jpeg_read_scanlines(&image, &row, 1);
        }
        jpeg_finish_decompress(&image);
    }
    jpeg_destroy_decompress(&image);
    return status;
}
