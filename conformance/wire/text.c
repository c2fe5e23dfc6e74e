/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/text.h"

#include <string.h>

bool lq_wire_next_pair(const uint8_t *text, uint32_t size_bytes, uint32_t *at,
                       struct lq_wire_pair *pair)
{
    uint32_t start = *at;
    while (start < size_bytes && text[start] == 0)
        start++;
    uint32_t end = start;
    while (end < size_bytes && text[end] != 0)
        end++;
    *at = end;
    if (start == end)
        return false;
    const char *chars = (const char *)text + start;
    uint32_t length = end - start;
    const char *equals = memchr(chars, '=', length);
    pair->key = chars;
    pair->key_length = equals == NULL ? length : (uint32_t)(equals - chars);
    pair->value = equals == NULL ? NULL : equals + 1;
    pair->value_length = equals == NULL ? 0 : length - pair->key_length - 1;
    return true;
}

static bool is_string(const char *chars, uint32_t length, const char *string)
{
    if (length > 0 && chars[0] != string[0])
        return false; /* most differ here */
    return strlen(string) == length && (length == 0 || memcmp(chars, string, length) == 0);
}

bool lq_wire_key_is(const struct lq_wire_pair *pair, const char *key)
{
    return is_string(pair->key, pair->key_length, key);
}

bool lq_wire_value_is(const struct lq_wire_pair *pair, const char *value)
{
    return pair->value != NULL && is_string(pair->value, pair->value_length, value);
}

/* The digit's value, 99 for other characters. */
static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint32_t)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (uint32_t)(c - 'A') + 10;
    return 99;
}

bool lq_wire_value_number(const struct lq_wire_pair *pair, uint32_t *number)
{
    const char *chars = pair->value;
    uint32_t length = pair->value_length, base = 10;
    if (length > 2 && chars[0] == '0' && (chars[1] == 'x' || chars[1] == 'X')) {
        base = 16;
        chars += 2;
        length -= 2;
    }
    if (length == 0)
        return false;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t digit = digit_of(chars[i]);
        if (digit >= base)
            return false;
        sum = sum * base + digit;
        if (sum > UINT32_MAX)
            return false;
    }
    *number = (uint32_t)sum;
    return true;
}

bool lq_wire_list_has(const struct lq_wire_pair *list, const struct lq_wire_pair *pair)
{
    if (list->value == NULL || pair->value == NULL)
        return false;
    uint32_t start = 0;
    for (uint32_t i = 0; i <= list->value_length; i++) {
        if (i < list->value_length && list->value[i] != ',')
            continue;
        if (i - start == pair->value_length &&
            memcmp(list->value + start, pair->value, pair->value_length) == 0)
            return true;
        start = i + 1;
    }
    return false;
}
