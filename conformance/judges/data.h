/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the DATA judge share: data.c (the part), data_blocks.c (blocks and epochs),
 * data_writes.c, data_fences.c, data_forged.c (what the network forged), data_reads.c.
 */
#ifndef LQ_CONFORMANCE_JUDGES_DATA_H
#define LQ_CONFORMANCE_JUDGES_DATA_H

#include "conformance/judges/internal.h"
#include "conformance/judges/register.h"

enum write_state {
    WRITE_OPEN,     /* no status yet, and perhaps never */
    WRITE_GOOD,
    WRITE_MAYBE,    /* ended otherwise: may have had effect until then */
    WRITE_NO_EFFECT /* its status says that nothing happened */
};

enum { BLOCKS_MAX = 1 << 16 }; /* of one command; what is longer is not judged */

struct write {
    struct lq_seen_command *command;
    enum write_state state;
    enum lq_property_place fence_property;
    const struct lq_event *fence; /* NULL: may still take effect */
    const struct lq_event *ended; /* status, when it had one */
    const struct lq_event *seen_by, *seen_end; /* first read that saw it: sent, and status */
    uint32_t first_run, last_run; /* LQ_NONE: no data recorded */
    struct lq_link unfenced; /* in its nexus's list */
};

struct run {
    uint32_t write, next; /* next run of the same write */
    uint32_t same;        /* next run with the same content */
    uint32_t store;
    uint32_t nblocks;
    uint32_t first_value; /* of its first block; the others follow */
    uint64_t lba, content;
};

struct read_run {
    const struct lq_event *data;
    uint32_t next;
};

/* By command. */
struct known {
    uint32_t write;               /* LQ_NONE: it is none */
    uint32_t first_read, last_read; /* read_run, LQ_NONE */
    bool is_open_read;
};

struct data {
    struct lq_registers registers;
    struct lq_array writes, runs, read_runs, known; /* known: by command */
    struct lq_array unfenced;                       /* struct lq_link by nexus */
    struct lq_map run_of; /* (store, content) -> newest run */
    /* Stores that lost power, or lied, forget the order of their blocks: each such event begins an
     * epoch, number 1 the first. */
    struct lq_array losses;      /* const struct lq_event * by epoch - 1 */
    struct lq_map store_epoch; /* by store: of its newest loss of power */
    struct lq_map doubted;     /* stores that a forged command may have changed anywhere */
    const struct lq_event *crash; /* the newest; NULL: none */
    uint32_t zeros_bytes;         /* the block size of which `zeros' is the content of zeros */
    uint64_t zeros;
};

/* MARK_CORRUPTED: its store lies about this block, until it is written again; and once more when
 * that write may have been lost (MARK_LIED). MARK_DOUBTED: the network forged a write of it, or
 * brought a copy of one late; never taken back. */
enum { MARK_TM = 1, MARK_NEXUS = 2, MARK_WRITTEN = 4, MARK_CRASH = 8, MARK_CORRUPTED = 16,
       MARK_LIED = 32, MARK_DOUBTED = 64 };

static inline struct data *lq_data_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_DATA];
}

struct known *lq_data_known(struct lq_judge *judge, const struct lq_seen_command *command);
/* The writes of NEXUS that may still have an effect: struct write. */
struct lq_link *lq_data_unfenced_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus);

/* --- data_blocks.c --------------------------------------------------------------------------- */

/* Block LBA of STORE, in its present epoch; and the event that began it, NULL: the start. */
struct lq_block *lq_data_block(struct lq_judge *judge, uint32_t store, uint64_t lba);
const struct lq_event *lq_data_loss(const struct lq_judge *judge, const struct lq_block *block);

void lq_data_store_lost_power(struct lq_judge *judge, const struct lq_event *event);

/* The store lies about some blocks: nothing that is read there is the target's fault until they
 * are written again. */
void lq_data_blocks_corrupted(struct lq_judge *judge, const struct lq_event *event);

/* STATUS ends a write of VALUE that began after the lie: from now on BLOCK can be judged again. */
void lq_data_block_mended(struct lq_judge *judge, struct lq_block *block, struct lq_value *value,
                          const struct lq_event *status);

/* Whatever the blocks of STORE have from now on is nobody's fault. */
void lq_data_doubt_store(struct lq_judge *judge, uint32_t store);
bool lq_data_is_doubted(const struct lq_judge *judge, uint32_t store);

/* The key of struct data.run_of. */
uint64_t lq_data_content_key(uint32_t store, uint64_t content);

/* Content that a block of this size has before anything was written. */
uint64_t lq_data_initial_content(struct data *data, uint32_t block_bytes);

bool lq_data_is_on_medium(const struct lq_seen_unit *unit, uint64_t lba, uint32_t nblocks);

/* --- data_writes.c --------------------------------------------------------------------------- */

void lq_data_write_begins(struct lq_judge *judge, struct lq_seen_command *command);
void lq_data_write_data(struct lq_judge *judge, const struct lq_event *event);
void lq_data_write_ends(struct lq_judge *judge, struct write *write,
                        const struct lq_event *status);

/* Nothing of WRITE happens after EVENT; if a read sees it later, PROPERTY is at stake. */
void lq_data_fence(struct lq_judge *judge, struct write *write, const struct lq_event *event,
                   enum lq_property_place property);

/* COUNT values of write number WRITE (LQ_NONE: initial content), which began with BEGIN. Returns
 * the place of the first. */
uint32_t lq_data_add_values(struct lq_judge *judge, uint32_t count, uint32_t write,
                            const struct lq_event *begin);

/* WRITE ended without effect by its status, but READ saw it. */
void lq_data_convict_no_effect(struct lq_judge *judge, const struct write *write,
                               const struct lq_event *read, const struct lq_event *read_end);

/* --- data_fences.c --------------------------------------------------------------------------- */

/* The store of WRITE cannot fence. */
bool lq_data_is_unfenced(struct lq_judge *judge, const struct write *write);
/* A TM function has been answered. */
void lq_data_function_done(struct lq_judge *judge, const struct lq_event *event);
/* The session of EVENT's connection is over, or all but that of this connection when IS_NEW. */
void lq_data_session_over(struct lq_judge *judge, const struct lq_event *event, bool is_new);
void lq_data_power(struct lq_judge *judge, const struct lq_event *event);

/* EVENT: the initiator of PREEMPT, a PREEMPT AND ABORT, has its GOOD. Writes of NEXUS, which it
 * preempted, that were in the task set when it began take effect before that, or never. */
void lq_data_fence_preempted(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                             const struct lq_seen_task *preempt, const struct lq_event *event);

/* --- data_forged.c --------------------------------------------------------------------------- */

/* Whatever these blocks have is nobody's fault any more. */
void lq_data_doubt(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                   uint64_t nblocks);
void lq_data_fault_strikes(struct lq_judge *judge, const struct lq_event *fault);
void lq_data_task_received(struct lq_judge *judge, const struct lq_event *event);
void lq_data_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu);

/* --- data_reads.c ---------------------------------------------------------------------------- */

/* A read begins or is over (BEGINS); returned data; ended GOOD with END. */
void lq_data_read_moves(struct lq_judge *judge, struct lq_seen_command *command, bool begins);
void lq_data_read_data(struct lq_judge *judge, const struct lq_event *event);
void lq_data_read_ends(struct lq_judge *judge, struct lq_seen_command *read,
                       const struct lq_event *end);

/* The value of this content that block LBA can have; LQ_NONE when there is none. */
uint32_t lq_data_find_value(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                            uint64_t content);

/* --- data_compare.c -------------------------------------------------------------------------- */

/* WRITE has ended GOOD: a COMPARE AND WRITE when it has read something, too. */
void lq_data_compared(struct lq_judge *judge, const struct write *write);
/* READ saw VALUE in BLOCK at LBA. */
void lq_data_seen_after(struct lq_judge *judge, const struct lq_seen_command *read,
                        const struct lq_block *block, uint32_t value, uint64_t lba);

/* data_digest.c */
void lq_data_digest(struct lq_judge *judge, struct lq_digest *digest);

#endif
