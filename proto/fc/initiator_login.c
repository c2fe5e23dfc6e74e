/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in and out, asking the directory, and what peers ask of us [FC-LS-2, FC-GS-6].
 *
 * Both chains are steps, each of which sends one request and waits for its answer; a request whose
 * answer does not come within 2 R_A_TOV is sent again, in an exchange of its own.
 */
#include <string.h>

#include "proto/fc/initiator_state.h"

/* --- requests --------------------------------------------------------------------------------- */

static void fill_login(const struct lq_fc_initiator *i, struct lq_fc_login *login)
{
    uint32_t link = i->link_bytes_max, most = i->config.data_bytes_max;
    uint16_t bytes = (uint16_t)(link < most ? link : most);
    *login = (struct lq_fc_login){.version = 0x2020,
                                  .credit = 10,
                                  .features = LQ_FC_COMMON_CONTINUOUS_OFFSET,
                                  .data_bytes_max = bytes,
                                  .word2 = 0x00ff001f,
                                  .e_d_tov = (uint32_t)(i->config.e_d_tov_ns / 1000000),
                                  .port_name = i->config.port_name,
                                  .node_name = i->config.node_name,
                                  .class3 = {.service_options = LQ_FC_CLASS_VALID |
                                                                LQ_FC_CLASS_SEQUENTIAL,
                                             .data_bytes_max = bytes,
                                             .concurrent_sequences = 255,
                                             .open_sequences = 1}};
}

static uint32_t service_parameters(const struct lq_fc_initiator *i)
{
    return LQ_FCP_INITIATOR_FUNCTION | LQ_FCP_READ_XFER_RDY_DISABLED |
           (i->config.retry ? LQ_FCP_RETRY : 0U) | (i->config.confirm ? LQ_FCP_CONFIRM : 0U) |
           (i->config.task_retry_id ? LQ_FCP_TASK_RETRY_ID : 0U);
}

/* The ELS command of STEP; 0: it is a request to the name server. */
static uint8_t els_command(uint8_t step)
{
    static const uint8_t commands[] = {[LQ_FCI_STEP_PLOGI] = LQ_FC_ELS_PLOGI,
                                       [LQ_FCI_STEP_PRLI] = LQ_FC_ELS_PRLI,
                                       [LQ_FCI_STEP_LOGO] = LQ_FC_ELS_LOGO,
                                       [LQ_FCI_STEP_PRLO] = LQ_FC_ELS_PRLO,
                                       [LQ_FCI_STEP_DIRECTORY_PLOGI] = LQ_FC_ELS_PLOGI,
                                       [LQ_FCI_STEP_SCR] = LQ_FC_ELS_SCR,
                                       [LQ_FCI_STEP_GPN_FT] = 0};
    return commands[step];
}

static uint16_t ct_command(uint8_t step)
{
    return step == LQ_FCI_STEP_RNN_ID   ? LQ_FC_CT_RNN_ID
           : step == LQ_FCI_STEP_RFT_ID ? LQ_FC_CT_RFT_ID
           : step == LQ_FCI_STEP_RFF_ID ? LQ_FC_CT_RFF_ID
                                        : LQ_FC_CT_GPN_FT;
}

static uint16_t send_els_step(struct lq_fc_initiator *i, const struct lq_fci_chain *chain)
{
    struct lq_fc_els els;
    uint8_t command = els_command(chain->step);
    lq_fc_els_begin(&els, command, 0);
    if (command == LQ_FC_ELS_PLOGI) {
        fill_login(i, &els.u.login);
    } else if (command == LQ_FC_ELS_PRLI || command == LQ_FC_ELS_PRLO) {
        els.u.process.type = LQ_FC_TYPE_FCP;
        els.u.process.flags = command == LQ_FC_ELS_PRLI ? LQ_FC_PRLI_IMAGE_PAIR : 0;
        els.u.process.parameters = command == LQ_FC_ELS_PRLI ? service_parameters(i) : 0;
    } else if (command == LQ_FC_ELS_LOGO) {
        els.u.logo.fc_id = i->fc_id;
        els.u.logo.port_name = i->config.port_name;
    } else {
        els.u.scr.function = 3;
    }
    return lq_fci_send_els(i, chain->d_id, &els, 0);
}

static uint16_t send_ct_step(struct lq_fc_initiator *i, const struct lq_fci_chain *chain)
{
    uint16_t ox_id = lq_fci_take_ox_id(i);
    if (ox_id == LQ_FC_ID_UNASSIGNED)
        return ox_id;
    struct lq_fci_reply *request =
        lq_fci_reply(i, chain->d_id, LQ_FC_R_CTL_UNSOLICITED_CONTROL, LQ_FC_TYPE_CT,
                     LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                         LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
    if (request == NULL)
        return LQ_FC_ID_UNASSIGNED;
    struct lq_fc_ct ct;
    lq_fc_ct_begin(&ct, ct_command(chain->step), 0);
    ct.fc_id = i->fc_id;
    ct.name = i->config.node_name;
    ct.type = LQ_FC_TYPE_FCP;
    ct.features = 0x02; /* initiator */
    memset(request->payload, 0, ct.size_bytes);
    lq_fc_ct_encode(&ct, request->payload);
    if (chain->step == LQ_FCI_STEP_RFT_ID) {
        lq_fc_ct_types_add(request->payload + LQ_FC_CT_TYPES_OFFSET, LQ_FC_TYPE_FCP);
        lq_fc_ct_types_add(request->payload + LQ_FC_CT_TYPES_OFFSET, LQ_FC_TYPE_CT);
    }
    request->frame.ox_id = ox_id;
    lq_fci_send(i, request, ct.size_bytes);
    return ox_id;
}

/* --- chains ----------------------------------------------------------------------------------- */

static void try_step(struct lq_fc_initiator *i, struct lq_fci_chain *chain)
{
    chain->tries++;
    chain->ox_id = els_command(chain->step) != 0 ? send_els_step(i, chain)
                                                 : send_ct_step(i, chain);
    chain->deadline_ns = lq_fci_after(i, 2 * i->config.r_a_tov_ns);
}

static void begin_step(struct lq_fc_initiator *i, struct lq_fci_chain *chain, uint8_t step,
                       uint32_t d_id)
{
    chain->step = step;
    chain->d_id = d_id;
    chain->tries = 0;
    try_step(i, chain);
}

/* A chain ends, well (CODE 0) or not. */
static void end_chain(struct lq_fc_initiator *i, struct lq_fci_chain *chain, uint32_t code)
{
    uint8_t step = chain->step;
    bool logs_in = step == LQ_FCI_STEP_PLOGI || step == LQ_FCI_STEP_PRLI;
    bool logs_out = step == LQ_FCI_STEP_LOGO || step == LQ_FCI_STEP_PRLO;
    struct lq_fc_initiator_event *event =
        lq_fci_event(i, logs_in    ? LQ_FC_I_EVENT_LOGIN_FAILED
                        : logs_out ? LQ_FC_I_EVENT_LOGOUT_DONE
                                   : LQ_FC_I_EVENT_DISCOVERED);
    chain->step = LQ_FCI_STEP_NONE;
    if (event == NULL)
        return;
    event->code = code;
    event->fc_id = chain->d_id;
    event->id = logs_out ? i->logout_id : 0;
}

bool lq_fc_initiator_discover(struct lq_fc_initiator *initiator)
{
    if (initiator->fc_id == 0 || initiator->directory.step != LQ_FCI_STEP_NONE)
        return false;
    begin_step(initiator, &initiator->directory,
               initiator->registered ? LQ_FCI_STEP_GPN_FT : LQ_FCI_STEP_DIRECTORY_PLOGI,
               LQ_FC_DIRECTORY_ADDRESS);
    return true;
}

bool lq_fc_initiator_login(struct lq_fc_initiator *initiator,
                           const struct lq_fc_initiator_login *login)
{
    bool is_other = (initiator->logged_in || initiator->has_plogi) &&
                    initiator->target_id != login->fc_id;
    if (initiator->fc_id == 0 || initiator->session.step != LQ_FCI_STEP_NONE || is_other)
        return false;
    bool has_plogi = initiator->has_plogi && login->without_plogi;
    lq_fci_forget_all(initiator);
    initiator->has_plogi = has_plogi;
    initiator->target_id = login->fc_id;
    initiator->wanted_name = login->port_name;
    begin_step(initiator, &initiator->session,
               has_plogi ? LQ_FCI_STEP_PRLI : LQ_FCI_STEP_PLOGI, login->fc_id);
    return true;
}

bool lq_fc_initiator_logout(struct lq_fc_initiator *initiator, uint64_t id, bool process_only)
{
    if (!initiator->logged_in || initiator->session.step != LQ_FCI_STEP_NONE)
        return false;
    bool keeps_plogi = process_only;
    lq_fci_forget_all(initiator);
    initiator->has_plogi = keeps_plogi;
    initiator->logout_id = id;
    begin_step(initiator, &initiator->session,
               process_only ? LQ_FCI_STEP_PRLO : LQ_FCI_STEP_LOGO, initiator->target_id);
    return true;
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool take_login(struct lq_fc_initiator *i, uint32_t fc_id, const struct lq_fc_login *login)
{
    uint32_t common = login->data_bytes_max & 0xfff, class3 = login->class3.data_bytes_max;
    uint32_t bytes = common < class3 ? common : class3;
    if ((login->class3.service_options & LQ_FC_CLASS_VALID) == 0 || bytes < 256 ||
        bytes > LQ_FC_PAYLOAD_BYTES_MAX ||
        (i->wanted_name != 0 && i->wanted_name != login->port_name))
        return false;
    i->target_id = fc_id;
    i->target_name = login->port_name;
    i->target_bytes_max = bytes & ~UINT32_C(3);
    i->has_plogi = true;
    return true;
}

static void take_prli(struct lq_fc_initiator *i, const struct lq_fc_process_page *page)
{
    bool is_pair = (page->flags & LQ_FC_PRLI_IMAGE_PAIR) != 0 &&
                   (page->flags & LQ_FC_PRLI_RESPONSE_MASK) == LQ_FC_PRLI_EXECUTED &&
                   (page->parameters & LQ_FCP_TARGET_FUNCTION) != 0;
    if (!is_pair) {
        end_chain(i, &i->session, LQ_FC_I_UNFIT);
        return;
    }
    i->session.step = LQ_FCI_STEP_NONE;
    i->logged_in = true;
    i->retry = i->config.retry && (page->parameters & LQ_FCP_RETRY) != 0;
    i->confirm = i->config.confirm && (page->parameters & LQ_FCP_CONFIRM) != 0;
    i->task_retry_id =
        i->config.task_retry_id && (page->parameters & LQ_FCP_TASK_RETRY_ID) != 0;
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_LOGGED_IN);
    if (event == NULL)
        return;
    event->fc_id = i->target_id;
    event->port_name = i->target_name;
    event->code = page->parameters;
}

/* As many as there is room to tell. */
static void tell_ports(struct lq_fc_initiator *i, struct lq_slice data)
{
    struct lq_fc_ct_entry entry = {.last = false};
    for (uint32_t n = 0; !entry.last && lq_fc_ct_entry_get(LQ_FC_CT_GPN_FT, data.bytes,
                                                           data.size_bytes, n, &entry);
         n++) {
        struct lq_fc_initiator_event *event =
            entry.fc_id == i->fc_id || i->event_count + 1 >= i->config.events_max
                ? NULL
                : lq_fci_event(i, LQ_FC_I_EVENT_PORT_FOUND);
        if (event != NULL) {
            event->fc_id = entry.fc_id;
            event->port_name = entry.name;
        }
    }
}

static void session_accepted(struct lq_fc_initiator *i, const struct lq_fc_els *els)
{
    if (i->session.step == LQ_FCI_STEP_PRLI)
        take_prli(i, &els->u.process);
    else if (i->session.step != LQ_FCI_STEP_PLOGI)
        end_chain(i, &i->session, 0);
    else if (take_login(i, i->session.d_id, &els->u.login))
        begin_step(i, &i->session, LQ_FCI_STEP_PRLI, i->session.d_id);
    else
        end_chain(i, &i->session, LQ_FC_I_UNFIT);
}

/* On to the next step; SCR goes to the fabric controller, which needs no login. */
static void directory_goes_on(struct lq_fc_initiator *i)
{
    uint8_t step = (uint8_t)(i->directory.step + 1);
    i->registered = i->registered || step == LQ_FCI_STEP_GPN_FT;
    begin_step(i, &i->directory, step,
               step == LQ_FCI_STEP_SCR ? LQ_FC_CONTROLLER_ADDRESS : LQ_FC_DIRECTORY_ADDRESS);
}

static void els_answer(struct lq_fc_initiator *i, struct lq_fci_chain *chain, struct lq_slice data)
{
    struct lq_fc_els els;
    uint8_t command = els_command(chain->step);
    if (!lq_fc_els_decode(&els, command, data.bytes, data.size_bytes))
        end_chain(i, chain, LQ_FC_I_UNFIT);
    else if (els.command != LQ_FC_ELS_LS_ACC)
        end_chain(i, chain, (uint32_t)els.u.rjt.reason << 8 | els.u.rjt.explanation);
    else if (chain == &i->session)
        session_accepted(i, &els);
    else
        directory_goes_on(i);
}

/* A registration that is refused is no reason not to go on. */
static void ct_answer(struct lq_fc_initiator *i, struct lq_slice data)
{
    struct lq_fc_ct ct;
    bool is_ct = lq_fc_ct_decode(&ct, ct_command(i->directory.step), data.bytes, data.size_bytes);
    if (i->directory.step != LQ_FCI_STEP_GPN_FT) {
        directory_goes_on(i);
    } else if (!is_ct) {
        end_chain(i, &i->directory, LQ_FC_I_UNFIT);
    } else if (ct.command != LQ_FC_CT_ACCEPT) {
        bool is_empty = ct.reason == LQ_FC_CT_UNABLE && ct.explanation == LQ_FC_CT_NO_FC4_TYPES;
        end_chain(i, &i->directory, is_empty ? 0 : (uint32_t)ct.reason << 8 | ct.explanation);
    } else {
        tell_ports(i, data);
        end_chain(i, &i->directory, 0);
    }
}

bool lq_fci_chain_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                         struct lq_slice data)
{
    struct lq_fci_chain *chains[] = {&i->session, &i->directory};
    for (uint32_t n = 0; n < 2; n++) {
        struct lq_fci_chain *chain = chains[n];
        if (chain->step == LQ_FCI_STEP_NONE || chain->ox_id != frame->ox_id ||
            chain->d_id != frame->s_id)
            continue;
        bool is_els = els_command(chain->step) != 0;
        if (is_els && frame->r_ctl == LQ_FC_R_CTL_ELS_REPLY && frame->type == LQ_FC_TYPE_ELS)
            els_answer(i, chain, data);
        else if (!is_els && frame->type == LQ_FC_TYPE_CT && frame->seq_cnt == 0)
            ct_answer(i, data);
        return true;
    }
    return false;
}

void lq_fci_chains_expire(struct lq_fc_initiator *i)
{
    struct lq_fci_chain *chains[] = {&i->session, &i->directory};
    for (uint32_t n = 0; n < 2; n++) {
        struct lq_fci_chain *chain = chains[n];
        if (chain->step == LQ_FCI_STEP_NONE || chain->deadline_ns > i->env->now_ns)
            continue;
        if (chain->tries < i->config.tries_max)
            try_step(i, chain);
        else
            end_chain(i, chain, LQ_FC_I_TIMEOUT);
    }
}

/* --- what peers ask --------------------------------------------------------------------------- */

static void answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                   const struct lq_fc_els *els)
{
    struct lq_fci_reply *reply =
        lq_fci_reply(i, frame->s_id, LQ_FC_R_CTL_ELS_REPLY, LQ_FC_TYPE_ELS,
                     LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE);
    if (reply == NULL)
        return;
    reply->frame.ox_id = frame->ox_id;
    reply->frame.rx_id = frame->rx_id;
    lq_fci_send(i, reply, lq_fc_els_encode(els, reply->payload));
}

static void refuse(struct lq_fc_initiator *i, const struct lq_fc_frame *frame, uint8_t reason,
                   uint8_t explanation)
{
    struct lq_fc_els rjt;
    lq_fc_els_begin(&rjt, LQ_FC_ELS_LS_RJT, LQ_FC_ELS_PLOGI);
    rjt.u.rjt.reason = reason;
    rjt.u.rjt.explanation = explanation;
    answer(i, frame, &rjt);
}

/* The target has ended our login: LOGO, PRLO, or PLOGI, which replaces it. */
static void logged_out(struct lq_fc_initiator *i, const struct lq_fc_frame *frame, uint8_t command)
{
    bool was_in = i->logged_in || i->session.step != LQ_FCI_STEP_NONE;
    if (frame->s_id != i->target_id || !was_in)
        return;
    bool keeps_plogi = command == LQ_FC_ELS_PRLO && i->has_plogi;
    lq_fci_forget_all(i);
    i->has_plogi = keeps_plogi;
    i->session.step = LQ_FCI_STEP_NONE;
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_LOGGED_OUT);
    if (event == NULL)
        return;
    event->fc_id = frame->s_id;
    event->code = command;
}

static void state_changed(struct lq_fc_initiator *i, const struct lq_fc_els *els)
{
    struct lq_fc_rscn_page page;
    for (uint32_t n = 0; lq_fc_rscn_page(els, n, &page) && lq_fci_has_room(i); n++) {
        struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_STATE_CHANGED);
        event->fc_id = page.fc_id;
        event->code = page.format;
    }
}

static void accept(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                   const struct lq_fc_els *els)
{
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, els->command);
    if (els->command == LQ_FC_ELS_PLOGI) {
        fill_login(i, &acc.u.login);
    } else if (els->command == LQ_FC_ELS_ADISC) {
        acc.u.adisc.port_name = i->config.port_name;
        acc.u.adisc.node_name = i->config.node_name;
        acc.u.adisc.fc_id = i->fc_id;
    } else if (els->command == LQ_FC_ELS_RTV) {
        acc.u.rtv.r_a_tov = (uint32_t)(i->config.r_a_tov_ns / 1000000);
        acc.u.rtv.e_d_tov = (uint32_t)(i->config.e_d_tov_ns / 1000000);
    } else if (els->command == LQ_FC_ELS_PRLI || els->command == LQ_FC_ELS_PRLO) {
        acc.u.process.type = LQ_FC_TYPE_FCP;
        acc.u.process.flags = LQ_FC_PRLI_EXECUTED;
        acc.u.process.parameters = els->command == LQ_FC_ELS_PRLI ? service_parameters(i) : 0;
    }
    answer(i, frame, &acc);
}

/* A PLOGI to us while ours is out: the greater name's counts [FC-LS-2]. Else the peer is logged in,
 * and our login may go on with PRLI. */
static void plogi(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                  const struct lq_fc_els *els)
{
    bool ours_is_out = i->session.step == LQ_FCI_STEP_PLOGI && i->session.d_id == frame->s_id;
    bool is_busy = (i->logged_in || i->session.step != LQ_FCI_STEP_NONE) &&
                   i->target_id != frame->s_id;
    if (ours_is_out && i->config.port_name > els->u.login.port_name) {
        refuse(i, frame, LQ_FC_REASON_IN_PROGRESS, LQ_FC_EXPLAIN_IN_PROGRESS);
        return;
    }
    if (is_busy) {
        refuse(i, frame, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_RESOURCES);
        return;
    }
    if (!ours_is_out)
        logged_out(i, frame, LQ_FC_ELS_PLOGI);
    i->wanted_name = ours_is_out ? i->wanted_name : 0;
    if (!take_login(i, frame->s_id, &els->u.login)) {
        refuse(i, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_EXPLAIN_SERVICE_OPTIONS);
        return;
    }
    accept(i, frame, els);
    if (ours_is_out)
        begin_step(i, &i->session, LQ_FCI_STEP_PRLI, frame->s_id);
}

void lq_fci_els_request(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                        struct lq_slice data)
{
    struct lq_fc_els els;
    if (!lq_fc_els_decode(&els, 0, data.bytes, data.size_bytes)) {
        refuse(i, frame, LQ_FC_REASON_PROTOCOL_ERROR, LQ_FC_EXPLAIN_NOTHING);
        return;
    }
    switch (els.command) {
    case LQ_FC_ELS_PLOGI: plogi(i, frame, &els); break;
    case LQ_FC_ELS_LOGO:
    case LQ_FC_ELS_PRLO:
        accept(i, frame, &els);
        logged_out(i, frame, els.command);
        break;
    case LQ_FC_ELS_RSCN:
        accept(i, frame, &els);
        state_changed(i, &els);
        break;
    case LQ_FC_ELS_ADISC:
    case LQ_FC_ELS_RTV:
    case LQ_FC_ELS_PRLI: accept(i, frame, &els); break;
    case LQ_FC_ELS_TEST: break; /* has no reply */
    default: refuse(i, frame, LQ_FC_REASON_NOT_SUPPORTED, LQ_FC_EXPLAIN_NOTHING); break;
    }
}
