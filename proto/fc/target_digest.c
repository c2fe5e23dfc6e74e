/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target endpoint's canonical digest. Slots and generations only count; RX_IDs are names. The
 * parts of an exchange are named by its port, its originator's address and its OX_ID.
 */
#include "core/base/digest.h"
#include "proto/fc/target_state.h"

static void mix_name(const struct lq_fct_exchange *x, struct lq_digest *digest)
{
    lq_digest_two(digest, x->port, (uint64_t)x->s_id << 16 | x->ox_id);
}

static void mix_flags(const struct lq_fct_exchange *x, struct lq_digest *digest)
{
    const bool flags[] = {x->engine_done,
                          x->is_tm,      x->abts,     x->in_open,    x->window != NULL,
                          x->send_ready, x->ready_sent, x->data_wrong, x->send_rsp,
                          x->rsp_sent,   x->has_info, x->engine_confirm, x->asks_confirm,
                          lq_handle_is_none(x->task)};
    uint64_t bits = 0;
    for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        bits |= (uint64_t)flags[i] << i;
    lq_digest_two(digest, bits, x->state);
}

static void mix_data(const struct lq_fct_exchange *x, struct lq_digest *digest)
{
    lq_digest_two(digest, x->in_bytes, x->in_sent);
    lq_digest_two(digest, x->in_seq_cnt, x->seq_id);
    if (x->in != NULL)
        lq_digest_bytes(digest, x->in, x->in_bytes);
    if (x->window == NULL)
        return;
    lq_digest_two(digest, x->window_offset, x->window_bytes);
    lq_digest_two(digest, x->burst_offset, x->burst_bytes);
    lq_digest_two(digest, x->last_end, x->ranges.count);
    lq_digest_bytes(digest, x->window, x->burst_offset - x->window_offset);
    for (uint32_t i = 0; i < x->ranges.count; i++) {
        uint32_t begin = x->ranges.runs[i].begin, end = x->ranges.runs[i].end;
        lq_digest_two(digest, begin, end);
        lq_digest_bytes(digest, x->window + (begin - x->window_offset), end - begin);
    }
}

static void mix_exchange(const struct lq_fct_exchange *x, struct lq_digest *digest)
{
    mix_name(x, digest);
    lq_digest_word(digest, x->rx_id); /* frames on their way have it, too */
    lq_digest_word(digest, x->remote->index);
    mix_flags(x, digest);
    lq_digest_two(digest, x->task_retry_id, x->abts_seq_id);
    lq_digest_two(digest, x->cmnd.lun, (uint64_t)x->cmnd.crn << 8 | x->cmnd.tm_flags);
    lq_digest_two(digest, x->cmnd.lengths_directions, x->cmnd.dl);
    if (x->state == LQ_FCT_HELD) {
        lq_digest_two(digest, x->cmnd.priority_attribute, x->cmnd.bidi_dl);
        lq_digest_bytes(digest, x->cmnd.cdb, x->cmnd.cdb_bytes);
    }
    mix_data(x, digest);
    lq_digest_two(digest, x->rsp_code, (uint64_t)x->status << 8 | x->flags);
    lq_digest_two(digest, x->residual, x->bidi_residual);
    lq_digest_word(digest, x->sense_bytes);
    lq_digest_bytes(digest, x->sense, x->sense_bytes);
    bool is_over = x->state == LQ_FCT_DONE || x->state == LQ_FCT_DEAD;
    if (is_over || lq_link_is_linked(&x->timer_link))
        lq_digest_time(digest, x->since_ns);
}

static void mix_remote(const struct lq_fc_target *t, const struct lq_fct_remote *remote,
                       struct lq_digest *digest)
{
    lq_digest_two(digest, remote->index, remote->port);
    lq_digest_two(digest, remote->fc_id, remote->port_name);
    lq_digest_two(digest, remote->logged_in, remote->data_bytes_max);
    lq_digest_word(digest, (uint64_t)remote->retry << 2 | (uint64_t)remote->confirm << 1 |
                               remote->task_retry_id);
    lq_digest_two(digest, remote->nexus_state, remote->end_how);
    lq_digest_two(digest, remote->owed, remote->owed_ox_id);
    if (remote->owed == LQ_FC_ELS_PRLI)
        lq_digest_two(digest, remote->owed_page.flags, remote->owed_page.parameters);
    lq_digest_two(digest, remote->greeting, remote->greet_tries);
    if (remote->greeting)
        lq_digest_time(digest, remote->greet_deadline_ns);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->config.units_max; i++) {
        if (!remote->crns[i].used)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_two(digest, remote->crns[i].lun, remote->crns[i].next);
        for (uint32_t word = 0; word < 4; word++)
            lq_digest_word(digest, remote->crns[i].passed[word]);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

static void mix_output(const struct lq_fc_target *t, struct lq_fct_output *output,
                       struct lq_digest *digest)
{
    (void)t;
    lq_digest_word(digest, output->kind);
    if (output->kind == LQ_FCT_OUT_EXCHANGE) {
        mix_name(LQ_ELEMENT(output, struct lq_fct_exchange, output), digest);
        return;
    }
    const struct lq_fct_reply *reply = LQ_ELEMENT(output, struct lq_fct_reply, output);
    uint8_t header[LQ_FC_HEADER_BYTES];
    lq_fc_frame_encode(&reply->frame, header);
    lq_digest_word(digest, reply->port);
    lq_digest_bytes(digest, header, sizeof header);
    lq_digest_bytes(digest, reply->payload, reply->frame.payload_bytes);
}

/* The order in which slots are used again matters only when they run short. */
static void mix_exchanges(const struct lq_fc_target *t, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->config.exchanges_max; i++) {
        const struct lq_fct_exchange *x = &t->exchanges[i];
        if (x->state == LQ_FCT_FREE || lq_fct_exchange_is_stale(t, x))
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_exchange(x, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_two(digest, sum, t->live_count);
}

void lq_fc_target_digest(const struct lq_fc_target *target, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < target->config.port_count; i++)
        lq_digest_two(digest, target->ports[i].fc_id, target->ports[i].data_bytes_max);
    for (uint32_t i = 0; i < target->config.remotes_max; i++) {
        if (!target->remotes[i].used)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_remote(target, &target->remotes[i], digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_two(digest, sum, target->shutting_down);
    mix_exchanges(target, digest);
    LQ_LIST_EACH(link, &target->outputs)
    mix_output(target, LQ_ELEMENT(link, struct lq_fct_output, link), digest);
    lq_digest_two(digest, target->emitted, target->free_reply_count);
}
