/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/trace_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "tools/version.h"

enum {
    LINE_MAX_BYTES = 200,
    NUMBER_BYTES_MAX = 10, /* of 64 bits, seven in each byte */
    DRAW_NUMBERS = 5,
    DRAW_BYTES_MIN = DRAW_NUMBERS,
    DRAW_BYTES_MAX = DRAW_NUMBERS * NUMBER_BYTES_MAX
};

static const char name[] = "lunquake-trace";

/* --- write ---------------------------------------------------------------------------------- */

static uint8_t *put_number(uint8_t *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (uint8_t)(number | 0x80);
    *to++ = (uint8_t)number;
    return to;
}

static uint8_t *put_draws(uint8_t *to, const struct lq_trace *trace)
{
    uint64_t subject = 0;
    for (uint64_t i = 0; i < trace->draw_count; i++) {
        const struct lq_draw *draw = &trace->draws[i];
        to = put_number(to, draw->stream);
        to = put_number(to, draw->site);
        to = put_number(to, draw->subject ^ subject); /* mostly the one before */
        to = put_number(to, draw->n);
        to = put_number(to, draw->value);
        subject = draw->subject;
    }
    return to;
}

uint8_t *lq_trace_encode(const struct lq_trace *trace, size_t *size_bytes)
{
    uint8_t *draws = malloc((size_t)trace->draw_count * DRAW_BYTES_MAX + 1);
    if (draws == NULL)
        return NULL;
    size_t draw_bytes = (size_t)(put_draws(draws, trace) - draws);
    size_t most = 9 * LINE_MAX_BYTES + trace->scenario_bytes + draw_bytes;
    uint8_t *bytes = malloc(most);
    if (bytes != NULL) {
        int used = snprintf((char *)bytes, most,
                            "%s %d %s\nseed %" PRIu64 "\ncommands %" PRIu64 "\ntransport %s\n"
                            "wrong %s\nverdict %s\nfingerprint %" PRIu64 "\nscenario %zu\n",
                            name, LQ_TRACE_VERSION, trace->program, trace->seed, trace->commands,
                            trace->transport, trace->wrong, trace->verdict,
                            trace->fingerprint, trace->scenario_bytes);
        uint8_t *to = bytes + used;
        if (trace->scenario_bytes > 0)
            memcpy(to, trace->scenario, trace->scenario_bytes);
        to += trace->scenario_bytes;
        to += sprintf((char *)to, "\ndraws %" PRIu64 "\nbytes %zu\ncheck %" PRIu64 "\n",
                      trace->draw_count, draw_bytes, lq_hash(0, draws, draw_bytes));
        memcpy(to, draws, draw_bytes);
        *size_bytes = (size_t)(to - bytes) + draw_bytes;
    }
    free(draws);
    return bytes;
}

/* --- read ----------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *at, *end;
};

/* The next line without its end, NUL-terminated in LINE. */
static bool read_line(struct reader *reader, char line[LINE_MAX_BYTES])
{
    size_t left = (size_t)(reader->end - reader->at);
    const uint8_t *end = left == 0 ? NULL : memchr(reader->at, '\n', left);
    size_t size = end == NULL ? 0 : (size_t)(end - reader->at);
    if (end == NULL || size >= LINE_MAX_BYTES || memchr(reader->at, '\0', size) != NULL)
        return false;
    memcpy(line, reader->at, size);
    line[size] = '\0';
    reader->at = end + 1;
    return true;
}

/* "WORD VALUE": the value in LINE; NULL when the line is another. */
static const char *read_value(struct reader *reader, const char *word, char line[LINE_MAX_BYTES])
{
    size_t size = strlen(word);
    if (!read_line(reader, line) || strncmp(line, word, size) != 0 || line[size] != ' ')
        return NULL;
    return line + size + 1;
}

static bool read_count(struct reader *reader, const char *word, uint64_t most, uint64_t *count)
{
    char line[LINE_MAX_BYTES];
    const char *text = read_value(reader, word, line);
    *count = 0;
    if (text == NULL || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || *count > (UINT64_MAX - digit) / 10)
            return false;
        *count = *count * 10 + digit;
    }
    return *count <= most;
}

static bool read_word(struct reader *reader, const char *word, char to[LQ_TRACE_WORD_MAX + 1])
{
    char line[LINE_MAX_BYTES];
    const char *text = read_value(reader, word, line);
    if (text == NULL || strlen(text) > LQ_TRACE_WORD_MAX || strchr(text, ' ') != NULL)
        return false;
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static bool read_number(struct reader *reader, uint64_t most, uint64_t *number)
{
    *number = 0;
    for (uint32_t shift = 0; reader->at < reader->end && shift < 64; shift += 7) {
        uint8_t byte = *reader->at++;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (shift == 63 && byte > 1)
            return false;
        if ((byte & 0x80) == 0)
            return *number <= most;
    }
    return false;
}

static bool read_draws(struct reader *reader, struct lq_trace *trace)
{
    uint64_t subject = 0;
    for (uint64_t i = 0; i < trace->draw_count; i++) {
        uint64_t stream = 0, site = 0;
        struct lq_draw *draw = &trace->draws[i];
        if (!read_number(reader, UINT32_MAX, &stream) || !read_number(reader, UINT32_MAX, &site) ||
            !read_number(reader, UINT64_MAX, &draw->subject) ||
            !read_number(reader, UINT64_MAX, &draw->n) || draw->n == 0 ||
            !read_number(reader, draw->n - 1, &draw->value))
            return false;
        draw->stream = (uint32_t)stream;
        draw->site = (uint32_t)site;
        draw->subject ^= subject;
        subject = draw->subject;
    }
    return reader->at == reader->end;
}

static const char *read_name(struct reader *reader, struct lq_trace *trace)
{
    char line[LINE_MAX_BYTES];
    const char *text = read_value(reader, name, line);
    if (text == NULL)
        return "is no trace; expected a file that `lunquake sim --record' wrote; choose another";
    char *space = strchr(line + sizeof name, ' ');
    if (space == NULL || strlen(space + 1) > LQ_TRACE_WORD_MAX)
        return "has no version; expected a file that `lunquake sim --record' wrote; choose another";
    *space = '\0';
    if (strcmp(text, "2") != 0)
        return "is a trace of another format version; expected version 2; replay it with the "
               "program that recorded it";
    memcpy(trace->program, space + 1, strlen(space + 1) + 1);
    return NULL;
}

static const char damaged[] =
    "is damaged; expected a whole trace as `lunquake sim --record' writes it; record it again";

const char *lq_trace_decode(struct lq_trace *trace, const uint8_t *bytes, size_t size_bytes)
{
    struct reader reader = {bytes, bytes + size_bytes};
    memset(trace, 0, sizeof *trace);
    uint64_t scenario_bytes = 0, draw_bytes = 0, check = 0;
    const char *wrong = read_name(&reader, trace);
    if (wrong != NULL)
        return wrong;
    if (!read_count(&reader, "seed", UINT64_MAX, &trace->seed) ||
        !read_count(&reader, "commands", UINT32_MAX, &trace->commands) ||
        !read_word(&reader, "transport", trace->transport) ||
        !read_word(&reader, "wrong", trace->wrong) ||
        !read_word(&reader, "verdict", trace->verdict) ||
        !read_count(&reader, "fingerprint", UINT64_MAX, &trace->fingerprint) ||
        !read_count(&reader, "scenario", size_bytes, &scenario_bytes) ||
        (size_t)(reader.end - reader.at) < scenario_bytes + 1 ||
        reader.at[scenario_bytes] != '\n')
        return damaged;
    trace->scenario = (const char *)reader.at;
    trace->scenario_bytes = (size_t)scenario_bytes;
    reader.at += scenario_bytes + 1;
    if (!read_count(&reader, "draws", size_bytes / DRAW_BYTES_MIN, &trace->draw_count) ||
        !read_count(&reader, "bytes", size_bytes, &draw_bytes) ||
        !read_count(&reader, "check", UINT64_MAX, &check) ||
        (size_t)(reader.end - reader.at) != draw_bytes ||
        lq_hash(0, reader.at, (size_t)draw_bytes) != check)
        return damaged;
    trace->draws = calloc((size_t)trace->draw_count + 1, sizeof *trace->draws);
    if (trace->draws == NULL)
        return "does not fit in memory; expected room for its draws; end other programs";
    if (read_draws(&reader, trace))
        return NULL;
    free(trace->draws);
    trace->draws = NULL;
    return damaged;
}
