/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remote N_Ports: N_Port login and logout, process login and logout [FC-LS-2], and the I_T nexus
 * that stands behind them. Its loss is told to the engine at once; what the peer waits for is
 * answered when the engine has ended it.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/fc/target_state.h"

/* --- slots ------------------------------------------------------------------------------------ */

struct lq_fct_remote *lq_fct_remote_at(struct lq_fc_target *t, uint32_t port, uint32_t fc_id)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used && remote->logged_in && remote->port == port && remote->fc_id == fc_id)
            return remote;
    }
    return NULL;
}

static struct lq_fct_remote *find_named(struct lq_fc_target *t, uint32_t port, uint64_t port_name)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used && remote->port == port && remote->port_name == port_name)
            return remote;
    }
    return NULL;
}

/* Our PLOGI to FC_ID is out. */
static struct lq_fct_remote *find_greeted(struct lq_fc_target *t, uint32_t port, uint32_t fc_id)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used && remote->greeting && remote->port == port && remote->fc_id == fc_id)
            return remote;
    }
    return NULL;
}

/* It logs out from FC_ID, and waits for the end of its nexus. */
static struct lq_fct_remote *find_leaving(struct lq_fc_target *t, uint32_t port, uint32_t fc_id)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used && remote->owed == LQ_FC_ELS_LOGO && remote->port == port &&
            remote->fc_id == fc_id)
            return remote;
    }
    return NULL;
}

static struct lq_fct_remote *take(struct lq_fc_target *t, uint32_t port)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used)
            continue;
        struct lq_fct_remote fresh = {.used = true,
                                      .index = i,
                                      .generation = remote->generation + 1,
                                      .port = port,
                                      .nexus = LQ_NO_HANDLE,
                                      .crns = remote->crns};
        *remote = fresh;
        lq_list_init(&remote->exchanges);
        return remote;
    }
    return NULL;
}

static void release_if_over(struct lq_fct_remote *remote)
{
    if (!remote->logged_in && !remote->greeting && remote->owed == 0 &&
        remote->nexus_state == LQ_FCT_NO_NEXUS)
        remote->used = false;
}

/* --- the nexus -------------------------------------------------------------------------------- */

/* TransportID [SPC-5 7.6.4.2]: format 00b, protocol identifier 0, N_Port_Name in bytes 8..15. */
static void transport_id(uint64_t port_name, uint8_t id[24])
{
    memset(id, 0, 24);
    lq_put_be64(id + 8, port_name);
}

static bool establish(struct lq_fc_target *t, struct lq_fct_remote *remote)
{
    const struct lq_fc_port_config *port = &t->ports[remote->port].config;
    uint8_t id[24];
    transport_id(remote->port_name, id);
    struct lq_nexus_request request = {.target = port->target,
                                       .target_port = port->target_port,
                                       .transport_id = id,
                                       .transport_id_bytes = sizeof id,
                                       .transport = &lq_fc_transport,
                                       .transport_context = t};
    remote->nexus = lq_engine_nexus_established(t->engine, &request);
    if (lq_handle_is_none(remote->nexus))
        return false;
    remote->nexus_state = LQ_FCT_NEXUS;
    memset(remote->crns, 0, sizeof remote->crns[0] * t->config.units_max);
    t->counts.logins++;
    return true;
}

/* Forgets the remote's exchanges; KNOWN: the engine has not forgotten them with the nexus. */
static void drop_exchanges(struct lq_fc_target *t, const struct lq_fct_remote *remote, bool known)
{
    for (uint32_t i = 0; i < t->config.exchanges_max; i++) {
        struct lq_fct_exchange *x = &t->exchanges[i];
        if (x->state == LQ_FCT_FREE || x->remote != remote)
            continue;
        lq_task task = x->task;
        bool ended = x->state == LQ_FCT_ENDED || x->state == LQ_FCT_CONFIRM;
        x->task = LQ_NO_HANDLE;
        lq_fct_exchange_end(t, x, LQ_FCT_FREE);
        if (known && ended && !lq_handle_is_none(task))
            lq_engine_command_lost(t->engine, task);
    }
}

static void tell_engine(struct lq_fc_target *t, struct lq_fct_remote *remote, enum lq_trigger how)
{
    remote->nexus_state = LQ_FCT_NEXUS_ENDING;
    remote->end_how = (uint8_t)how;
    remote->ended = false;
    lq_engine_nexus_lost(t->engine, remote->nexus, how,
                         lq_handle_pack((lq_handle){remote->index, remote->generation}));
}

/* Ends the nexus, if there is one; whoever waited for an earlier end waits no more. */
static void end_nexus(struct lq_fc_target *t, struct lq_fct_remote *remote, enum lq_trigger how)
{
    remote->owed = 0;
    if (remote->nexus_state == LQ_FCT_NEXUS) {
        t->counts.reinstatements += how == LQ_TRIGGER_REINSTATEMENT ? 1 : 0;
        if (how == LQ_TRIGGER_LOGOUT) {
            tell_engine(t, remote, how);
            drop_exchanges(t, remote, true);
        } else {
            drop_exchanges(t, remote, false);
            tell_engine(t, remote, how);
        }
    } else if (remote->nexus_state == LQ_FCT_NEXUS_ENDING && !remote->ended &&
               remote->end_how == LQ_TRIGGER_LOGOUT && how != LQ_TRIGGER_LOGOUT) {
        tell_engine(t, remote, how); /* a logout may wait long for the store; this shall not */
    }
}

/* --- answers that wait for the end of a nexus ------------------------------------------------- */

static struct lq_fct_reply *owed_answer(struct lq_fc_target *t, const struct lq_fct_remote *remote)
{
    struct lq_fct_reply *reply =
        lq_fct_reply(t, remote->port, remote->owed_fc_id, LQ_FC_R_CTL_ELS_REPLY, LQ_FC_TYPE_ELS,
                     true);
    if (reply == NULL)
        return NULL;
    reply->frame.f_ctl = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE |
                         LQ_FC_F_CTL_END_SEQUENCE;
    reply->frame.ox_id = remote->owed_ox_id;
    return reply;
}

static void answer_process(struct lq_fc_target *t, const struct lq_fct_remote *remote,
                           uint8_t request, uint16_t flags, uint32_t parameters)
{
    struct lq_fct_reply *reply = owed_answer(t, remote);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, request);
    acc.u.process.type = LQ_FC_TYPE_FCP;
    acc.u.process.flags = flags | LQ_FC_PRLI_EXECUTED;
    acc.u.process.parameters = parameters;
    lq_fct_send_els(t, reply, &acc);
}

static void answer_reject(struct lq_fc_target *t, const struct lq_fct_remote *remote,
                          uint8_t reason, uint8_t explanation)
{
    struct lq_fct_reply *reply = owed_answer(t, remote);
    if (reply == NULL)
        return;
    struct lq_fc_els rjt;
    lq_fc_els_begin(&rjt, LQ_FC_ELS_LS_RJT, LQ_FC_ELS_PRLI);
    rjt.u.rjt.reason = reason;
    rjt.u.rjt.explanation = explanation;
    t->counts.rejects++;
    lq_fct_send_els(t, reply, &rjt);
}

/* What of the initiator's wishes we agree to [FCP-4, PRLI]. */
static uint32_t agree(const struct lq_fc_target *t, struct lq_fct_remote *remote)
{
    uint32_t asked = remote->owed_page.parameters;
    remote->retry = t->config.offers_retry && (asked & LQ_FCP_RETRY) != 0;
    remote->confirm = t->config.offers_confirm && (asked & LQ_FCP_CONFIRM) != 0;
    remote->task_retry_id = remote->retry && (asked & LQ_FCP_TASK_RETRY_ID) != 0;
    return LQ_FCP_TARGET_FUNCTION | LQ_FCP_READ_XFER_RDY_DISABLED |
           (remote->retry ? LQ_FCP_RETRY : 0U) | (remote->confirm ? LQ_FCP_CONFIRM : 0U) |
           (remote->task_retry_id ? LQ_FCP_TASK_RETRY_ID : 0U);
}

/* Who is no initiator, or asks without an image pair, learns what we are and gets no nexus. */
static void answer_prli(struct lq_fc_target *t, struct lq_fct_remote *remote)
{
    bool wants = (remote->owed_page.parameters & LQ_FCP_INITIATOR_FUNCTION) != 0 &&
                 (remote->owed_page.flags & LQ_FC_PRLI_IMAGE_PAIR) != 0;
    uint32_t parameters = agree(t, remote);
    if (wants && !establish(t, remote))
        answer_reject(t, remote, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_RESOURCES);
    else
        answer_process(t, remote, LQ_FC_ELS_PRLI, wants ? LQ_FC_PRLI_IMAGE_PAIR : 0, parameters);
    if (lq_fct_wrong(t, LQ_WRONG_LINK_SERVICE_ANSWERED_TWICE))
        answer_process(t, remote, LQ_FC_ELS_PRLI, LQ_FC_PRLI_IMAGE_PAIR, parameters);
}

static void answer_logo(struct lq_fc_target *t, const struct lq_fct_remote *remote)
{
    struct lq_fct_reply *reply = owed_answer(t, remote);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_LOGO);
    lq_fct_send_els(t, reply, &acc);
}

/* Answers what is owed, once the nexus is no more. */
static void answer_owed(struct lq_fc_target *t, struct lq_fct_remote *remote)
{
    uint8_t owed = remote->owed;
    if (remote->nexus_state != LQ_FCT_NO_NEXUS)
        return;
    remote->owed = 0;
    if (owed == LQ_FC_ELS_PRLI)
        answer_prli(t, remote);
    else if (owed == LQ_FC_ELS_PRLO)
        answer_process(t, remote, LQ_FC_ELS_PRLO, 0, 0);
    else if (owed == LQ_FC_ELS_LOGO)
        answer_logo(t, remote);
    release_if_over(remote);
}

static void owe(struct lq_fct_remote *remote, uint8_t command, const struct lq_fc_frame *frame)
{
    remote->owed = command;
    remote->owed_ox_id = frame->ox_id;
    remote->owed_fc_id = frame->s_id;
}

/* --- N_Port login ----------------------------------------------------------------------------- */

static uint32_t our_data_bytes(const struct lq_fc_target *t, uint32_t port)
{
    uint32_t link = t->ports[port].data_bytes_max, most = t->config.data_bytes_max;
    return link < most ? link : most;
}

void lq_fct_login_parameters(const struct lq_fc_target *t, uint32_t port,
                             struct lq_fc_login *login)
{
    uint16_t bytes = (uint16_t)our_data_bytes(t, port);
    *login = (struct lq_fc_login){
        .version = 0x2020,
        .credit = 10,
        .features = LQ_FC_COMMON_CONTINUOUS_OFFSET,
        .data_bytes_max = bytes,
        .word2 = 0x00ff001f, /* 255 concurrent sequences, offset in information categories 0..4 */
        .e_d_tov = (uint32_t)(t->config.e_d_tov_ns / 1000000),
        .port_name = t->ports[port].config.port_name,
        .node_name = t->ports[port].config.node_name,
        .class3 = {.service_options = LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL,
                   .data_bytes_max = bytes,
                   .concurrent_sequences = 255,
                   .open_sequences = 1}};
}

static bool is_data_field(uint32_t bytes)
{
    return bytes >= 256 && bytes <= LQ_FC_PAYLOAD_BYTES_MAX && bytes % 4 == 0;
}

/* Why the login's parameters do not do, as reason code explanation; 0: they do. */
static uint8_t fault_of(const struct lq_fc_login *login)
{
    if ((login->class3.service_options & LQ_FC_CLASS_VALID) == 0)
        return LQ_FC_EXPLAIN_SERVICE_OPTIONS;
    if ((login->features & LQ_FC_COMMON_F_PORT) != 0 ||
        (login->features & LQ_FC_COMMON_CONTINUOUS_OFFSET) == 0)
        return LQ_FC_EXPLAIN_COMMON_PARAMETERS;
    if (!is_data_field(login->data_bytes_max & 0xfff) ||
        !is_data_field(login->class3.data_bytes_max))
        return LQ_FC_EXPLAIN_DATA_FIELD_SIZE;
    if ((login->class3.concurrent_sequences & 0xff) == 0)
        return LQ_FC_EXPLAIN_CONCURRENT_SEQUENCES;
    return login->port_name == 0 ? LQ_FC_EXPLAIN_PORT_NAME : 0;
}

/* The login of FRAME's sender holds from now on. The slot has its name, or had its address. */
static void log_in(struct lq_fct_remote *remote, uint32_t fc_id, const struct lq_fc_login *login)
{
    uint32_t common = login->data_bytes_max & 0xfff, class3 = login->class3.data_bytes_max;
    remote->greeting = false;
    remote->logged_in = true;
    remote->fc_id = fc_id;
    remote->port_name = login->port_name;
    remote->node_name = login->node_name;
    remote->data_bytes_max = common < class3 ? common : class3;
}

/* The slot for a login from FC_ID: what is there of the name before, and of the address under
 * another name, has ended [FC-LS-2, PLOGI: implicit logout]. NULL: none is free. */
static struct lq_fct_remote *slot_for(struct lq_fc_target *t, uint32_t port, uint32_t fc_id,
                                      uint64_t port_name)
{
    struct lq_fct_remote *there = lq_fct_remote_at(t, port, fc_id);
    if (there != NULL && there->port_name != port_name)
        lq_fct_remote_lose(t, there, false);
    struct lq_fct_remote *greeted = find_greeted(t, port, fc_id);
    struct lq_fct_remote *named = find_named(t, port, port_name);
    if (greeted != NULL && named != NULL && greeted != named) {
        greeted->greeting = false;
        release_if_over(greeted);
    }
    if (named != NULL) {
        if (!lq_fct_wrong(t, LQ_WRONG_PLOGI_KEEPS_EXCHANGES))
            end_nexus(t, named, LQ_TRIGGER_REINSTATEMENT);
        return named;
    }
    return greeted != NULL ? greeted : take(t, port);
}

void lq_fct_plogi(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                  const struct lq_fc_els *els)
{
    const struct lq_fc_login *login = &els->u.login;
    uint8_t fault = fault_of(login);
    if (t->shutting_down) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_BUSY, LQ_FC_EXPLAIN_NOTHING);
        return;
    }
    if (fault != 0) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, fault);
        return;
    }
    /* Both have begun: the greater name's PLOGI counts [FC-LS-2]. */
    if (find_greeted(t, port, frame->s_id) != NULL &&
        t->ports[port].config.port_name > login->port_name) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_IN_PROGRESS, LQ_FC_EXPLAIN_IN_PROGRESS);
        return;
    }
    struct lq_fct_remote *remote = slot_for(t, port, frame->s_id, login->port_name);
    if (remote == NULL) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_RESOURCES);
        return;
    }
    log_in(remote, frame->s_id, login);
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_ELS_REPLY);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_PLOGI);
    lq_fct_login_parameters(t, port, &acc.u.login);
    lq_fct_send_els(t, reply, &acc);
}

void lq_fct_logo(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame)
{
    struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    struct lq_fct_remote *leaving = find_leaving(t, port, frame->s_id);
    if (remote == NULL && leaving != NULL) { /* it asks again: one answer, to the latest */
        owe(leaving, LQ_FC_ELS_LOGO, frame);
        return;
    }
    if (remote == NULL) { /* it is logged out */
        struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_ELS_REPLY);
        struct lq_fc_els acc;
        lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_LOGO);
        if (reply != NULL)
            lq_fct_send_els(t, reply, &acc);
        return;
    }
    t->counts.logouts++;
    remote->logged_in = false;
    end_nexus(t, remote, LQ_TRIGGER_LOGOUT);
    owe(remote, LQ_FC_ELS_LOGO, frame);
    answer_owed(t, remote);
}

/* --- process login ---------------------------------------------------------------------------- */

/* One page, FCP's. False: it has been answered. */
static bool is_fcp_page(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                        const struct lq_fc_els *els)
{
    const struct lq_fc_process_page *page = &els->u.process;
    bool fits = page->page_bytes == 16 && page->payload_bytes >= 20 &&
                page->payload_bytes <= els->size_bytes && page->type == LQ_FC_TYPE_FCP;
    if (!fits)
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_EXPLAIN_NOTHING);
    return fits;
}

void lq_fct_prli(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                 const struct lq_fc_els *els)
{
    struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    if (!is_fcp_page(t, port, frame, els))
        return;
    end_nexus(t, remote, LQ_TRIGGER_REINSTATEMENT);
    owe(remote, LQ_FC_ELS_PRLI, frame);
    remote->owed_page = els->u.process;
    answer_owed(t, remote);
}

void lq_fct_prlo(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                 const struct lq_fc_els *els)
{
    struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    if (!is_fcp_page(t, port, frame, els))
        return;
    t->counts.logouts++;
    end_nexus(t, remote, LQ_TRIGGER_LOGOUT);
    owe(remote, LQ_FC_ELS_PRLO, frame);
    answer_owed(t, remote);
}

/* --- our own requests ------------------------------------------------------------------------- */

static void send_logo(struct lq_fc_target *t, const struct lq_fct_remote *remote)
{
    struct lq_fc_els logo;
    lq_fc_els_begin(&logo, LQ_FC_ELS_LOGO, 0);
    logo.u.logo.fc_id = t->ports[remote->port].fc_id;
    logo.u.logo.port_name = t->ports[remote->port].config.port_name;
    (void)lq_fct_request(t, remote->port, remote->fc_id, &logo);
}

void lq_fct_remote_lose(struct lq_fc_target *t, struct lq_fct_remote *remote, bool tell)
{
    if (tell && remote->logged_in)
        send_logo(t, remote);
    remote->logged_in = remote->greeting = false;
    end_nexus(t, remote, LQ_TRIGGER_NEXUS_LOSS);
    release_if_over(remote);
}

static void send_greeting(struct lq_fc_target *t, struct lq_fct_remote *remote)
{
    struct lq_fc_els plogi;
    lq_fc_els_begin(&plogi, LQ_FC_ELS_PLOGI, 0);
    lq_fct_login_parameters(t, remote->port, &plogi.u.login);
    remote->greet_ox_id = lq_fct_request(t, remote->port, remote->fc_id, &plogi);
    remote->greet_tries++;
    remote->greet_deadline_ns = t->env->now_ns + 2 * t->config.r_a_tov_ns;
}

void lq_fc_target_greet(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id)
{
    LQ_ASSERT(port < target->config.port_count && !target->emitted);
    if (target->ports[port].fc_id == 0 || target->shutting_down ||
        lq_fct_remote_at(target, port, remote_fc_id) != NULL ||
        find_greeted(target, port, remote_fc_id) != NULL)
        return;
    struct lq_fct_remote *remote = take(target, port);
    if (remote == NULL)
        return;
    remote->fc_id = remote_fc_id;
    remote->greeting = true;
    send_greeting(target, remote);
}

void lq_fct_els_reply(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                      struct lq_slice data)
{
    struct lq_fct_remote *remote = find_greeted(t, port, frame->s_id);
    struct lq_fc_els els;
    if (remote == NULL || remote->greet_ox_id != frame->ox_id ||
        !lq_fc_els_decode(&els, LQ_FC_ELS_PLOGI, data.bytes, data.size_bytes)) {
        t->counts.dropped++;
        return;
    }
    if (els.command == LQ_FC_ELS_LS_ACC && fault_of(&els.u.login) == 0) {
        struct lq_fct_remote *slot = slot_for(t, port, frame->s_id, els.u.login.port_name);
        log_in(slot, frame->s_id, &els.u.login);
    } else {
        remote->greeting = false;
        release_if_over(remote);
    }
}

/* --- settling and time ------------------------------------------------------------------------ */

void lq_fct_remotes_settle(struct lq_fc_target *t)
{
    bool close = t->close_noted;
    t->nexus_ended_noted = t->close_noted = false;
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (!remote->used)
            continue;
        if (close && remote->nexus_state == LQ_FCT_NEXUS &&
            t->ports[remote->port].close)
            lq_fct_remote_lose(t, remote, true);
        if (remote->nexus_state == LQ_FCT_NEXUS_ENDING && remote->ended) {
            remote->nexus_state = LQ_FCT_NO_NEXUS;
            remote->nexus = LQ_NO_HANDLE;
            answer_owed(t, remote);
        }
        release_if_over(remote);
    }
    for (uint32_t i = 0; i < t->config.port_count; i++)
        t->ports[i].close = t->close_noted && t->ports[i].close;
}

uint64_t lq_fct_remotes_deadline(const struct lq_fc_target *t)
{
    uint64_t deadline = LQ_NEVER;
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        const struct lq_fct_remote *remote = &t->remotes[i];
        if (remote->used && remote->greeting && remote->greet_deadline_ns < deadline)
            deadline = remote->greet_deadline_ns;
    }
    return deadline;
}

void lq_fct_remotes_expire(struct lq_fc_target *t)
{
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (!remote->used || !remote->greeting || remote->greet_deadline_ns > t->env->now_ns)
            continue;
        if (remote->greet_tries < LQ_FCT_GREET_TRIES) {
            send_greeting(t, remote);
        } else {
            remote->greeting = false;
            release_if_over(remote);
        }
    }
}
