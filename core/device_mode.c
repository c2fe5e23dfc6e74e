/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MODE SENSE and MODE SELECT [SPC-5 6.9 to 6.15, 7.5; SBC-4 6.5]: headers, block descriptors and
 * the way of pages in and out. What the pages are is modes.c's business.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};
static const struct lq_sense invalid_field = {0x05, 0x24, 0x00};
static const struct lq_sense invalid_parameter = {0x05, 0x26, 0x00};
static const struct lq_sense list_length_error = {0x05, 0x1a, 0x00};

enum {
    ALL_PAGES = 0x3f,
    ALL_SUBPAGES = 0xff,
    PAGE_CODE = 0x3f,   /* of byte 0 of a page ... */
    SUBPAGE_FORMAT = 0x40,
    SHORT_DESCRIPTOR_BYTES = 8,
    LONG_DESCRIPTOR_BYTES = 16
};

/* The header of MODE SENSE(6) and MODE SELECT(6) is 4 bytes, that of the others 8. */
static uint32_t header_bytes_of(const struct lq_engine_task *task)
{
    return task->opcode->cdb_bytes == 6 ? 4 : 8;
}

static void fail(struct lq_engine *engine, struct lq_engine_task *task, struct lq_sense sense)
{
    lq_check_condition(engine, task, sense.key, sense.asc, sense.ascq);
}

/* --- MODE SENSE ------------------------------------------------------------------------------ */

static bool is_wanted(const struct lq_mode_page *page, uint8_t code, uint8_t subpage)
{
    bool is_code = code == ALL_PAGES || code == page->code;
    return is_code && (subpage == ALL_SUBPAGES || subpage == page->subpage);
}

/* Number of bytes written to AT, 0 when there is no such page. */
static uint32_t write_pages(const struct lq_engine *engine, const struct lq_engine_task *task,
                            uint8_t *at)
{
    uint8_t code = task->cdb[2] & 0x3f, subpage = task->cdb[3];
    enum lq_page_control control = (enum lq_page_control)(task->cdb[2] >> 6);
    uint32_t bytes = 0;
    if (control == LQ_MODE_CURRENT && lq_core_wrong(engine, LQ_WRONG_MODE_SENSE_SHOWS_DEFAULTS))
        control = LQ_MODE_DEFAULT;
    for (uint32_t i = 0; i < lq_mode_page_count; i++) {
        const struct lq_mode_page *page = &lq_mode_pages[i];
        if (!is_wanted(page, code, subpage))
            continue;
        lq_mode_values(engine, task->unit, page, control, at + bytes);
        bytes += page->bytes;
    }
    return bytes;
}

/* [SBC-4 6.5.2]; returns its length. */
static uint32_t write_block_descriptor(const struct lq_unit *unit, bool is_long, uint8_t *at)
{
    uint32_t block_bytes = unit->store->store->block_bytes;
    memset(at, 0, LONG_DESCRIPTOR_BYTES);
    if (is_long) {
        lq_put_be64(at, unit->nblocks);
        lq_put_be32(at + 12, block_bytes);
        return LONG_DESCRIPTOR_BYTES;
    }
    lq_put_be32(at, unit->nblocks > UINT32_MAX ? UINT32_MAX : (uint32_t)unit->nblocks);
    lq_put_be24(at + 5, block_bytes);
    return SHORT_DESCRIPTOR_BYTES;
}

/* DEVICE-SPECIFIC PARAMETER [SBC-4 6.5.1]: WP, and DPOFUA: DPO and FUA are understood. */
static uint8_t device_specific(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    bool is_protected = lq_unit_is_read_only(engine, task->unit, task->nexus) ||
                        task->unit->control.swp;
    return (uint8_t)((is_protected ? 0x80 : 0) | 0x10);
}

static void write_header(const struct lq_engine *engine, const struct lq_engine_task *task,
                         uint32_t bytes, uint32_t descriptor_bytes)
{
    uint8_t *data = task->buffer;
    if (header_bytes_of(task) == 4) {
        data[0] = (uint8_t)(bytes - 1 > UINT8_MAX ? UINT8_MAX : bytes - 1);
        data[2] = device_specific(engine, task);
        data[3] = (uint8_t)descriptor_bytes;
        return;
    }
    lq_put_be16(data, (uint16_t)(bytes - 2));
    data[3] = device_specific(engine, task);
    data[4] = descriptor_bytes == LONG_DESCRIPTOR_BYTES; /* LONGLBA */
    lq_put_be16(data + 6, (uint16_t)descriptor_bytes);
}

void lq_mode_sense(struct lq_engine *engine, struct lq_engine_task *task)
{
    if ((task->cdb[2] >> 6) == LQ_MODE_SAVED) {
        lq_check_condition(engine, task, 0x05, 0x39, 0x00); /* SAVING PARAMETERS NOT SUPPORTED */
        return;
    }
    uint32_t bytes = header_bytes_of(task), descriptor_bytes = 0;
    memset(task->buffer, 0, bytes);
    bool disables_descriptors = (task->cdb[1] & 0x08) != 0;
    bool is_long = bytes == 8 && (task->cdb[1] & 0x10) != 0; /* LLBAA */
    if (!disables_descriptors)
        descriptor_bytes = write_block_descriptor(task->unit, is_long, task->buffer + bytes);
    bytes += descriptor_bytes;
    uint32_t page_bytes = write_pages(engine, task, task->buffer + bytes);
    if (page_bytes == 0) {
        fail(engine, task, invalid_field);
        return;
    }
    write_header(engine, task, bytes + page_bytes, descriptor_bytes);
    lq_end_allocated(engine, task, bytes + page_bytes);
}

/* --- MODE SELECT ----------------------------------------------------------------------------- */

/* A parameter list, and the unit's pages as they are to be. */
struct selection {
    const struct lq_engine *engine;
    struct lq_unit *unit;
    const uint8_t *list;
    uint32_t bytes, at;
    uint8_t modes[LQ_MODE_BYTES_MAX];
};

/* Capacity and block length must be what they are, or be left alone by 0 (capacity also by all
 * ones) [SBC-4 6.5.2]. */
static bool keeps_geometry(const struct selection *s, uint64_t nblocks, uint64_t all_ones,
                           uint32_t block_bytes)
{
    uint64_t capacity = s->unit->nblocks < all_ones ? s->unit->nblocks : all_ones;
    return (nblocks == 0 || nblocks == all_ones || nblocks == capacity) &&
           (block_bytes == 0 || block_bytes == s->unit->store->store->block_bytes);
}

static struct lq_sense take_header(struct selection *s, uint32_t header_bytes)
{
    if (s->bytes < header_bytes)
        return list_length_error;
    bool is_ten = header_bytes == 8;
    uint8_t medium_type = s->list[is_ten ? 2 : 1];
    bool is_long = is_ten && (s->list[4] & 1) != 0;
    uint32_t descriptor_bytes = is_ten ? lq_get_be16(s->list + 6) : s->list[3];
    const uint8_t *descriptor = s->list + header_bytes;
    s->at = header_bytes + descriptor_bytes;
    if (medium_type != 0)
        return invalid_parameter;
    if (descriptor_bytes == 0)
        return no_sense;
    if (descriptor_bytes != (is_long ? LONG_DESCRIPTOR_BYTES : SHORT_DESCRIPTOR_BYTES))
        return invalid_parameter;
    if (s->at > s->bytes)
        return list_length_error;
    bool keeps = is_long ? keeps_geometry(s, lq_get_be64(descriptor), UINT64_MAX,
                                          lq_get_be32(descriptor + 12))
                         : keeps_geometry(s, lq_get_be32(descriptor), UINT32_MAX,
                                          lq_get_be24(descriptor + 5));
    return keeps ? no_sense : invalid_parameter;
}

static struct lq_sense take_values(struct selection *s, const struct lq_mode_page *page,
                                   const uint8_t *values)
{
    uint8_t changeable[LQ_MODE_PAGE_BYTES_MAX];
    uint8_t *to = s->modes + (lq_mode_current(s->unit, page) - s->unit->modes);
    lq_mode_values(s->engine, s->unit, page, LQ_MODE_CHANGEABLE, changeable);
    for (uint32_t i = page->subpage == 0 ? 2 : 4; i < page->bytes; i++) {
        if (((values[i] ^ to[i]) & ~changeable[i]) != 0)
            return invalid_parameter;
        to[i] = values[i];
    }
    return page->accepts == NULL || page->accepts(to) ? no_sense : invalid_parameter;
}

static struct lq_sense take_page(struct selection *s)
{
    const uint8_t *header = s->list + s->at;
    uint32_t left = s->bytes - s->at;
    if (left < 2)
        return list_length_error;
    bool has_subpage = (header[0] & SUBPAGE_FORMAT) != 0;
    if (has_subpage && left < 4)
        return list_length_error;
    const struct lq_mode_page *page =
        lq_mode_page_find(header[0] & PAGE_CODE, has_subpage ? header[1] : 0);
    if (page == NULL || (page->subpage != 0) != has_subpage)
        return invalid_parameter;
    uint32_t bytes = has_subpage ? 4U + lq_get_be16(header + 2) : 2U + header[1];
    if (bytes != page->bytes)
        return invalid_parameter;
    if (bytes > left)
        return list_length_error;
    s->at += bytes;
    return take_values(s, page, header);
}

/* All of the list is looked at before anything of it holds [SPC-5 6.9]. */
static struct lq_sense take_list(struct selection *s, uint32_t header_bytes)
{
    struct lq_sense sense = take_header(s, header_bytes);
    while (sense.key == 0 && s->at < s->bytes)
        sense = take_page(s);
    return sense;
}

/* MODE PARAMETERS CHANGED, for everybody else [SPC-5 6.9]. */
static void tell_others(struct lq_engine *engine, const struct lq_engine_task *task)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->known && nexus->target == task->unit->target && nexus != task->nexus)
            lq_ua_establish(engine, nexus, task->unit, (struct lq_ua){0x2a, 0x01});
    }
}

/* What is in a cache that is switched off must be on the medium when the command ends [SBC-4
 * 6.5.6], and so must what was cached before the medium is write protected [SPC-5 7.5.10]. */
static bool wants_flush(const struct lq_engine *engine, const struct lq_unit *unit,
                        struct lq_control before)
{
    return lq_has_write_cache(engine, unit) &&
           ((before.write_cache && !unit->control.write_cache) ||
            (!before.swp && unit->control.swp));
}

/* What has been changed holds; GOOD only when the flush that belongs to it was good, should it also
 * be that of an earlier MODE SELECT which was not. */
static void finish(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->unit->owes_flush)
        lq_synchronize_cache(engine, task);
    else
        lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_mode_select_flushed(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->unit->owes_flush = false;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

static void change(struct lq_engine *engine, struct lq_engine_task *task,
                   const struct selection *s)
{
    struct lq_unit *unit = task->unit;
    struct lq_control before = unit->control;
    memcpy(unit->modes, s->modes, sizeof unit->modes);
    lq_modes_hold(engine, unit, task->nexus->hash, task->serial);
    if (!lq_core_wrong(engine, LQ_WRONG_MODE_SELECT_TELLS_NOBODY))
        tell_others(engine, task);
    unit->owes_flush |= wants_flush(engine, unit, before);
    finish(engine, task);
}

void lq_mode_select(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct selection s = {.engine = engine, .unit = task->unit, .list = task->buffer,
                          .bytes = (uint32_t)task->defined_bytes};
    bool is_page_format = (task->cdb[1] & 0x10) != 0; /* PF */
    if ((task->cdb[1] & 0x01) != 0) { /* SP: no page can be saved */
        fail(engine, task, invalid_field);
        return;
    }
    if (s.bytes == 0) { /* no data is no error [SPC-5 6.9] */
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return;
    }
    memcpy(s.modes, task->unit->modes, sizeof s.modes);
    struct lq_sense sense = !is_page_format ? invalid_field
                            : task->out_bytes < s.bytes ? list_length_error
                                                        : take_list(&s, header_bytes_of(task));
    if (sense.key != 0)
        fail(engine, task, sense);
    else if (memcmp(s.modes, task->unit->modes, sizeof s.modes) == 0 ||
             lq_core_wrong(engine, LQ_WRONG_MODE_SELECT_FORGOTTEN))
        finish(engine, task);
    else
        change(engine, task, &s);
}
