/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data-Out: FCP_XFER_RDY for one burst at a time, and the FCP_DATA that answers it [FCP-4 9].
 *
 * Frames are put where their relative offset says, in whatever order they come; the burst is there
 * when all of its bytes are. A sequence that ends with fewer, all before its end being there, is
 * the initiator's error. Lost frames are the initiator's to notice (recovery.c).
 */
#include <string.h>

#include "proto/fc/target_state.h"

void lq_fct_ask(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset)
{
    uint32_t left = x->window_offset + x->window_bytes - offset;
    x->burst_offset = offset;
    x->burst_bytes = left < t->config.burst_bytes_max ? left : t->config.burst_bytes_max;
    x->ranges.count = 0;
    x->last_end = 0;
    x->send_ready = true;
    x->ready_sent = false;
    lq_list_remove(&x->timer_link);
    lq_list_remove(&x->output.link);
    lq_fct_queue(t, &x->output);
}

void lq_fct_window(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset,
                   uint32_t bytes, uint8_t *buffer)
{
    x->window = buffer;
    x->window_offset = offset;
    x->window_bytes = bytes;
    lq_fct_ask(t, x, offset);
}

uint32_t lq_fct_out_bytes(const struct lq_fct_exchange *x)
{
    return lq_fc_ranges_end(&x->ranges, x->burst_offset);
}

/* The window needs nothing more, or nothing more will come. */
static void note_filled(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    lq_list_remove(&x->timer_link);
    if (!lq_link_is_linked(&x->todo_link))
        lq_list_append(&t->todo, &x->todo_link);
}

static void fail(struct lq_fc_target *t, struct lq_fct_exchange *x, uint8_t code)
{
    x->data_wrong = true;
    x->has_info = true;
    x->rsp_code = code;
    note_filled(t, x);
}

/* More of the burst has come. */
static void go_on(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    uint32_t end = x->burst_offset + x->burst_bytes, came = lq_fct_out_bytes(x);
    if (x->last_end == end && lq_fct_wrong(t, LQ_WRONG_LOST_DATA_FRAME_OVERLOOKED)) {
        memset(x->window + (came - x->window_offset), 0, end - came); /* something definite */
        came = end;
    }
    if (came == end && end - x->window_offset < x->window_bytes)
        lq_fct_ask(t, x, end);
    else if (came == end)
        note_filled(t, x);
    else if (x->last_end != 0 && came == x->last_end)
        fail(t, x, LQ_FCP_DATA_LENGTH);
}

void lq_fct_fcp_data(struct lq_fc_target *t, struct lq_fct_exchange *x,
                     const struct lq_fc_frame *frame, struct lq_slice data)
{
    bool is_open = x->state == LQ_FCT_ACTIVE && x->window != NULL && x->ready_sent &&
                   !x->data_wrong && !lq_link_is_linked(&x->todo_link);
    uint64_t begin = frame->parameter, end = begin + data.size_bytes;
    bool has_offset = (frame->f_ctl & LQ_FC_F_CTL_RELATIVE_OFFSET) != 0;
    bool is_late = has_offset && end <= x->burst_offset; /* of a burst before: it is here already */
    if (!is_open || is_late || data.size_bytes == 0) {
        t->counts.dropped++;
        return;
    }
    if (!has_offset || begin < x->burst_offset ||
        end > (uint64_t)x->burst_offset + x->burst_bytes) {
        fail(t, x, LQ_FCP_OFFSET_MISMATCH);
        return;
    }
    if (!lq_fc_ranges_add(&x->ranges, (uint32_t)begin, (uint32_t)end)) {
        t->counts.dropped++; /* too much out of order: as if lost */
        return;
    }
    memcpy(x->window + (begin - x->window_offset), data.bytes, data.size_bytes);
    if ((frame->f_ctl & LQ_FC_F_CTL_END_SEQUENCE) != 0)
        x->last_end = (uint32_t)end;
    lq_fct_wait(t, x, &t->bursts);
    go_on(t, x);
}

void lq_fct_data_settle(struct lq_fc_target *t)
{
    struct lq_link *link;
    while ((link = lq_list_take(&t->todo)) != NULL) {
        struct lq_fct_exchange *x = LQ_ELEMENT(link, struct lq_fct_exchange, todo_link);
        x->window = NULL;
        if (x->data_wrong) /* DATA PHASE ERROR */
            lq_engine_data_out_failed(t->engine, x->task, 0x0b, 0x4b, 0x00);
        else
            lq_engine_data_out_received(t->engine, x->task, x->window_bytes);
    }
}

/* INITIATOR RESPONSE TIMEOUT: nobody has sent for long, nor aborted the exchange. */
void lq_fct_bursts_expire(struct lq_fc_target *t)
{
    while (t->config.data_timeout_ns != 0 && !lq_list_is_empty(&t->bursts)) {
        struct lq_fct_exchange *x = LQ_ELEMENT(t->bursts.next, struct lq_fct_exchange, timer_link);
        if (x->since_ns + t->config.data_timeout_ns > t->env->now_ns)
            return;
        lq_list_remove(&x->timer_link);
        x->window = NULL;
        lq_engine_data_out_failed(t->engine, x->task, 0x0b, 0x4b, 0x06);
    }
}
