/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/print.h"

#include <stddef.h>

#include "core/base/assert.h"

struct lq_print lq_print_into(char *text, uint32_t size_bytes)
{
    LQ_ASSERT(size_bytes > 0);
    text[0] = '\0';
    return (struct lq_print){text, size_bytes, 0};
}

void lq_print_text(struct lq_print *print, const char *text)
{
    while (*text != '\0' && print->used + 1 < print->size_bytes)
        print->text[print->used++] = *text++;
    print->text[print->used] = '\0';
}

static void print_padded(struct lq_print *print, uint64_t number, uint32_t base, uint32_t digits)
{
    char reversed[24];
    uint32_t count = 0;
    do {
        reversed[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0 || count < digits);
    char text[25];
    for (uint32_t i = 0; i < count; i++)
        text[i] = reversed[count - 1 - i];
    text[count] = '\0';
    lq_print_text(print, text);
}

void lq_print_number(struct lq_print *print, uint64_t number)
{
    print_padded(print, number, 10, 1);
}

void lq_print_hex(struct lq_print *print, uint64_t number, uint32_t digits)
{
    LQ_ASSERT(digits <= 16);
    print_padded(print, number, 16, digits);
}

void lq_print_duration(struct lq_print *print, uint64_t duration_ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{UINT64_C(1000000000), "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    if (duration_ns == UINT64_MAX) {
        lq_print_text(print, "never");
        return;
    }
    size_t i = 0;
    while (duration_ns % units[i].ns != 0)
        i++;
    lq_print_number(print, duration_ns / units[i].ns);
    lq_print_text(print, units[i].name);
}

void lq_print_time(struct lq_print *print, uint64_t time_ns)
{
    print_padded(print, time_ns / UINT64_C(1000000000), 10, 1);
    lq_print_text(print, ".");
    print_padded(print, time_ns % UINT64_C(1000000000), 10, 9);
    lq_print_text(print, "s");
}
