/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reservation judge believes of each logical unit: a model of its own of persistent
 * reservations [SPC-4 r36f 5.13] and of RESERVE [SPC-2 r20 7.21]. It knows I_T nexuses by the
 * records' numbers of their names. Internal to the reservation judge.
 */
#ifndef LQ_CONFORMANCE_JUDGES_RESERVATION_H
#define LQ_CONFORMANCE_JUDGES_RESERVATION_H

#include "conformance/judges/internal.h"

enum { REGISTRANTS_MAX = 48, LIST_BYTES_MAX = 1024, EXPECTED_MAX = 64 };

/* Service actions of PERSISTENT RESERVE OUT [SPC-4 t174]. */
enum action {
    REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_AND_IGNORE,
    REGISTER_AND_MOVE, REPLACE_LOST
};

struct registrant {
    uint64_t nexus; /* number of the I_T nexus */
    uint64_t key;
};

struct model {
    bool is_unknown;            /* what happened could not be followed */
    bool was_unknown;           /* ever: who is told of it is not known either */
    bool generation_is_unknown;
    bool reserver_is_unknown;
    uint32_t count;
    struct registrant registrants[REGISTRANTS_MAX];
    uint8_t type;    /* [SPC-4 t175]; 0: nothing is reserved */
    uint64_t holder; /* number of its nexus; 0: none, or all registrants */
    uint32_t generation;
    uint64_t reserver; /* RESERVE(6), RESERVE(10); 0: nobody */
    const struct lq_event *changed; /* newest */
    const struct lq_event *shaken;  /* what it must have survived, newest not yet confirmed */

    /* Loss of power [SPC-4 5.13.5]. */
    bool aptpl;       /* of the newest registering: what is registered and reserved persists */
    bool aptpl_is_unknown;
    bool is_doubtful; /* a change was with the store and was not answered GOOD: it or not */
    bool knows_other; /* then these are the keys with the change */
    uint32_t other_count;
    uint64_t other_keys[REGISTRANTS_MAX];
    uint32_t store; /* number + 1 */
    const struct lq_event *lost; /* power was, and what is left is not yet confirmed */
};

/* A PERSISTENT RESERVE OUT as it came. */
struct request {
    uint64_t nexus;
    enum action action;
    uint8_t scope, type;
    bool is_whole; /* all of its parameter list was seen, and it is as long as its CDB says */
    bool spec_i_pt, all_tg_pt, aptpl, unreg;
    uint64_t key, service_key;
    const uint8_t *list;
    uint32_t list_bytes;
    const struct lq_view *view; /* who the names of the list are */
};

/* --- reservation_model.c ---------------------------------------------------------------------- */

void model_init(struct model *model);
/* REQUEST, which changes MODEL, is with the store. */
void model_begin_save(struct model *model, const struct request *request);
/* Power is lost, by EVENT; or the logical unit goes, and may come again. */
void model_lose_power(struct model *model, const struct lq_event *event);
struct registrant *model_find(struct model *model, uint64_t nexus);
bool model_holds(const struct model *model, uint64_t nexus);
bool type_lets_registrants_in(uint8_t type);

enum class { ALWAYS, STATUS, READS, WRITES, NOT_JUDGED };
/* How reservations treat the command of CDB (of which at least 2 bytes count). */
enum class class_of(const uint8_t *cdb);
/* True when a command of CLASS by NEXUS is kept out by the persistent reservation. */
bool model_keeps_out(struct model *model, uint64_t nexus, enum class class);
/* The same of RESERVE by another I_T nexus. */
bool model_is_reserved_against(const struct model *model, uint64_t nexus, enum class class);

/* What the standard says of REQUEST. */
enum forecast { MUST_SUCCEED, MAY_SUCCEED, MUST_CONFLICT, MUST_FAIL };
enum forecast model_forecast(struct model *model, const struct request *request);

/* Who has to be told what, after REQUEST was carried out. */
struct news {
    uint64_t nexus;
    uint32_t code; /* ASC << 8 | ASCQ */
};

struct outcome {
    uint32_t news_count;
    struct news news[REGISTRANTS_MAX];
    uint32_t preempted_count; /* PREEMPT AND ABORT ends the commands of these */
    uint64_t preempted[REGISTRANTS_MAX];
};

/* Carries REQUEST out. */
void model_apply(struct model *model, const struct request *request, struct outcome *outcome);

/* --- reservation.c, reservation_in.c ---------------------------------------------------------- */

struct list {
    const struct lq_seen_asked *asked;
    uint32_t have; /* bytes from the first on */
    uint8_t bytes[LIST_BYTES_MAX];
};

/* A PREEMPT AND ABORT that has begun to end commands, or has ended. */
struct preempt {
    uint64_t serial;
    bool is_known; /* whom it preempts */
    uint32_t count;
    uint64_t nexuses[REGISTRANTS_MAX];
};

/* What a PERSISTENT RESERVE IN must return. */
struct expected {
    const struct lq_seen_asked *asked;
    struct model model;
    uint32_t unit;
};

struct reservation {
    struct lq_array models;   /* struct model by place of the logical unit */
    struct lq_array lists;    /* struct list */
    struct lq_map list_of;    /* its command's index -> list */
    struct lq_array preempts; /* struct preempt */
    struct lq_map preempt_of; /* serial -> preempt */
    uint32_t expected_count;  /* ever; the newest EXPECTED_MAX are kept */
    struct expected expected[EXPECTED_MAX];
};

static inline struct reservation *state_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_RESERVATION];
}

/* What was registered must have survived what happened meanwhile: that is blamed. */
static inline enum lq_property_place blamed(const struct model *model,
                                            enum lq_property_place usual)
{
    return model->lost != NULL ? P_PR_9 : model->shaken != NULL ? P_PR_5 : usual;
}

struct model *reservation_model_of(struct lq_judge *judge, const struct lq_seen_unit *unit);
/* NULL: the command of SERIAL is no PREEMPT AND ABORT that has begun. */
struct preempt *reservation_preempt_of(struct lq_judge *judge, uint64_t serial);

/* Data-In of a PERSISTENT RESERVE IN. */
void reservation_judge_in(struct lq_judge *judge, const struct lq_data_seen *data);
void reservation_digest(struct lq_judge *judge, struct lq_digest *digest);

#endif
