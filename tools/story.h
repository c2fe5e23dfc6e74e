/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run as people read it: rows in order of time, each with the lanes (initiators, target, stores)
 * that it is about and one line of text. The ladder (ladder.h) and the page (page.h) show it.
 *
 * What this is not: a judge. PDUs are put together from the taps by the judges' lenient reader.
 *
 * Use: make one, attach its sink to a history, run; reset before the next run.
 */
#ifndef LQ_TOOLS_STORY_H
#define LQ_TOOLS_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"

struct lq_story;

enum lq_story_kind {
    LQ_STORY_PDU,    /* from lane to lane */
    LQ_STORY_STORE,  /* a request or its end, from lane to lane; or an effect, in a store's lane */
    LQ_STORY_EVENT,  /* in the lane of an initiator or the target */
    LQ_STORY_FAULT,  /* something was broken */
    LQ_STORY_WORLD   /* of no lane: phases, bounds, stores */
};

enum { LQ_STORY_TEXT_MAX = 160, LQ_STORY_LANES_MAX = 16, LQ_STORY_HEADER_BYTES = 48 };

struct lq_story_row {
    uint64_t time_ns, seq;
    enum lq_story_kind kind;
    uint16_t from, to;    /* lanes; equal: a point */
    uint32_t connection;  /* 0: none */
    uint64_t nexus;       /* 0: not known */
    uint64_t tag;         /* initiator task tag; meaningful when has_tag */
    bool has_tag;
    struct lq_event event; /* kind LQ_EVENT_NONE: a PDU */
    uint8_t header[LQ_STORY_HEADER_BYTES]; /* of a PDU */
    uint32_t data_bytes;   /* of its data segment */
    char text[LQ_STORY_TEXT_MAX];
};

struct lq_story *lq_story_make(void);
void lq_story_free(struct lq_story *story);
void lq_story_reset(struct lq_story *story);

/* What to attach. */
struct lq_history_sink lq_story_sink(struct lq_story *story);

/* Names initiator NUMBER (from 1) as a scenario does; else it is "i1", "i2", ... */
void lq_story_name(struct lq_story *story, uint32_t number, const char *name);

uint32_t lq_story_rows(const struct lq_story *story);
/* Row INDEX, its lanes numbered. */
void lq_story_row(const struct lq_story *story, uint32_t index, struct lq_story_row *row);

/* Lanes from left to right: the initiators, the target, the stores. */
uint32_t lq_story_lanes(const struct lq_story *story);
const char *lq_story_lane(const struct lq_story *story, uint32_t lane);

/* The last row that is not later than record SEQ; 0 when there is none. */
uint32_t lq_story_row_of(const struct lq_story *story, uint64_t seq);

#endif
