/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/text.h"

static void add_char(struct lq_text *text, char c)
{
    if (text->length < LQ_FINDING_TEXT_MAX - 1)
        text->chars[text->length++] = c;
    text->chars[text->length] = '\0';
}

void lq_text_add(struct lq_text *text, const char *string)
{
    for (; *string != '\0'; string++)
        add_char(text, *string);
}

void lq_text_number(struct lq_text *text, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        add_char(text, digits[--count]);
}

void lq_text_hex(struct lq_text *text, uint64_t number, uint32_t digits)
{
    while (digits > 0)
        add_char(text, "0123456789abcdef"[number >> (4 * --digits) & 15]);
}

void lq_text_time(struct lq_text *text, uint64_t time_ns)
{
    lq_text_number(text, time_ns / 1000000000);
    add_char(text, '.');
    uint64_t fraction = time_ns % 1000000000;
    for (uint64_t unit = 100000000; unit > 0; unit /= 10)
        add_char(text, (char)('0' + fraction / unit % 10));
    lq_text_add(text, " s");
}

struct lq_text lq_text_form(const char *format, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct lq_text text = {0};
    const uint64_t numbers[] = {a, b, c, d};
    uint32_t next = 0;
    for (; *format != '\0'; format++) {
        if (*format == '%' && next < 4)
            lq_text_number(&text, numbers[next++]);
        else
            add_char(&text, *format);
    }
    return text;
}
