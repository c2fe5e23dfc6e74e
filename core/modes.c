/* SPDX-License-Identifier: Apache-2.0 */
#include "core/modes.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

/* --- the pages ------------------------------------------------------------------------------- */

enum { WCE = 0x04 };
enum { TST = 0xe0, TMF_ONLY = 0x10, D_SENSE = 0x04, QERR = 0x06, SWP = 0x08, TAS = 0x40 };

/* WCE says whether a completed write may still be volatile [SBC-4 6.5.6]: without a cache it is 0
 * for good. */
static void adjust_caching(const struct lq_engine *engine, const struct lq_unit *unit,
                           enum lq_page_control control, uint8_t *page)
{
    (void)control;
    if (!lq_has_write_cache(engine, unit))
        page[2] &= (uint8_t)~WCE;
}

/* The other values are reserved [SPC-5 7.5.10]. */
static bool accepts_control(const uint8_t *page)
{
    return (page[2] & TST) <= 0x20 && (page[3] & QERR) != 0x04;
}

const struct lq_mode_page lq_mode_pages[] = {
    {.code = LQ_PAGE_CACHING,
     .bytes = 20,
     .defaults = {0x08, 18, WCE},
     .changeable = {0x08, 18, WCE},
     .adjust = adjust_caching},
    /*
     * Control [SPC-5 7.5.10]: TST 000b (one task set for all I_T nexuses), QUEUE ALGORITHM MODIFIER
     * 1 (SIMPLE commands run as they come), QERR 00b, TAS 0, BUSY TIMEOUT PERIOD not limited.
     */
    {.code = LQ_PAGE_CONTROL,
     .bytes = 12,
     .defaults = {0x0a, 10, 0, 0x10, 0, 0, 0, 0, 0xff, 0xff},
     .changeable = {0x0a, 10, TST | TMF_ONLY | D_SENSE, QERR, SWP, TAS},
     .accepts = accepts_control},
};

const uint32_t lq_mode_page_count = sizeof lq_mode_pages / sizeof lq_mode_pages[0];

/* --- values ---------------------------------------------------------------------------------- */

const struct lq_mode_page *lq_mode_page_find(uint8_t code, uint8_t subpage)
{
    for (uint32_t i = 0; i < lq_mode_page_count; i++)
        if (lq_mode_pages[i].code == code && lq_mode_pages[i].subpage == subpage)
            return &lq_mode_pages[i];
    return NULL;
}

static uint32_t offset_of(const struct lq_mode_page *page)
{
    uint32_t offset = 0;
    for (const struct lq_mode_page *before = lq_mode_pages; before != page; before++)
        offset += before->bytes;
    LQ_ASSERT(offset + page->bytes <= LQ_MODE_BYTES_MAX);
    return offset;
}

uint8_t *lq_mode_current(struct lq_unit *unit, const struct lq_mode_page *page)
{
    return unit->modes + offset_of(page);
}

void lq_mode_values(const struct lq_engine *engine, const struct lq_unit *unit,
                    const struct lq_mode_page *page, enum lq_page_control control, uint8_t *at)
{
    const uint8_t *from = control == LQ_MODE_CURRENT      ? unit->modes + offset_of(page)
                          : control == LQ_MODE_CHANGEABLE ? page->changeable
                                                          : page->defaults;
    memcpy(at, from, page->bytes);
    if (control != LQ_MODE_CURRENT && page->adjust != NULL)
        page->adjust(engine, unit, control, at);
}

/* --- what holds ------------------------------------------------------------------------------ */

/* The record has the bytes that MODE SENSE shows. */
static void record_modes(struct lq_engine *engine, struct lq_unit *unit, uint64_t nexus_hash,
                         uint64_t serial)
{
    const uint8_t *control = lq_mode_current(unit, lq_mode_page_find(LQ_PAGE_CONTROL, 0));
    const uint8_t *caching = lq_mode_current(unit, lq_mode_page_find(LQ_PAGE_CACHING, 0));
    lq_record(engine, (struct lq_event){.kind = LQ_E_MODES,
                                        .target = unit->target,
                                        .nexus = nexus_hash,
                                        .serial = serial,
                                        .lun = lq_lun_of_unit(unit),
                                        .code = lq_get_be32(control + 2),
                                        .detail = caching[2]});
}

void lq_modes_hold(struct lq_engine *engine, struct lq_unit *unit, uint64_t nexus_hash,
                   uint64_t serial)
{
    const uint8_t *control = lq_mode_current(unit, lq_mode_page_find(LQ_PAGE_CONTROL, 0));
    const uint8_t *caching = lq_mode_current(unit, lq_mode_page_find(LQ_PAGE_CACHING, 0));
    unit->control = (struct lq_control){
        .is_per_nexus = (control[2] & TST) == 0x20,
        .qerr = (enum lq_qerr)((control[3] & QERR) >> 1),
        .tmf_only = (control[2] & TMF_ONLY) != 0,
        .tas = (control[5] & TAS) != 0,
        .d_sense = (control[2] & D_SENSE) != 0,
        .swp = (control[4] & SWP) != 0,
        .write_cache = (caching[2] & WCE) != 0,
    };
    record_modes(engine, unit, nexus_hash, serial);
    lq_taskset_changed(engine, unit);
}

void lq_modes_reset(struct lq_engine *engine, struct lq_unit *unit)
{
    for (uint32_t i = 0; i < lq_mode_page_count; i++)
        lq_mode_values(engine, unit, &lq_mode_pages[i], LQ_MODE_DEFAULT,
                       lq_mode_current(unit, &lq_mode_pages[i]));
    lq_modes_hold(engine, unit, 0, 0);
}
