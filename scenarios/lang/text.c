/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/lang/internal.h"

#include "core/base/assert.h"

struct lq_scn_text lq_scn_text_into(char *text, uint32_t size_bytes)
{
    LQ_ASSERT(size_bytes > 0);
    text[0] = '\0';
    return (struct lq_scn_text){text, size_bytes, 0, false};
}

void lq_scn_put_bytes(struct lq_scn_text *to, const char *bytes, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes; i++) {
        if (to->used + 1 >= to->size_bytes) {
            to->overflowed = true;
            break;
        }
        to->text[to->used++] = bytes[i];
    }
    to->text[to->used] = '\0';
}

void lq_scn_put(struct lq_scn_text *to, const char *text)
{
    uint32_t size = 0;
    while (text[size] != '\0')
        size++;
    lq_scn_put_bytes(to, text, size);
}

static void put_digits(struct lq_scn_text *to, uint64_t number, uint32_t base, uint32_t digits)
{
    char reversed[24];
    uint32_t count = 0;
    do {
        reversed[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0 || count < digits);
    while (count > 0)
        lq_scn_put_bytes(to, &reversed[--count], 1);
}

void lq_scn_put_number(struct lq_scn_text *to, uint64_t number)
{
    put_digits(to, number, 10, 1);
}

void lq_scn_put_hex(struct lq_scn_text *to, uint64_t number, uint32_t digits)
{
    LQ_ASSERT(digits <= 16);
    put_digits(to, number, 16, digits);
}

void lq_scn_put_hex_bytes(struct lq_scn_text *to, struct lq_slice bytes)
{
    enum { APART = 16, GROUP = 8 };
    for (uint32_t i = 0; i < bytes.size_bytes; i++) {
        if (bytes.size_bytes <= APART || i % GROUP == 0)
            lq_scn_put(to, " ");
        lq_scn_put_hex(to, bytes.bytes[i], 2);
    }
}
