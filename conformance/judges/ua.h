/* SPDX-License-Identifier: Apache-2.0 */
/* What the UA judge keeps, shared by ua.c and ua_digest.c. */
#ifndef LQ_CONFORMANCE_JUDGES_UA_H
#define LQ_CONFORMANCE_JUDGES_UA_H

#include "conformance/judges/internal.h"
#include "conformance/judges/ua_kinds.h"

struct condition {
    bool owed;     /* must be reported */
    bool put_back; /* owed because its status was lost */
    bool claimed;  /* the engine says that it is pending */
    bool early;    /* was reported by a function not answered yet */
    uint32_t allowed; /* may be reported so many times without being owed */
    uint32_t reported;
    const struct lq_event *cause, *last_report;
};

struct place { /* an I_T_L nexus */
    struct condition conditions[KINDS];
    /* The CLEAR TASK SET of another that certainly ended a command, and the newest that came while
     * there were commands. */
    const struct lq_seen_function *cleared_by;
    const struct lq_event *clearing;
    uint64_t faulted; /* serial of the command by whose fault QERR has aborted some; 0: none */
    /* The engine's newest merging of all that was pending into 29/00; what was established at that
     * moment is in it. */
    const struct lq_event *merged;
};

enum { OPEN_MAX = 64, STORE_WAS_RESET = 5 /* history.h, LQ_S_COMPLETED */ };

struct ua {
    struct lq_array places;
    struct lq_map place_of; /* nexus << 32 | unit */
    const struct lq_event *restarted; /* the target's newest start after its first, or NULL */
    uint32_t open_count;    /* CLEAR TASK SETs under way */
    const struct lq_seen_function *open[OPEN_MAX];
};

static inline struct ua *ua_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_UA];
}

/* Of NEXUS for UNIT; it is made when it is not there. */
struct place *lq_ua_place(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                          const struct lq_seen_unit *unit);

/* CAUSE makes NEXUS be owed KIND by UNIT; not MUST: it may be told. */
void lq_ua_owe(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
               const struct lq_seen_unit *unit, enum kind kind, bool must,
               const struct lq_event *cause);

/* reservation.c: what UNIT tells of reservations can not be known. */
bool lq_reservation_may_tell(struct lq_judge *judge, const struct lq_seen_unit *unit);

/* ua_cleared.c: a CLEAR TASK SET is received, ends TASK, is answered, is over; and QERR. */
void lq_ua_clear_received(struct lq_judge *judge, const struct lq_event *event);
void lq_ua_cleared(struct lq_judge *judge, const struct lq_seen_task *task);
void lq_ua_clear_done(struct lq_judge *judge, const struct lq_seen_function *function,
                      const struct lq_event *event);
void lq_ua_clear_closes(struct lq_judge *judge, const struct lq_seen_function *function);
void lq_ua_qerr_affects(struct lq_judge *judge, const struct lq_event *event);
void lq_ua_qerr_done(struct lq_judge *judge, const struct lq_seen_task *faulted,
                     const struct lq_event *event);

/* ua_luns.c */
void lq_ua_lun_comes(struct lq_judge *judge, const struct lq_event *event);
void lq_ua_lun_changes(struct lq_judge *judge, const struct lq_event *event);
void lq_ua_modes(struct lq_judge *judge, const struct lq_event *event);

void lq_ua_digest(struct lq_judge *judge, struct lq_digest *digest);

#endif
