/* SPDX-License-Identifier: Apache-2.0 */
/* MODE SENSE and the mode pages [SPC-4 6.11, 7.5; SBC-3 6.5]: one row a page. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

enum page_control { CURRENT, CHANGEABLE, DEFAULT, SAVED };

/* Writes the whole page, header included; returns its bytes. CONTROL is never SAVED. */
typedef uint32_t (*page_writer)(const struct lq_engine *engine, const struct lq_unit *unit,
                                enum page_control control, uint8_t *page);

struct mode_page {
    uint8_t code;
    page_writer write;
};

/* Caching [SBC-3 6.5.5]: WCE says whether a completed write may still be volatile. */
static uint32_t caching_page(const struct lq_engine *engine, const struct lq_unit *unit,
                             enum page_control control, uint8_t *page)
{
    memset(page, 0, 20);
    page[0] = 0x08;
    page[1] = 18;
    if (control != CHANGEABLE && lq_has_write_cache(engine, unit))
        page[2] = 0x04;
    return 20;
}

/*
 * Control [SPC-4 7.5.8]: TST 000b (one task set for all I_T nexuses), D_SENSE 0, QUEUE ALGORITHM
 * MODIFIER 1 (unrestricted reordering: SIMPLE commands run as they come), QERR 00b, TAS 0.
 */
static uint32_t control_page(const struct lq_engine *engine, const struct lq_unit *unit,
                             enum page_control control, uint8_t *page)
{
    (void)engine, (void)unit;
    memset(page, 0, 12);
    page[0] = 0x0a;
    page[1] = 10;
    if (control != CHANGEABLE) {
        page[3] = 0x10;
        lq_put_be16(page + 8, 0xffff); /* BUSY TIMEOUT PERIOD: not limited */
    }
    return 12;
}

static const struct mode_page pages[] = {{0x08, caching_page}, {0x0a, control_page}};

enum {
    PAGES = sizeof pages / sizeof pages[0],
    ALL_PAGES = 0x3f,
    ALL_SUBPAGES = 0xff,
    BLOCK_DESCRIPTOR_BYTES = 8
};

/* Number of bytes written to AT, 0 when there is no such page. */
static uint32_t write_pages(const struct lq_engine *engine, const struct lq_engine_task *task,
                            uint8_t *at)
{
    uint8_t code = task->cdb[2] & 0x3f, subpage = task->cdb[3];
    enum page_control control = (enum page_control)(task->cdb[2] >> 6);
    if (subpage != 0 && subpage != ALL_SUBPAGES)
        return 0;
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < PAGES; i++)
        if (code == ALL_PAGES || code == pages[i].code)
            bytes += pages[i].write(engine, task->unit, control, at + bytes);
    return bytes;
}

/* Short block descriptor [SBC-3 6.5.2.2]. */
static uint32_t write_block_descriptor(const struct lq_unit *unit, uint8_t *at)
{
    memset(at, 0, BLOCK_DESCRIPTOR_BYTES);
    lq_put_be32(at, unit->nblocks > UINT32_MAX ? UINT32_MAX : (uint32_t)unit->nblocks);
    lq_put_be24(at + 5, unit->store->store->block_bytes);
    return BLOCK_DESCRIPTOR_BYTES;
}

static void mode_sense(struct lq_engine *engine, struct lq_engine_task *task, uint32_t header_bytes)
{
    if ((task->cdb[2] >> 6) == SAVED) {
        lq_check_condition(engine, task, 0x05, 0x39, 0x00); /* SAVING PARAMETERS NOT SUPPORTED */
        return;
    }
    uint8_t *data = task->buffer;
    memset(data, 0, header_bytes);
    bool disables_descriptors = (task->cdb[1] & 0x08) != 0;
    uint32_t descriptors =
        disables_descriptors ? 0 : write_block_descriptor(task->unit, data + header_bytes);
    uint32_t bytes = write_pages(engine, task, data + header_bytes + descriptors);
    if (bytes == 0) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    bytes += header_bytes + descriptors;
    /* DEVICE-SPECIFIC PARAMETER [SBC-3 6.5.1]: WP, and DPOFUA: DPO and FUA are understood. */
    bool is_protected = lq_unit_is_read_only(engine, task->unit, task->nexus);
    uint8_t specific = (uint8_t)((is_protected ? 0x80 : 0) | 0x10);
    if (header_bytes == 4) {
        data[0] = (uint8_t)(bytes - 1);
        data[2] = specific;
        data[3] = (uint8_t)descriptors;
    } else {
        lq_put_be16(data, (uint16_t)(bytes - 2));
        data[3] = specific;
        lq_put_be16(data + 6, (uint16_t)descriptors);
    }
    lq_end_allocated(engine, task, bytes);
}

void lq_mode_sense_6(struct lq_engine *engine, struct lq_engine_task *task)
{
    mode_sense(engine, task, 4);
}

void lq_mode_sense_10(struct lq_engine *engine, struct lq_engine_task *task)
{
    mode_sense(engine, task, 8);
}
