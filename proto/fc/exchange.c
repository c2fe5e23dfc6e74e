/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCSI exchanges: their identity (the remote's address, OX_ID, our RX_ID), slots, and what is kept
 * of them after their end [FC-FS-3, exchanges; FCP-4, exchange information].
 *
 * An RX_ID is a slot's number and how often it was used, so the same one comes back late. Slots are
 * used again in the order in which exchanges ended; one that ended without FCP_RSP not before
 * R_A_TOV.
 */
#include <string.h>

#include "proto/fc/target_state.h"

static struct lq_fct_exchange **bucket_of(struct lq_fc_target *t, uint32_t port, uint32_t s_id,
                                          uint16_t ox_id)
{
    uint32_t mixed = (ox_id ^ s_id << 8 ^ port << 16) * UINT32_C(0x9e3779b1);
    return &t->buckets[mixed >> 16 & (t->config.exchanges_max - 1)];
}

struct lq_fct_exchange *lq_fct_exchange_find(struct lq_fc_target *t, uint32_t port, uint32_t s_id,
                                             uint16_t ox_id)
{
    struct lq_fct_exchange *x = *bucket_of(t, port, s_id, ox_id);
    while (x != NULL && (x->ox_id != ox_id || x->s_id != s_id || x->port != port))
        x = x->hash_next;
    return x;
}

struct lq_fct_exchange *lq_fct_exchange_of(struct lq_fc_target *t, uint64_t cookie)
{
    lq_handle handle = lq_handle_unpack(cookie);
    LQ_ASSERT(handle.index < t->config.exchanges_max);
    struct lq_fct_exchange *x = &t->exchanges[handle.index];
    bool lives = x->state != LQ_FCT_FREE && x->state != LQ_FCT_DONE && x->state != LQ_FCT_DEAD;
    return lives && x->generation == handle.generation ? x : NULL;
}

static void unhash(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (!x->hashed)
        return;
    struct lq_fct_exchange **at = bucket_of(t, x->port, x->s_id, x->ox_id);
    while (*at != x)
        at = &(*at)->hash_next;
    *at = x->hash_next;
    x->hashed = false;
}

void lq_fct_wait(struct lq_fc_target *t, struct lq_fct_exchange *x, struct lq_link *list)
{
    x->since_ns = t->env->now_ns;
    lq_list_remove(&x->timer_link);
    lq_list_append(list, &x->timer_link);
}

bool lq_fct_exchange_is_stale(const struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    uint64_t age = t->env->now_ns - x->since_ns;
    return (x->state == LQ_FCT_DONE && age >= t->config.rr_tov_ns) ||
           (x->state == LQ_FCT_DEAD && age >= t->config.r_a_tov_ns);
}

static bool is_live(const struct lq_fct_exchange *x)
{
    return x->state != LQ_FCT_FREE && x->state != LQ_FCT_DONE && x->state != LQ_FCT_DEAD;
}

void lq_fct_exchange_quiet(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    (void)t;
    lq_list_remove(&x->output.link);
    lq_list_remove(&x->timer_link);
    lq_list_remove(&x->todo_link);
    x->send_ready = x->send_rsp = false;
    x->window = NULL;
    x->in = NULL;
    x->in_bytes = x->in_sent = 0;
}

void lq_fct_exchange_end(struct lq_fc_target *t, struct lq_fct_exchange *x,
                         enum lq_fct_exchange_state state)
{
    uint32_t sent = x->in_sent;
    LQ_ASSERT(lq_handle_is_none(x->task));
    lq_fct_exchange_quiet(t, x);
    x->in_sent = sent; /* REC tells of it */
    x->in_bytes = sent;
    t->live_count -= is_live(x) ? 1 : 0;
    x->state = (uint8_t)state;
    x->since_ns = t->env->now_ns;
    x->abts = false;
    lq_list_remove(&x->link);
    if (state == LQ_FCT_FREE) {
        unhash(t, x);
        x->remote = NULL;
        lq_list_append(&t->reusable, &x->link);
    } else {
        lq_list_append(state == LQ_FCT_DEAD ? &t->dead : &t->reusable, &x->link);
    }
}

void lq_fct_exchange_revive(struct lq_fc_target *t, struct lq_fct_exchange *x,
                            enum lq_fct_exchange_state state)
{
    LQ_ASSERT(x->state == LQ_FCT_DONE || x->state == LQ_FCT_DEAD);
    x->state = (uint8_t)state;
    t->live_count++;
    lq_list_remove(&x->link);
    lq_list_append(&x->remote->exchanges, &x->link);
}

/* The exchange that ended first, if it need not be kept. */
static struct lq_fct_exchange *next_free(struct lq_fc_target *t, bool reserved)
{
    uint32_t most = t->config.exchanges_max - (reserved ? 0 : LQ_FCT_RESERVED);
    if (t->live_count >= most)
        return NULL;
    if (!lq_list_is_empty(&t->dead)) {
        struct lq_fct_exchange *oldest =
            LQ_ELEMENT(t->dead.next, struct lq_fct_exchange, link);
        if (lq_fct_exchange_is_stale(t, oldest) || lq_list_is_empty(&t->reusable))
            return lq_fct_exchange_is_stale(t, oldest) ? oldest : NULL;
    }
    struct lq_link *next = lq_fct_wrong(t, LQ_WRONG_RX_ID_AT_ONCE) ? t->reusable.prev
                                                                   : t->reusable.next;
    return lq_list_is_empty(&t->reusable) ? NULL
                                          : LQ_ELEMENT(next, struct lq_fct_exchange, link);
}

/* Slot and use of it, FFFFh left out. */
static uint16_t rx_id_of(const struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    uint32_t uses = 0xffff / t->config.exchanges_max;
    if (lq_fct_wrong(t, LQ_WRONG_RX_ID_AT_ONCE))
        return (uint16_t)x->index;
    return (uint16_t)(x->index + t->config.exchanges_max * (x->generation % uses));
}

static void clear(struct lq_fct_exchange *x)
{
    x->is_tm = x->abts = false;
    x->engine_done = true;
    x->seq_id = 0;
    x->task = LQ_NO_HANDLE;
    x->in = NULL;
    x->in_bytes = x->in_sent = x->in_seq_cnt = 0;
    x->in_open = false;
    x->window = NULL;
    x->window_offset = x->window_bytes = x->burst_offset = x->burst_bytes = 0;
    x->ranges.count = 0;
    x->last_end = 0;
    x->send_ready = x->ready_sent = x->data_wrong = false;
    x->send_rsp = x->rsp_sent = x->has_info = x->engine_confirm = x->asks_confirm = false;
    x->rsp_code = x->status = x->flags = 0;
    x->residual = x->bidi_residual = x->sense_bytes = 0;
}

struct lq_fct_exchange *lq_fct_exchange_take(struct lq_fc_target *t, struct lq_fct_remote *remote,
                                             const struct lq_fc_frame *frame, bool reserved)
{
    struct lq_fct_exchange *x = next_free(t, reserved);
    if (x == NULL)
        return NULL;
    unhash(t, x);
    clear(x);
    x->generation++;
    x->remote = remote;
    x->port = remote->port;
    x->s_id = frame->s_id;
    x->ox_id = frame->ox_id;
    x->rx_id = rx_id_of(t, x);
    x->task_retry_id = frame->parameter;
    x->state = LQ_FCT_ACTIVE;
    t->live_count++;
    lq_list_remove(&x->link);
    lq_list_append(&remote->exchanges, &x->link);
    struct lq_fct_exchange **bucket = bucket_of(t, x->port, x->s_id, x->ox_id);
    x->hash_next = *bucket;
    *bucket = x;
    x->hashed = true;
    return x;
}
