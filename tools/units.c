/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", UINT64_C(1000000)},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {NULL, 0},
};

/* The digits that TEXT begins with; END is where they end. False: none, or more than 64 bits. */
static bool digits(const char *text, uint64_t *number, const char **end)
{
    uint64_t value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    *end = c;
    return c != text;
}

static bool with_unit(const char *text, const struct unit *units, uint64_t *value)
{
    uint64_t number = 0;
    const char *end = text;
    if (!digits(text, &number, &end))
        return false;
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (strcmp(end, unit->name) != 0)
            continue;
        if (number > UINT64_MAX / unit->factor)
            return false;
        *value = number * unit->factor;
        return true;
    }
    return false;
}

const char *lq_parse_size(const char *text, uint64_t *bytes)
{
    if (with_unit(text, size_units, bytes))
        return NULL;
    return "is no size; expected digits and KiB, MiB, GiB, TiB or nothing for bytes, such as "
           "512, 4KiB or 256MiB";
}

const char *lq_parse_duration(const char *text, uint64_t *ns)
{
    if (with_unit(text, duration_units, ns))
        return NULL;
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return NULL;
    }
    return "is no duration; expected digits and ns, us, ms, s, m or h, such as 10ms, 3s or 1m";
}

const char *lq_parse_number(const char *text, uint64_t max, uint64_t *number)
{
    const char *end = text;
    uint64_t value = 0;
    if (!digits(text, &value, &end) || *end != '\0')
        return "is no number; expected decimal digits";
    if (value > max)
        return "is too large; expected a smaller number";
    *number = value;
    return NULL;
}

const char *lq_parse_range(const char *text, uint64_t *first, uint64_t *last)
{
    const char *end = text;
    uint64_t low = 0, high = 0;
    if (!digits(text, &low, &end) || strncmp(end, "..", 2) != 0 || !digits(end + 2, &high, &end) ||
        *end != '\0' || low > high)
        return "is no range; expected A..B with A not above B, such as 1..2000";
    *first = low;
    *last = high;
    return NULL;
}
