/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode pages [SPC-5 7.5; SBC-4 6.5]: a table with one row a page, and each logical unit's values.
 *
 * A page has default values, a mask of what MODE SELECT may change, and current values, which are
 * the unit's and shared by all I_T nexuses. Saved values are not there: PS is 0, and SP is refused.
 * device_mode.c reads and writes pages, whoever depends on a parameter reads lq_control.
 *
 * Used by core/ only.
 */
#ifndef LQ_CORE_MODES_H
#define LQ_CORE_MODES_H

#include <stdbool.h>
#include <stdint.h>

struct lq_engine;
struct lq_unit;

enum {
    LQ_MODE_BYTES_MAX = 512,     /* of all pages of a unit */
    LQ_MODE_PAGE_BYTES_MAX = 64, /* of one */
    LQ_PAGE_CACHING = 0x08,
    LQ_PAGE_CONTROL = 0x0a,
};

/* PC field of MODE SENSE [SPC-5 6.14.3]. */
enum lq_page_control {
    LQ_MODE_CURRENT,
    LQ_MODE_CHANGEABLE,
    LQ_MODE_DEFAULT,
    LQ_MODE_SAVED
};

/* Header included, as it is in the mode data; SUBPAGE 0: in page_0 format. */
struct lq_mode_page {
    uint8_t code, subpage;
    uint16_t bytes;
    uint8_t defaults[LQ_MODE_PAGE_BYTES_MAX];
    uint8_t changeable[LQ_MODE_PAGE_BYTES_MAX]; /* bits that MODE SELECT may change */
    /* What depends on the unit, into the default values or the changeable bits; NULL: nothing. */
    void (*adjust)(const struct lq_engine *engine, const struct lq_unit *unit,
                   enum lq_page_control control, uint8_t *page);
    /* False: these values may not be set together, though each bit of them may; NULL: all may. */
    bool (*accepts)(const uint8_t *page);
};

/* In order of page code and subpage code. */
extern const struct lq_mode_page lq_mode_pages[];
extern const uint32_t lq_mode_page_count;

/* QERR [SPC-5 7.5.10]: which commands a CHECK CONDITION aborts. */
enum lq_qerr {
    LQ_QERR_NONE = 0,
    LQ_QERR_ALL = 1,  /* those of its task set */
    LQ_QERR_NEXUS = 3 /* those of its I_T nexus */
};

/* What the Control and Caching mode pages say, for those whose behaviour depends on it. */
struct lq_control {
    bool is_per_nexus; /* TST 001b: a task set for each I_T nexus */
    enum lq_qerr qerr;
    bool tmf_only;    /* during ACA no command of the faulted I_T nexus either */
    bool tas;         /* TASK ABORTED for commands that another I_T nexus aborts */
    bool d_sense;     /* sense data in descriptor format */
    bool swp;         /* software write protect */
    bool write_cache; /* WCE */
};

/* NULL: there is no such page. */
const struct lq_mode_page *lq_mode_page_find(uint8_t code, uint8_t subpage);

/* UNIT's current values of PAGE, a row of the table. */
uint8_t *lq_mode_current(struct lq_unit *unit, const struct lq_mode_page *page);

/* The values of PAGE that CONTROL asks for, to AT (page->bytes of it); not LQ_MODE_SAVED. */
void lq_mode_values(const struct lq_engine *engine, const struct lq_unit *unit,
                    const struct lq_mode_page *page, enum lq_page_control control, uint8_t *at);

/* All parameters of UNIT are what they are by default: it is new, or it was reset. */
void lq_modes_reset(struct lq_engine *engine, struct lq_unit *unit);

/* UNIT's current values have changed, by command SERIAL of NEXUS_HASH (0, 0: by a reset): they hold
 * from now on. */
void lq_modes_hold(struct lq_engine *engine, struct lq_unit *unit, uint64_t nexus_hash,
                   uint64_t serial);

#endif
