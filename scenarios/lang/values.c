/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with their units, one grammar with the program's options (tools/units.h). */
#include <string.h>

#include "core/base/assert.h"
#include "scenarios/lang/internal.h"

struct unit {
    const char *name;
    uint64_t value;
};

static const struct unit sizes[] = {{"TiB", UINT64_C(1) << 40},
                                    {"GiB", UINT64_C(1) << 30},
                                    {"MiB", UINT64_C(1) << 20},
                                    {"KiB", UINT64_C(1) << 10},
                                    {"", 1}};
static const struct unit durations[] = {{"h", UINT64_C(3600000000000)},
                                        {"m", UINT64_C(60000000000)},
                                        {"s", UINT64_C(1000000000)},
                                        {"ms", 1000000},
                                        {"us", 1000},
                                        {"ns", 1}};

enum { SIZES = sizeof sizes / sizeof sizes[0], DURATIONS = sizeof durations / sizeof durations[0] };

/* The digits at the start of TEXT; returns how many, 0 also when they do not fit. */
static uint32_t read_digits(const char *text, uint32_t size_bytes, uint64_t *number)
{
    uint32_t at = 0;
    *number = 0;
    for (; at < size_bytes && text[at] >= '0' && text[at] <= '9'; at++) {
        uint64_t digit = (uint64_t)(text[at] - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return 0;
        *number = *number * 10 + digit;
    }
    return at;
}

static bool read_unit(const struct lq_scn_token *token, const struct unit *units, uint32_t count,
                      uint64_t *value)
{
    uint64_t number = 0;
    uint32_t digits = read_digits(token->text, token->size_bytes, &number);
    uint32_t rest = token->size_bytes - digits;
    if (digits == 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(units[i].name) != rest ||
            memcmp(units[i].name, token->text + digits, rest) != 0)
            continue;
        if (number > UINT64_MAX / 2 / units[i].value)
            return false;
        *value = number * units[i].value;
        return true;
    }
    *value = 0;
    return number == 0 && rest == 0;
}

bool lq_scn_read_hex(const char *text, uint32_t size_bytes, uint64_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < size_bytes; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL || *value >> 60 != 0)
            return false;
        uint64_t place = (uint64_t)(digit - digits);
        *value = *value << 4 | (place < 16 ? place : place - 6);
    }
    return size_bytes > 0;
}

static bool read_choice(const struct lq_scn_token *token, const char *zero, const char *one,
                        uint64_t *value)
{
    *value = lq_scn_token_is(token, one);
    return *value == 1 || lq_scn_token_is(token, zero);
}

static const char *const digests[LQ_SCN_DIGESTS] = {"none", "crc32c", "prefer-none",
                                                    "prefer-crc32c"};

static bool read_digest(const struct lq_scn_token *token, uint64_t *value)
{
    for (*value = 0; *value < LQ_SCN_DIGESTS; ++*value)
        if (lq_scn_token_is(token, digests[*value]))
            return true;
    return false;
}

bool lq_scn_read_value(const struct lq_scn_token *token, enum lq_scn_unit unit, uint64_t *value)
{
    if (token->kind != LQ_SCN_TOKEN_WORD)
        return false;
    switch (unit) {
    case LQ_SCN_FLAG:
    case LQ_SCN_STRING: /* of another kind of token */
        return false;
    case LQ_SCN_NUMBER:
        return read_digits(token->text, token->size_bytes, value) == token->size_bytes;
    case LQ_SCN_SIZE:
        return read_unit(token, sizes, SIZES, value);
    case LQ_SCN_OR_NEVER:
        *value = UINT64_MAX;
        return lq_scn_token_is(token, "never") || read_unit(token, durations, DURATIONS, value);
    case LQ_SCN_DURATION:
        return read_unit(token, durations, DURATIONS, value);
    case LQ_SCN_YES_NO:
        return read_choice(token, "no", "yes", value);
    case LQ_SCN_CACHE_KIND:
        return read_choice(token, "writethrough", "writeback", value);
    case LQ_SCN_DIGEST:
        return read_digest(token, value);
    }
    return false;
}

bool lq_scn_read_any(const struct lq_scn_token *token, enum lq_scn_unit *unit, uint64_t *value)
{
    static const enum lq_scn_unit units[] = {LQ_SCN_NUMBER, LQ_SCN_SIZE, LQ_SCN_OR_NEVER};
    for (uint32_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        *unit = units[i];
        if (lq_scn_read_value(token, units[i], value) && *value == 0)
            *unit = LQ_SCN_NUMBER; /* 0 needs no unit */
        if (lq_scn_read_value(token, units[i], value))
            return true;
    }
    return false;
}

static void put_unit(struct lq_scn_text *to, const struct unit *units, uint64_t value)
{
    uint32_t i = 0;
    if (value == 0) {
        lq_scn_put(to, "0");
        return;
    }
    while (value % units[i].value != 0)
        i++;
    lq_scn_put_number(to, value / units[i].value);
    lq_scn_put(to, units[i].name);
}

void lq_scn_put_value(struct lq_scn_text *to, enum lq_scn_unit unit, uint64_t value)
{
    switch (unit) {
    case LQ_SCN_FLAG:
    case LQ_SCN_STRING: /* the printer's, which has the scenario */
        return;
    case LQ_SCN_NUMBER:
        lq_scn_put_number(to, value);
        return;
    case LQ_SCN_SIZE:
        put_unit(to, sizes, value);
        return;
    case LQ_SCN_OR_NEVER:
    case LQ_SCN_DURATION:
        if (value == UINT64_MAX)
            lq_scn_put(to, "never");
        else
            put_unit(to, durations, value);
        return;
    case LQ_SCN_YES_NO:
        lq_scn_put(to, value != 0 ? "yes" : "no");
        return;
    case LQ_SCN_CACHE_KIND:
        lq_scn_put(to, value != 0 ? "writeback" : "writethrough");
        return;
    case LQ_SCN_DIGEST:
        lq_scn_put(to, digests[value]);
        return;
    }
}

const char *lq_scn_unit_text(enum lq_scn_unit unit)
{
    static const char *const texts[] = {
        [LQ_SCN_FLAG] = "nothing",
        [LQ_SCN_NUMBER] = "a number",
        [LQ_SCN_SIZE] = "a size such as 512, 4KiB or 64MiB",
        [LQ_SCN_DURATION] = "a duration such as 10ms, 3s or 1m",
        [LQ_SCN_OR_NEVER] = "a duration such as 10ms, 3s or 1m, or never",
        [LQ_SCN_YES_NO] = "yes or no",
        [LQ_SCN_CACHE_KIND] = "writeback or writethrough",
        [LQ_SCN_DIGEST] = "none, crc32c, prefer-none or prefer-crc32c",
        [LQ_SCN_STRING] = "plain ASCII in double quotes"};
    return texts[unit];
}
