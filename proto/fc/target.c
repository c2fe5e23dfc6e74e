/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points of the target endpoint: configuration, links, frames in by what they are, time. */
#include "proto/fc/target.h"

#include <string.h>

#include "proto/fc/target_state.h"

const struct lq_fc_target_config lq_fc_target_config_default = {
    .remotes_max = 64,
    .exchanges_max = 1024,
    .replies_max = 64,
    .units_max = 64,
    .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
    .burst_bytes_max = 256 * 1024,
    .e_d_tov_ns = UINT64_C(2000000000),
    .r_a_tov_ns = UINT64_C(10000000000),
    .rr_tov_ns = UINT64_C(9000000000),
    .data_timeout_ns = UINT64_C(30000000000),
    .offers_retry = true,
    .offers_confirm = true,
    .precise_delivery = true,
    .confirm = LQ_FC_CONFIRM_DATA,
    .first_ox_id = 1,
    .first_rx_generation = 0};

static bool is_data_field(uint32_t bytes)
{
    return bytes >= 256 && bytes <= LQ_FC_PAYLOAD_BYTES_MAX && bytes % 4 == 0;
}

static const char *check_ports(const struct lq_fc_target_config *config)
{
    if (config->port_count == 0)
        return "there is no N_Port; expected at least 1";
    for (uint32_t i = 0; i < config->port_count; i++) {
        if (config->ports[i].port_name == 0 || config->ports[i].target_port == 0)
            return "an N_Port has no name or no relative target port identifier";
        for (uint32_t j = 0; j < i; j++)
            if (config->ports[i].port_name == config->ports[j].port_name)
                return "two N_Ports have the same name";
    }
    return NULL;
}

const char *lq_fc_target_config_check(const struct lq_fc_target_config *config)
{
    uint32_t exchanges = config->exchanges_max;
    if (exchanges < 32 || exchanges > 16384 || (exchanges & (exchanges - 1)) != 0)
        return "exchanges_max is not a power of two from 32 to 16384";
    if (config->remotes_max == 0)
        return "remotes_max is 0; expected at least 1";
    if (config->replies_max < 16)
        return "replies_max is less than 16";
    if (config->units_max == 0)
        return "units_max is 0; expected at least 1";
    if (!is_data_field(config->data_bytes_max))
        return "data_bytes_max is not a multiple of 4 from 256 to 2112";
    if (config->burst_bytes_max < 512)
        return "burst_bytes_max is less than 512";
    return check_ports(config);
}

static void make_lists(struct lq_fc_target *t)
{
    struct lq_link *lists[] = {&t->free_replies, &t->outputs,  &t->reusable, &t->dead,
                               &t->bursts,       &t->confirms, &t->holes,    &t->todo};
    for (uint32_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        lq_list_init(lists[i]);
}

static void make_slots(struct lq_fc_target *t, struct lq_fct_crn *crns)
{
    for (uint32_t i = 0; i < t->config.exchanges_max; i++) {
        struct lq_fct_exchange *x = &t->exchanges[i];
        x->index = i;
        x->generation = t->config.first_rx_generation;
        x->output.kind = LQ_FCT_OUT_EXCHANGE;
        lq_list_init(&x->timer_link);
        lq_list_init(&x->todo_link);
        lq_list_init(&x->output.link);
        lq_list_append(&t->reusable, &x->link);
    }
    for (uint32_t i = 0; i < t->config.replies_max; i++) {
        t->replies[i].output.kind = LQ_FCT_OUT_REPLY;
        lq_list_append(&t->free_replies, &t->replies[i].output.link);
    }
    t->free_reply_count = t->config.replies_max;
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        t->remotes[i].index = i;
        t->remotes[i].crns = crns + (uint64_t)i * t->config.units_max;
        lq_list_init(&t->remotes[i].exchanges);
    }
}

struct lq_fc_target *lq_fc_target_make(struct lq_arena *arena,
                                       const struct lq_fc_target_config *config,
                                       struct lq_env *env, struct lq_engine *engine)
{
    struct lq_fc_target *t = lq_arena_take(arena, 1, sizeof *t, true);
    struct lq_fct_port *ports = lq_arena_take(arena, config->port_count, sizeof *ports, true);
    struct lq_fct_remote *remotes =
        lq_arena_take(arena, config->remotes_max, sizeof *remotes, true);
    struct lq_fct_crn *crns = lq_arena_take(
        arena, (uint64_t)config->remotes_max * config->units_max, sizeof *crns, true);
    struct lq_fct_exchange *exchanges =
        lq_arena_take(arena, config->exchanges_max, sizeof *exchanges, true);
    struct lq_fct_exchange **buckets =
        lq_arena_take(arena, config->exchanges_max, sizeof(struct lq_fct_exchange *), true);
    struct lq_fct_reply *replies =
        lq_arena_take(arena, config->replies_max, sizeof *replies, true);
    if (lq_arena_is_measuring(arena))
        return NULL;
    LQ_ASSERT(lq_fc_target_config_check(config) == NULL);
    t->config = *config;
    t->config.ports = NULL;
    t->env = env;
    t->engine = engine;
    t->ports = ports;
    t->remotes = remotes;
    t->exchanges = exchanges;
    t->buckets = buckets;
    t->replies = replies;
    t->next_ox_id = config->first_ox_id;
    for (uint32_t i = 0; i < config->port_count; i++) {
        t->ports[i].config = config->ports[i];
        lq_engine_target_ports(engine, config->ports[i].target, config->ports[i].target_port);
    }
    make_lists(t);
    make_slots(t, crns);
    return t;
}

/* --- the link --------------------------------------------------------------------------------- */

void lq_fc_target_detach(struct lq_fc_target *target, uint32_t port)
{
    LQ_ASSERT(port < target->config.port_count && !target->emitted);
    if (target->ports[port].fc_id == 0)
        return;
    for (uint32_t i = 0; i < target->config.remotes_max; i++)
        if (target->remotes[i].used && target->remotes[i].port == port)
            lq_fct_remote_lose(target, &target->remotes[i], false);
    for (uint32_t i = 0; i < target->config.replies_max; i++) {
        struct lq_fct_reply *reply = &target->replies[i];
        if (reply->port == port && reply->frame.payload != NULL) {
            lq_fct_unqueue(target, &reply->output);
        }
    }
    target->ports[port].fc_id = 0;
    lq_fct_settle(target);
}

void lq_fc_target_attach(struct lq_fc_target *target, uint32_t port, uint32_t fc_id,
                         uint32_t data_bytes_max)
{
    LQ_ASSERT(port < target->config.port_count && fc_id != 0 && fc_id <= 0xffffff);
    LQ_ASSERT(data_bytes_max >= 256 && data_bytes_max <= LQ_FC_PAYLOAD_BYTES_MAX);
    struct lq_fct_port *p = &target->ports[port];
    if (p->fc_id != fc_id)
        lq_fc_target_detach(target, port);
    p->fc_id = fc_id;
    p->data_bytes_max = data_bytes_max & ~UINT32_C(3);
}

bool lq_fc_target_is_attached(const struct lq_fc_target *target, uint32_t port)
{
    return lq_fc_target_address(target, port) != 0;
}

uint32_t lq_fc_target_address(const struct lq_fc_target *target, uint32_t port)
{
    LQ_ASSERT(port < target->config.port_count);
    return target->ports[port].fc_id;
}

void lq_fc_target_forget(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id)
{
    LQ_ASSERT(!target->emitted);
    struct lq_fct_remote *remote = lq_fct_remote_at(target, port, remote_fc_id);
    if (remote != NULL)
        lq_fct_remote_lose(target, remote, false);
    lq_fct_settle(target);
}

void lq_fc_target_log_out(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id)
{
    LQ_ASSERT(!target->emitted && port < target->config.port_count);
    for (uint32_t i = 0; i < target->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &target->remotes[i];
        if (remote->used && remote->logged_in && remote->port == port &&
            (remote_fc_id == 0 || remote->fc_id == remote_fc_id))
            lq_fct_remote_lose(target, remote, true);
    }
    lq_fct_settle(target);
}

/* --- frames in -------------------------------------------------------------------------------- */

/* Not logged in: what comes is discarded, and its sender told so [FC-LS-2, LOGO]. */
static void tell_logged_out(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame)
{
    struct lq_fc_els logo;
    lq_fc_els_begin(&logo, LQ_FC_ELS_LOGO, 0);
    logo.u.logo.fc_id = t->ports[port].fc_id;
    logo.u.logo.port_name = t->ports[port].config.port_name;
    t->counts.dropped++;
    (void)lq_fct_request(t, port, frame->s_id, &logo);
}

/* FCP_DATA and FCP_CONF: frames of an exchange that FCP_CMND began. */
static void exchange_frame(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                           struct lq_slice data)
{
    struct lq_fct_exchange *x = lq_fct_exchange_find(t, port, frame->s_id, frame->ox_id);
    bool is_ours = x != NULL && x->rx_id == frame->rx_id;
    if (is_ours && frame->r_ctl == LQ_FC_R_CTL_SOLICITED_DATA)
        lq_fct_fcp_data(t, x, frame, data);
    else if (is_ours && frame->r_ctl == LQ_FC_R_CTL_SOLICITED_CONTROL)
        lq_fct_fcp_conf(t, x);
    else
        t->counts.dropped++;
}

static void fcp_frame(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                      struct lq_slice data)
{
    const struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    bool is_whole = frame->seq_cnt == 0 && (frame->f_ctl & LQ_FC_F_CTL_END_SEQUENCE) != 0;
    if (remote == NULL)
        tell_logged_out(t, port, frame);
    else if (frame->r_ctl == LQ_FC_R_CTL_UNSOLICITED_COMMAND && is_whole)
        lq_fct_fcp_cmnd(t, port, frame, data);
    else if (frame->r_ctl == LQ_FC_R_CTL_FC4_REQUEST && is_whole)
        lq_fct_srr(t, port, frame, data);
    else
        exchange_frame(t, port, frame, data);
}

/* By routing and type; from the Originator of an exchange, but for replies. */
static void dispatch(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                     struct lq_slice data)
{
    bool from_responder = (frame->f_ctl & LQ_FC_F_CTL_RESPONDER) != 0;
    bool is_whole = frame->seq_cnt == 0 && (frame->f_ctl & LQ_FC_F_CTL_END_SEQUENCE) != 0;
    if (frame->type == LQ_FC_TYPE_ELS && frame->r_ctl == LQ_FC_R_CTL_ELS_REPLY && from_responder)
        lq_fct_els_reply(t, port, frame, data);
    else if (from_responder)
        t->counts.dropped++;
    else if (frame->type == LQ_FC_TYPE_FCP)
        fcp_frame(t, port, frame, data);
    else if (frame->type == LQ_FC_TYPE_ELS && frame->r_ctl == LQ_FC_R_CTL_ELS_REQUEST && is_whole)
        lq_fct_els_request(t, port, frame, data);
    else if (frame->type == LQ_FC_TYPE_BLS && frame->r_ctl == LQ_FC_R_CTL_ABTS)
        lq_fct_abts(t, port, frame);
    else
        t->counts.dropped++;
}

void lq_fc_target_feed(struct lq_fc_target *target, uint32_t port, const struct lq_fc_frame *frame)
{
    LQ_ASSERT(port < target->config.port_count && !target->emitted);
    struct lq_slice data;
    target->counts.frames_in++;
    bool is_for_us = target->ports[port].fc_id != 0 && frame->d_id == target->ports[port].fc_id &&
                     frame->s_id != 0 && frame->s_id != frame->d_id;
    if (is_for_us && lq_fc_frame_data(frame, &data))
        dispatch(target, port, frame, data);
    else
        target->counts.dropped++;
    lq_fct_settle(target);
}

/* --- time and end ----------------------------------------------------------------------------- */

void lq_fct_settle(struct lq_fc_target *t)
{
    for (;;) {
        lq_fct_data_settle(t);
        if (t->nexus_ended_noted || t->close_noted)
            lq_fct_remotes_settle(t);
        else if (lq_list_is_empty(&t->todo))
            return;
    }
}

static void earlier(uint64_t *deadline, const struct lq_link *list, uint64_t after_ns)
{
    if (lq_list_is_empty(list) || after_ns == 0)
        return;
    uint64_t at =
        LQ_ELEMENT(list->next, const struct lq_fct_exchange, timer_link)->since_ns + after_ns;
    *deadline = at < *deadline ? at : *deadline;
}

uint64_t lq_fc_target_deadline(const struct lq_fc_target *target)
{
    uint64_t deadline = lq_fct_remotes_deadline(target);
    earlier(&deadline, &target->bursts, target->config.data_timeout_ns);
    earlier(&deadline, &target->confirms, target->config.rr_tov_ns);
    earlier(&deadline, &target->holes, target->config.r_a_tov_ns);
    return deadline;
}

/* An FCP_CONF that does not come: the status may not have arrived either. */
static void expire_confirms(struct lq_fc_target *t)
{
    while (!lq_list_is_empty(&t->confirms)) {
        struct lq_fct_exchange *x =
            LQ_ELEMENT(t->confirms.next, struct lq_fct_exchange, timer_link);
        if (x->since_ns + t->config.rr_tov_ns > t->env->now_ns)
            return;
        lq_task task = x->task;
        x->task = LQ_NO_HANDLE;
        lq_fct_exchange_end(t, x, LQ_FCT_DONE);
        if (!lq_handle_is_none(task))
            lq_engine_command_lost(t->engine, task);
    }
}

void lq_fc_target_expire(struct lq_fc_target *target)
{
    LQ_ASSERT(!target->emitted);
    lq_fct_bursts_expire(target);
    expire_confirms(target);
    lq_fct_holes_expire(target);
    lq_fct_remotes_expire(target);
    lq_fct_settle(target);
}

void lq_fc_target_shutdown(struct lq_fc_target *target)
{
    LQ_ASSERT(!target->emitted);
    target->shutting_down = true;
    for (uint32_t i = 0; i < target->config.remotes_max; i++)
        if (target->remotes[i].used)
            lq_fct_remote_lose(target, &target->remotes[i], true);
    lq_fct_settle(target);
}

struct lq_fc_target_counts lq_fc_target_counts(const struct lq_fc_target *target)
{
    struct lq_fc_target_counts counts = target->counts;
    counts.remotes = counts.nexuses = 0;
    for (uint32_t i = 0; i < target->config.remotes_max; i++) {
        counts.remotes += target->remotes[i].used ? 1 : 0;
        counts.nexuses += target->remotes[i].nexus_state == LQ_FCT_NEXUS ? 1 : 0;
    }
    counts.remotes_free = target->config.remotes_max - counts.remotes;
    counts.exchanges = target->live_count;
    counts.exchanges_free = target->config.exchanges_max - target->live_count;
    counts.replies_free = target->free_reply_count;
    return counts;
}
