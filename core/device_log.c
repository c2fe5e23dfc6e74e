/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOG SENSE and LOG SELECT [SPC-4 6.7, 6.8, 7.3; SBC-3 6.4]: one row a page. Counters are the
 * unit's and shared by all I_T nexuses; nothing is saved, and no parameter can be set but to zero.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

enum {
    ALL_SUBPAGES = 0xff,
    COUNTER = 0x00,     /* parameter control byte: a bounded data counter */
    ASCII_LIST = 0x01,  /* ... a list of ASCII characters */
    BINARY_LIST = 0x03, /* ... a list of binary values */
    UNKNOWN_TEMPERATURE = 0xff
};

#define MINUTE_NS UINT64_C(60000000000)

/* Where parameters are written; those whose code is lower than FIRST are left out. */
struct parameters {
    uint8_t *at;
    uint32_t bytes;
    uint16_t first, last; /* last: the highest code that was offered */
};

/* A parameter of BYTES, zeroed; NULL: nobody asked for it. */
static uint8_t *put_parameter(struct parameters *to, uint16_t code, uint8_t control, uint8_t bytes)
{
    to->last = code;
    if (code < to->first)
        return NULL;
    uint8_t *parameter = to->at + to->bytes;
    memset(parameter, 0, 4U + bytes);
    lq_put_be16(parameter, code);
    parameter[2] = control;
    parameter[3] = bytes;
    to->bytes += 4U + bytes;
    return parameter + 4;
}

static void put_counter(struct parameters *to, uint16_t code, uint64_t value)
{
    uint8_t *data = put_parameter(to, code, COUNTER, 8);
    if (data != NULL)
        lq_put_be64(data, value);
}

/* --- the pages ------------------------------------------------------------------------------- */

typedef void (*page_writer)(const struct lq_engine *engine, const struct lq_engine_task *task,
                            const struct lq_unit_log *log, struct parameters *to);

/* Error counters [SPC-4 7.3.6, 7.3.22, 7.3.24]: nothing is ever corrected or tried again here. */
static void error_counters(struct parameters *to, uint64_t bytes, uint64_t errors)
{
    for (uint16_t code = 0; code <= 4; code++)
        put_counter(to, code, 0);
    put_counter(to, 5, bytes);  /* TOTAL BYTES PROCESSED */
    put_counter(to, 6, errors); /* TOTAL UNCORRECTED ERRORS */
}

static void write_errors(const struct lq_engine *engine, const struct lq_engine_task *task,
                         const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine;
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    error_counters(to, log->blocks_written * block_bytes, log->write_errors);
}

static void read_errors(const struct lq_engine *engine, const struct lq_engine_task *task,
                        const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine;
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    error_counters(to, log->blocks_read * block_bytes, log->read_errors);
}

static void verify_errors(const struct lq_engine *engine, const struct lq_engine_task *task,
                          const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task;
    error_counters(to, 0, log->verify_errors);
}

/* Temperature [SPC-4 7.3.21]: of the unit and its reference; there is no sensor. */
static void temperature(const struct lq_engine *engine, const struct lq_engine_task *task,
                        const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task, (void)log;
    for (uint16_t code = 0; code <= 1; code++) {
        uint8_t *data = put_parameter(to, code, BINARY_LIST, 2);
        if (data != NULL)
            data[1] = UNKNOWN_TEMPERATURE;
    }
}

/* Start-stop cycle counter [SPC-4 7.3.20]: manufacture and accounting dates are not known. */
static void start_stop(const struct lq_engine *engine, const struct lq_engine_task *task,
                       const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task, (void)log;
    for (uint16_t code = 1; code <= 2; code++) {
        uint8_t *date = put_parameter(to, code, ASCII_LIST, 6);
        if (date != NULL)
            memset(date, ' ', 6);
    }
    for (uint16_t code = 3; code <= 6; code++)
        (void)put_parameter(to, code, BINARY_LIST, 4);
}

/* Solid state media [SBC-3 6.4.9]: nothing wears out. */
static void solid_state(const struct lq_engine *engine, const struct lq_engine_task *task,
                        const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task, (void)log;
    (void)put_parameter(to, 1, BINARY_LIST, 4);
}

/* Background scan [SBC-3 6.4.2]: status; none has ever been made. */
static void background_scan(const struct lq_engine *engine, const struct lq_engine_task *task,
                            const struct lq_unit_log *log, struct parameters *to)
{
    (void)log;
    uint8_t *data = put_parameter(to, 0, BINARY_LIST, 12);
    uint64_t on_ns = engine->env->now_ns - task->unit->added_ns;
    if (data != NULL) /* ACCUMULATED POWER ON MINUTES */
        lq_put_be32(data, (uint32_t)(on_ns / MINUTE_NS));
}

/* Protocol specific port [SPC-4 7.3.16]: of the port that is asked by. */
static void protocol_port(const struct lq_engine *engine, const struct lq_engine_task *task,
                          const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)log;
    uint8_t *data = put_parameter(to, task->nexus->target_port, BINARY_LIST, 4);
    if (data != NULL)
        data[0] = task->nexus->transport->protocol_identifier;
}

/* General statistics and performance [SPC-4 7.3.9]; how long commands took is not counted, nor how
 * long the unit was idle. Times would be in milliseconds. */
static void general_statistics(const struct lq_engine *engine, const struct lq_engine_task *task,
                               const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task;
    uint8_t *access = put_parameter(to, 1, BINARY_LIST, 64);
    if (access != NULL) {
        lq_put_be64(access, log->reads);
        lq_put_be64(access + 8, log->writes);
        lq_put_be64(access + 16, log->blocks_written); /* RECEIVED */
        lq_put_be64(access + 24, log->blocks_read);    /* TRANSMITTED */
    }
    (void)put_parameter(to, 2, BINARY_LIST, 8); /* idle time */
    uint8_t *interval = put_parameter(to, 3, BINARY_LIST, 8);
    if (interval != NULL) {
        lq_put_be32(interval, 3);     /* EXPONENT */
        lq_put_be32(interval + 4, 1); /* INTEGER: 1 x 10^-3 s */
    }
}

/* Informational exceptions [SPC-4 7.3.11]: none. */
static void informational_exceptions(const struct lq_engine *engine,
                                     const struct lq_engine_task *task,
                                     const struct lq_unit_log *log, struct parameters *to)
{
    (void)engine, (void)task, (void)log;
    uint8_t *data = put_parameter(to, 0, BINARY_LIST, 4);
    if (data != NULL)
        data[2] = UNKNOWN_TEMPERATURE;
}

static const struct log_page {
    uint8_t code;
    page_writer write; /* NULL: the list of supported pages */
} pages[] = {
    {0x00, NULL},
    {0x02, write_errors},
    {0x03, read_errors},
    {0x05, verify_errors},
    {0x0d, temperature},
    {0x0e, start_stop},
    {0x11, solid_state},
    {0x15, background_scan},
    {0x18, protocol_port},
    {0x19, general_statistics},
    {0x2f, informational_exceptions},
};

enum { PAGES = sizeof pages / sizeof pages[0] };

static const struct log_page *find(uint8_t code)
{
    for (uint32_t i = 0; i < PAGES; i++)
        if (pages[i].code == code)
            return &pages[i];
    return NULL;
}

/* --- counting -------------------------------------------------------------------------------- */

void lq_log_count(struct lq_engine_task *task, enum lq_status status, struct lq_sense sense)
{
    if (task->unit == NULL || task->opcode == NULL || task->opcode->medium == LQ_MEDIUM_NONE)
        return;
    struct lq_unit_log *log = &task->unit->log;
    enum lq_medium_use medium = task->opcode->medium;
    bool is_read = medium == LQ_MEDIUM_READS && task->opcode->direction == LQ_DIRECTION_IN;
    bool is_write = medium == LQ_MEDIUM_WRITES;
    if (status == LQ_GOOD) {
        log->reads += is_read;
        log->writes += is_write;
        log->blocks_read += is_read ? task->nblocks : 0;
        log->blocks_written += is_write ? task->nblocks : 0;
    } else if (sense.key == 0x03) { /* MEDIUM ERROR */
        log->read_errors += is_read;
        log->write_errors += is_write;
        log->verify_errors += medium == LQ_MEDIUM_READS && !is_read;
    }
}

/* --- LOG SENSE ------------------------------------------------------------------------------- */

static void refuse(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_check_condition(engine, task, 0x05, 0x24, 0x00); /* INVALID FIELD IN CDB */
}

/* [SPC-4 7.3.18, 7.3.19] */
static uint32_t list_pages(uint8_t *at, uint8_t code, bool has_subpages)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        if (code != 0 && pages[i].code != code)
            continue;
        at[bytes++] = pages[i].code;
        if (has_subpages)
            at[bytes++] = 0;
        if (has_subpages && pages[i].code == 0) { /* the list of subpages itself */
            at[bytes++] = 0;
            at[bytes++] = ALL_SUBPAGES;
        }
    }
    return bytes;
}

void lq_log_sense(struct lq_engine *engine, struct lq_engine_task *task)
{
    enum { CUMULATIVE = 1, DEFAULT_CUMULATIVE = 3, SP = 0x01, SPF = 0x40, DS = 0x80 };
    static const struct lq_unit_log zeroed = {0};
    uint8_t control = task->cdb[2] >> 6, code = task->cdb[2] & 0x3f, subpage = task->cdb[3];
    const struct log_page *page = find(code);
    bool is_valid = (task->cdb[1] & SP) == 0 && page != NULL &&
                    (subpage == 0 || subpage == ALL_SUBPAGES) &&
                    (control == CUMULATIVE || control == DEFAULT_CUMULATIVE);
    if (!is_valid) {
        refuse(engine, task);
        return;
    }
    struct parameters to = {.at = task->buffer + 4, .first = lq_get_be16(task->cdb + 5)};
    if (subpage == ALL_SUBPAGES || page->write == NULL)
        to.bytes = list_pages(to.at, code, subpage == ALL_SUBPAGES);
    else
        page->write(engine, task, control == CUMULATIVE ? &task->unit->log : &zeroed, &to);
    if (to.first > to.last) { /* behind the last parameter */
        refuse(engine, task);
        return;
    }
    task->buffer[0] = (uint8_t)(DS | (subpage != 0 ? SPF : 0) | code);
    task->buffer[1] = subpage;
    lq_put_be16(task->buffer + 2, (uint16_t)to.bytes);
    lq_end_allocated(engine, task, 4 + to.bytes);
}

/* --- LOG SELECT ------------------------------------------------------------------------------ */

/* LOG PARAMETERS CHANGED, to all I_T nexuses but the one that did it. */
static void tell_others(struct lq_engine *engine, const struct lq_engine_task *task)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->known && nexus != task->nexus && nexus->target == task->nexus->target)
            lq_ua_establish(engine, nexus, task->unit, (struct lq_ua){0x2a, 0x02});
    }
}

void lq_log_select(struct lq_engine *engine, struct lq_engine_task *task)
{
    enum { PCR = 0x02, SP = 0x01 };
    static const struct lq_sense no_sense = {0, 0, 0};
    uint8_t code = task->cdb[2] & 0x3f, subpage = task->cdb[3];
    bool resets = (task->cdb[1] & PCR) != 0, has_list = task->defined_bytes != 0;
    if ((task->cdb[1] & SP) != 0 || (resets && has_list) || (has_list && code != 0) ||
        find(code) == NULL || (subpage != 0 && subpage != ALL_SUBPAGES)) {
        refuse(engine, task);
        return;
    }
    if (has_list) { /* no parameter can be set */
        lq_check_condition(engine, task, 0x05, 0x26, 0x00);
        return;
    }
    if (resets) {
        memset(&task->unit->log, 0, sizeof task->unit->log);
        tell_others(engine, task);
    }
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}
