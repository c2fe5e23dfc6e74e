/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PERSISTENT RESERVE OUT under way: what its service actions share. persistent.c has those of
 * reservations and the table of all, persistent_register.c those that register.
 */
#ifndef LQ_CORE_PERSISTENT_H
#define LQ_CORE_PERSISTENT_H

#include "core/device.h"

/* Service actions [SPC-4 t174]. */
enum lq_persist_action {
    LQ_PERSIST_REGISTER,
    LQ_PERSIST_RESERVE,
    LQ_PERSIST_RELEASE,
    LQ_PERSIST_CLEAR,
    LQ_PERSIST_PREEMPT,
    LQ_PERSIST_PREEMPT_AND_ABORT,
    LQ_PERSIST_REGISTER_AND_IGNORE,
    LQ_PERSIST_REGISTER_AND_MOVE,
    LQ_PERSIST_REPLACE_LOST,
    LQ_PERSIST_ACTIONS
};

enum { LQ_PERSIST_LIST_BYTES = 24 }; /* the basic parameter list */

/* RESERVATIONS PREEMPTED, RESERVATIONS RELEASED, REGISTRATIONS PREEMPTED [SPC-4 t D.1] */
enum {
    LQ_PERSIST_PREEMPTED = 0x03,
    LQ_PERSIST_RELEASED = 0x04,
    LQ_PERSIST_REGISTRATIONS_PREEMPTED = 0x05
};

/* What the CDB and the parameter list say [SPC-4 6.16.3]. */
struct lq_persist {
    struct lq_engine_task *task;
    struct lq_unit *unit;
    struct lq_registration *own; /* NULL: not registered */
    const uint8_t *list;
    uint32_t list_bytes;
    uint8_t action, scope, type;
    uint64_t key, service_key;
    bool spec_i_pt, all_tg_pt, aptpl;
    bool rehearses; /* tells nobody, aborts nothing, and does not end what ends well */
};

/* How it ends; a rehearsal goes on where it would end well. */
void lq_persist_end_good(struct lq_engine *engine, const struct lq_persist *request);
void lq_persist_end_conflict(struct lq_engine *engine, const struct lq_persist *request);
void lq_persist_end_sense(struct lq_engine *engine, const struct lq_persist *request,
                          struct lq_sense sense);

/* PRGENERATION counts requests that were carried out [SPC-4 5.13.5]: not RESERVE, not RELEASE. */
void lq_persist_count_generation(const struct lq_engine *engine, const struct lq_persist *request);

/* RESERVATIONS ... by ASCQ, to every registered I_T nexus but the request's own. */
void lq_persist_tell_all(struct lq_engine *engine, const struct lq_persist *request, uint8_t ascq);

/* --- persistent_register.c ------------------------------------------------------------------- */

enum { LQ_PERSIST_MOVE_UNREG = 0x02, LQ_PERSIST_MOVE_APTPL = 0x01 };

/* REGISTER and REGISTER AND IGNORE EXISTING KEY [SPC-4 5.13.7]; the key has been looked at. */
void lq_persist_register(struct lq_engine *engine, const struct lq_persist *request);
/* REGISTER AND MOVE [SPC-4 5.13.8, 6.16.4] */
void lq_persist_move(struct lq_engine *engine, const struct lq_persist *request);

#endif
