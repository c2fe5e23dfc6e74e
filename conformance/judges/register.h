/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks as registers: is there a placement of all writes that explains all reads? Internal to the
 * DATA judge; times are sequence numbers of the history.
 *
 * Method (P. B. Gibbons, E. Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997, for
 * reads that tell which write they saw): let a value's FIRST END be the earliest end of its write
 * and its reads, and its LAST BEGIN the latest begin of any of them. The history is explained if
 * and only if no value is read before its write began, and there are no two values u, v of which
 *
 *     first_end(u) < last_begin(v)  and  first_end(v) < last_begin(u)
 *
 * that is, something of u was over before something of v began, and the other way round.
 *
 * Incremental: a value's first end is set once; only a read that ends moves a last begin, to its
 * own begin or not at all. So when a read that began at T ends with v, it suffices to ask whether
 * another value u with first_end(u) < T has last_begin(u) > first_end(v). Of the values whose first
 * end lies between the begins of the same two open reads only the two latest last begins can ever
 * decide that: they are kept in a bucket. A block has one bucket more than it has open reads.
 */
#ifndef LQ_CONFORMANCE_JUDGES_REGISTER_H
#define LQ_CONFORMANCE_JUDGES_REGISTER_H

#include "conformance/judges/grow.h"
#include "core/base/history.h"

#define LQ_NEVER_ENDED UINT64_MAX

/* The content that one write gave, or would have given, to one block; or its initial content. */
struct lq_value {
    uint32_t write;  /* number of the write, LQ_NONE: initial content */
    bool is_there;   /* a write that certainly took effect, or some read saw it */
    bool is_shared;  /* another write gave the same content: reads do not tell them apart */
    uint32_t before; /* value whose place it took at once; LQ_NONE: not known */
    uint32_t after;  /* value that took its place at once */
    uint32_t epoch;  /* the owner's: when its place in the order began to count */
    uint64_t first_end;  /* LQ_NEVER_ENDED at first */
    uint64_t last_begin; /* of its write and reads */
    uint64_t first_seen; /* end of the first read that saw it, LQ_NEVER_ENDED before */
    const struct lq_event *first_end_event, *last_begin_event;
};

struct lq_bucket {
    uint64_t begin; /* of the read that opened it; 0: the block's own */
    uint32_t next;  /* later bucket, LQ_NONE */
    struct {
        uint32_t value; /* LQ_NONE: none */
        uint64_t last_begin;
    } top[2]; /* the two latest, latest first */
};

struct lq_block {
    struct lq_bucket bucket;  /* the earliest */
    uint32_t initial;         /* value, LQ_NONE: not read yet */
    uint32_t marks;           /* the owner's; and the next */
    uint32_t epoch;
};

enum { LQ_PAGE_BLOCKS = 8 }; /* neighbours are mostly asked for together */

struct lq_page {
    uint64_t key;
    struct lq_block blocks[LQ_PAGE_BLOCKS];
};

struct lq_registers {
    struct lq_array pages, buckets, values;
    struct lq_map page_of;  /* (store, lba / LQ_PAGE_BLOCKS) */
    struct lq_page *newest; /* the page asked for last, NULL at first */
    uint32_t free_bucket;   /* chain by next */
};

void lq_registers_init(struct lq_registers *registers);
void lq_registers_free(struct lq_registers *registers, struct lq_allocator allocator);
void lq_registers_reset(struct lq_registers *registers);

struct lq_block *lq_registers_block(struct lq_registers *registers, struct lq_allocator allocator,
                                    uint32_t store, uint64_t lba);

static inline struct lq_value *lq_registers_value(const struct lq_registers *registers,
                                                  uint32_t value)
{
    return lq_array_at(&registers->values, value);
}

/* A read of BLOCK began at BEGIN; and is over, whatever came of it. */
void lq_registers_open(struct lq_registers *registers, struct lq_allocator allocator,
                       struct lq_block *block, uint64_t begin);
void lq_registers_close(struct lq_registers *registers, struct lq_block *block, uint64_t begin);

/* What was known of the order of BLOCK holds no longer; reads that are open stay open. */
void lq_registers_restart(struct lq_registers *registers, struct lq_block *block);

/* VALUE is certainly in the order of BLOCK now: first_end and last_begin are set. */
void lq_registers_enter(struct lq_registers *registers, struct lq_block *block, uint32_t value);

/* A value that contradicts that a read of BLOCK, which began at BEGIN and is still open, saw VALUE;
 * LQ_NONE when nothing does. */
uint32_t lq_registers_contradicts(const struct lq_registers *registers,
                                  const struct lq_block *block, uint32_t value,
                                  const struct lq_event *begin);

/* A read of BLOCK that began at BEGIN (and is still open) saw VALUE, whose first_end is set.
 * Returns a value that contradicts it, LQ_NONE when all is explained. Moves last_begin. */
uint32_t lq_registers_read(struct lq_registers *registers, struct lq_block *block, uint32_t value,
                           const struct lq_event *begin);

#endif
