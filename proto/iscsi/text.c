/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/iscsi/text.h"

#include <string.h>

const char *lq_text_result_sentence(enum lq_text_result result)
{
    static const char *const sentences[] = {
        [LQ_TEXT_PAIR] = "a pair follows",
        [LQ_TEXT_END] = "the text ends",
        [LQ_TEXT_NOT_TERMINATED] = "the last pair is not ended by a NUL byte",
        [LQ_TEXT_NO_EQUALS] = "a pair has no '='",
        [LQ_TEXT_BAD_KEY] = "a key is empty, longer than 63 bytes or not a label",
        [LQ_TEXT_VALUE_TOO_LONG] = "a value is longer than 8192 bytes",
    };
    return sentences[result];
}

/* Characters of labels [RFC 7143 6.1]: standard-label and the X- and X# extensions. */
static bool is_label(const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes == 0 || size_bytes > LQ_TEXT_KEY_BYTES_MAX)
        return false;
    for (uint32_t i = 0; i < size_bytes; i++) {
        uint8_t c = bytes[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '+' || c == '@' || c == '_' || c == '#' ||
                  c == '/' || c == ':';
        if (!ok)
            return false;
    }
    return true;
}

enum lq_text_result lq_text_next(struct lq_text_reader *reader, struct lq_text_pair *pair)
{
    const uint8_t *bytes = reader->text.bytes;
    uint32_t size = reader->text.size_bytes;
    uint32_t start = reader->position;
    while (start < size && bytes[start] == 0)
        start++;
    if (start == size) {
        reader->position = size;
        return LQ_TEXT_END;
    }
    const uint8_t *end = memchr(bytes + start, 0, size - start);
    if (end == NULL)
        return LQ_TEXT_NOT_TERMINATED;
    uint32_t length = (uint32_t)(end - (bytes + start));
    const uint8_t *equals = memchr(bytes + start, '=', length);
    if (equals == NULL)
        return LQ_TEXT_NO_EQUALS;
    uint32_t key_bytes = (uint32_t)(equals - (bytes + start));
    if (!is_label(bytes + start, key_bytes))
        return LQ_TEXT_BAD_KEY;
    uint32_t value_bytes = length - key_bytes - 1;
    if (value_bytes > LQ_TEXT_LONG_VALUE_BYTES_MAX)
        return LQ_TEXT_VALUE_TOO_LONG;
    pair->key = (struct lq_slice){bytes + start, key_bytes};
    pair->value = (struct lq_slice){equals + 1, value_bytes};
    reader->position = start + length + 1;
    return LQ_TEXT_PAIR;
}

static void put_bytes(struct lq_text_writer *writer, const void *bytes, uint32_t size_bytes)
{
    memcpy(writer->bytes + writer->size_bytes, bytes, size_bytes);
    writer->size_bytes += size_bytes;
}

void lq_text_put_slices(struct lq_text_writer *writer, struct lq_slice key, struct lq_slice value)
{
    uint64_t needed = (uint64_t)key.size_bytes + value.size_bytes + 2;
    if (needed > writer->capacity_bytes - writer->size_bytes) {
        writer->overflowed = true;
        return;
    }
    put_bytes(writer, key.bytes, key.size_bytes);
    put_bytes(writer, "=", 1);
    if (value.size_bytes != 0)
        put_bytes(writer, value.bytes, value.size_bytes);
    put_bytes(writer, "", 1);
}

void lq_text_put(struct lq_text_writer *writer, const char *key, const char *value)
{
    lq_text_put_slices(writer, lq_text_slice(key), lq_text_slice(value));
}

/* Decimal digits of VALUE at the end of DIGITS; returns where they begin. */
static const uint8_t *format_decimal(uint32_t value, uint8_t digits[10])
{
    uint8_t *at = digits + 10;
    do {
        *--at = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return at;
}

void lq_text_put_number(struct lq_text_writer *writer, const char *key, uint32_t value)
{
    uint8_t digits[10];
    const uint8_t *at = format_decimal(value, digits);
    lq_text_put_slices(writer, lq_text_slice(key),
                       (struct lq_slice){at, (uint32_t)(digits + 10 - at)});
}

void lq_text_put_address(struct lq_text_writer *writer, const char *address, uint16_t tag)
{
    uint8_t value[255 + 1 + 5];
    uint8_t digits[10];
    struct lq_slice host = lq_text_slice(address);
    if (host.size_bytes > 255) {
        writer->overflowed = true;
        return;
    }
    const uint8_t *at = format_decimal(tag, digits);
    uint32_t count = (uint32_t)(digits + 10 - at);
    memcpy(value, host.bytes, host.size_bytes);
    value[host.size_bytes] = ',';
    memcpy(value + host.size_bytes + 1, at, count);
    lq_text_put_slices(writer, lq_text_slice("TargetAddress"),
                       (struct lq_slice){value, host.size_bytes + 1 + count});
}

struct lq_slice lq_text_slice(const char *string)
{
    /* A string is an array of bytes; characters are only ever compared and copied. */
    return (struct lq_slice){(const uint8_t *)string, (uint32_t)strlen(string)};
}

bool lq_text_equal(struct lq_slice slice, const char *string)
{
    if (slice.size_bytes > 0 && slice.bytes[0] != (uint8_t)string[0])
        return false; /* most differ here */
    size_t length = strlen(string);
    return slice.size_bytes == length && (length == 0 || memcmp(slice.bytes, string, length) == 0);
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

bool lq_text_to_number(struct lq_slice value, uint32_t *number)
{
    uint32_t i = 0;
    int base = 10;
    if (value.size_bytes > 2 && value.bytes[0] == '0' &&
        (value.bytes[1] == 'x' || value.bytes[1] == 'X')) {
        base = 16;
        i = 2;
    }
    if (i == value.size_bytes)
        return false;
    uint64_t sum = 0;
    for (; i < value.size_bytes; i++) {
        int digit = digit_of(value.bytes[i]);
        if (digit >= base)
            return false;
        sum = sum * (uint64_t)base + (uint64_t)digit;
        if (sum > UINT32_MAX)
            return false;
    }
    *number = (uint32_t)sum;
    return true;
}

bool lq_text_to_boolean(struct lq_slice value, bool *boolean)
{
    *boolean = lq_text_equal(value, "Yes");
    return *boolean || lq_text_equal(value, "No");
}

/* ASCII characters that the profile of iSCSI names prohibits [RFC 3722 6]. */
static bool is_prohibited(uint8_t c)
{
    if (c <= ' ' || c == 0x7f)
        return true;
    return c < 0x80 && strchr("!\"#$%&'()*+,/;<=>?@[\\]^_`{|}~", c) != NULL;
}

bool lq_iscsi_name_fold(struct lq_slice name, char *folded)
{
    if (name.size_bytes == 0 || name.size_bytes > 223)
        return false;
    for (uint32_t i = 0; i < name.size_bytes; i++) {
        uint8_t c = name.bytes[i];
        if (is_prohibited(c))
            return false;
        /* Non-ASCII bytes are kept: who sends them has normalised them [RFC 3722]. */
        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    folded[name.size_bytes] = 0;
    return true;
}
