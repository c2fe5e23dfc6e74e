/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points of the initiator endpoint: link, events, frames in by what they are, time. */
#include <string.h>

#include "proto/fc/initiator_state.h"

const struct lq_fc_initiator_config lq_fc_initiator_config_default = {
    .requests_max = 64,
    .events_max = 64,
    .replies_max = 16,
    .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
    .first_ox_id = 1,
    .ox_ids = 0xfffe,
    .e_d_tov_ns = UINT64_C(2000000000),
    .r_a_tov_ns = UINT64_C(10000000000),
    .rec_tov_ns = UINT64_C(3000000000),
    .tries_max = 3,
    .retry = true,
    .confirm = true};

static void make_lists(struct lq_fc_initiator *i)
{
    lq_list_init(&i->free_requests);
    lq_list_init(&i->live);
    lq_list_init(&i->free_replies);
    lq_list_init(&i->outputs);
    for (uint32_t n = 0; n < i->config.requests_max; n++) {
        i->requests[n].output.kind = LQ_FCI_OUT_REQUEST;
        lq_list_init(&i->requests[n].output.link);
        lq_list_append(&i->free_requests, &i->requests[n].link);
    }
    for (uint32_t n = 0; n < i->config.replies_max; n++) {
        i->replies[n].output.kind = LQ_FCI_OUT_REPLY;
        lq_list_append(&i->free_replies, &i->replies[n].output.link);
    }
    i->free_reply_count = i->config.replies_max;
}

struct lq_fc_initiator *lq_fc_initiator_make(struct lq_arena *arena,
                                             const struct lq_fc_initiator_config *config,
                                             struct lq_env *env)
{
    uint32_t held_max = config->requests_max * 4;
    struct lq_fc_initiator *i = lq_arena_take(arena, 1, sizeof *i, true);
    struct lq_fci_request *requests =
        lq_arena_take(arena, config->requests_max, sizeof *requests, true);
    struct lq_fci_reply *replies =
        lq_arena_take(arena, config->replies_max, sizeof *replies, true);
    struct lq_fc_initiator_event *events =
        lq_arena_take(arena, config->events_max, sizeof *events, true);
    struct lq_fci_held *held = lq_arena_take(arena, held_max, sizeof *held, true);
    if (lq_arena_is_measuring(arena))
        return NULL;
    LQ_ASSERT(config->requests_max > 0 && config->events_max >= 16 && config->replies_max >= 16);
    LQ_ASSERT(config->ox_ids >= 8 && config->data_bytes_max >= 256 &&
              config->data_bytes_max <= LQ_FC_PAYLOAD_BYTES_MAX && config->data_bytes_max % 4 == 0);
    i->config = *config;
    i->env = env;
    i->requests = requests;
    i->replies = replies;
    i->events = events;
    i->held = held;
    i->held_max = held_max;
    i->raw_ox_id = LQ_FC_ID_UNASSIGNED;
    make_lists(i);
    return i;
}

/* --- events ----------------------------------------------------------------------------------- */

bool lq_fci_has_room(const struct lq_fc_initiator *i)
{
    return i->event_count + LQ_FCI_EVENTS_RESERVED <= i->config.events_max;
}

struct lq_fc_initiator_event *lq_fci_event(struct lq_fc_initiator *i,
                                           enum lq_fc_initiator_event_kind kind)
{
    if (i->event_count == i->config.events_max)
        return NULL;
    struct lq_fc_initiator_event *event =
        &i->events[(i->event_first + i->event_count++) % i->config.events_max];
    *event = (struct lq_fc_initiator_event){
        .kind = kind, .ox_id = LQ_FC_ID_UNASSIGNED, .rx_id = LQ_FC_ID_UNASSIGNED};
    return event;
}

bool lq_fc_initiator_next(struct lq_fc_initiator *initiator, struct lq_fc_initiator_event *event)
{
    if (initiator->event_count == 0)
        return false;
    *event = initiator->events[initiator->event_first];
    initiator->event_first = (initiator->event_first + 1) % initiator->config.events_max;
    initiator->event_count--;
    return true;
}

void lq_fci_error(struct lq_fc_initiator *i, uint32_t code, uint16_t ox_id)
{
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_PROTOCOL_ERROR);
    if (event == NULL)
        return;
    event->code = code;
    event->ox_id = ox_id;
}

static const char *const error_texts[LQ_FC_I_ERRORS] = {
    [LQ_FC_I_ERROR_NONE] = "no error",
    [LQ_FC_I_ERROR_FRAME] = "a frame is no information unit that a target sends, or too short",
    [LQ_FC_I_ERROR_EXCHANGE] = "a frame belongs to no exchange, or its RX_ID has changed",
    [LQ_FC_I_ERROR_F_CTL] = "a frame was not sent as the Exchange's Responder",
    [LQ_FC_I_ERROR_OFFSET] = "data lies beyond FCP_DL or has no relative offset",
    [LQ_FC_I_ERROR_DATA_UNASKED] = "data came for a command that does not read",
    [LQ_FC_I_ERROR_XFER_RDY] = "FCP_XFER_RDY asks for what there is not, or while another is open",
    [LQ_FC_I_ERROR_RESPONSE] = "FCP_RSP has lengths or flags that contradict each other",
    [LQ_FC_I_ERROR_RESIDUAL] = "the residual is not what was left untransferred",
    [LQ_FC_I_ERROR_AFTER_ABORT] = "a frame of an exchange came after its BA_ACC"};

const char *lq_fc_initiator_error_text(uint32_t code)
{
    return code < LQ_FC_I_ERRORS ? error_texts[code] : "?";
}

/* --- link ------------------------------------------------------------------------------------- */

void lq_fci_forget_all(struct lq_fc_initiator *i)
{
    while (!lq_list_is_empty(&i->live))
        lq_fci_request_free(i, LQ_ELEMENT(i->live.next, struct lq_fci_request, link));
    i->held_count = 0; /* a new login, or none, is a new name for all of them [FC-LS-2] */
    i->logged_in = i->has_plogi = false;
}

void lq_fc_initiator_detach(struct lq_fc_initiator *initiator)
{
    LQ_ASSERT(!initiator->emitted);
    lq_fci_forget_all(initiator);
    LQ_LIST_EACH_SAFE(link, following, &initiator->outputs)
    {
        lq_list_remove(link);
        lq_list_append(&initiator->free_replies, link);
        initiator->free_reply_count++;
    }
    initiator->session.step = initiator->directory.step = LQ_FCI_STEP_NONE;
    initiator->registered = false;
    initiator->raw_ox_id = LQ_FC_ID_UNASSIGNED;
    initiator->fc_id = 0;
}

void lq_fc_initiator_attach(struct lq_fc_initiator *initiator, uint32_t fc_id,
                            uint32_t data_bytes_max)
{
    LQ_ASSERT(fc_id != 0 && fc_id <= 0xffffff);
    LQ_ASSERT(data_bytes_max >= 256 && data_bytes_max <= LQ_FC_PAYLOAD_BYTES_MAX);
    lq_fc_initiator_detach(initiator);
    initiator->fc_id = fc_id;
    initiator->link_bytes_max = data_bytes_max & ~UINT32_C(3);
}

/* --- frames in -------------------------------------------------------------------------------- */

static bool is_held(const struct lq_fc_initiator *i, uint16_t ox_id)
{
    for (uint32_t n = 0; n < i->held_count; n++)
        if (i->held[n].ox_id == ox_id)
            return true;
    return false;
}

static void nobodys_frame(struct lq_fc_initiator *i, const struct lq_fc_frame *frame)
{
    if (frame->ox_id == i->raw_ox_id && frame->ox_id != LQ_FC_ID_UNASSIGNED) {
        struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_RAW_ANSWER);
        if (event == NULL)
            return;
        event->ox_id = frame->ox_id;
        lq_fc_frame_encode(frame, event->header);
    } else if (frame->type == LQ_FC_TYPE_FCP && frame->r_ctl != LQ_FC_R_CTL_FC4_REPLY &&
               frame->s_id == i->target_id && i->logged_in) {
        lq_fci_error(i, is_held(i, frame->ox_id) ? LQ_FC_I_ERROR_AFTER_ABORT
                                                 : LQ_FC_I_ERROR_EXCHANGE,
                     frame->ox_id);
    }
}

static void answer_frame(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                         struct lq_slice data)
{
    if (lq_fci_chain_answer(i, frame, data) || lq_fci_recovery_answer(i, frame, data))
        return;
    struct lq_fci_request *request =
        frame->s_id == i->target_id ? lq_fci_find_ox_id(i, frame->ox_id) : NULL;
    if (request == NULL)
        nobodys_frame(i, frame);
    else if (frame->type == LQ_FC_TYPE_BLS)
        lq_fci_basic_answer(i, frame);
    else
        lq_fci_fcp_frame(i, request, frame, data);
}

void lq_fc_initiator_feed(struct lq_fc_initiator *initiator, const struct lq_fc_frame *frame)
{
    struct lq_slice data;
    LQ_ASSERT(!initiator->emitted);
    if (initiator->fc_id == 0 || frame->d_id != initiator->fc_id || !lq_fci_has_room(initiator) ||
        !lq_fc_frame_data(frame, &data))
        return;
    bool from_responder = (frame->f_ctl & LQ_FC_F_CTL_RESPONDER) != 0;
    if (from_responder)
        answer_frame(initiator, frame, data);
    else if (frame->type == LQ_FC_TYPE_ELS && frame->r_ctl == LQ_FC_R_CTL_ELS_REQUEST)
        lq_fci_els_request(initiator, frame, data);
    else if (lq_fci_find_ox_id(initiator, frame->ox_id) != NULL)
        lq_fci_error(initiator, LQ_FC_I_ERROR_F_CTL, frame->ox_id);
}

/* --- time ------------------------------------------------------------------------------------- */

static void earlier(uint64_t *deadline, uint64_t at)
{
    *deadline = at < *deadline ? at : *deadline;
}

uint64_t lq_fc_initiator_deadline(const struct lq_fc_initiator *initiator)
{
    uint64_t deadline = lq_fci_held_deadline(initiator);
    if (initiator->session.step != LQ_FCI_STEP_NONE)
        earlier(&deadline, initiator->session.deadline_ns);
    if (initiator->directory.step != LQ_FCI_STEP_NONE)
        earlier(&deadline, initiator->directory.deadline_ns);
    LQ_LIST_EACH(link, &initiator->live)
    earlier(&deadline, LQ_ELEMENT(link, const struct lq_fci_request, link)->deadline_ns);
    return deadline;
}

void lq_fc_initiator_expire(struct lq_fc_initiator *initiator)
{
    LQ_ASSERT(!initiator->emitted);
    if (!lq_fci_has_room(initiator))
        return;
    lq_fci_held_expire(initiator);
    lq_fci_chains_expire(initiator);
    lq_fci_requests_expire(initiator);
}

/* --- looking inside --------------------------------------------------------------------------- */

struct lq_fc_initiator_state lq_fc_initiator_state(const struct lq_fc_initiator *initiator)
{
    uint8_t session = initiator->session.step;
    struct lq_fc_initiator_state state = {
        .attached = initiator->fc_id != 0,
        .discovering = initiator->directory.step != LQ_FCI_STEP_NONE,
        .logging_in = session == LQ_FCI_STEP_PLOGI || session == LQ_FCI_STEP_PRLI,
        .logged_in = initiator->logged_in,
        .fc_id = initiator->fc_id,
        .target_fc_id = initiator->target_id,
        .target_port_name = initiator->target_name,
        .requests = initiator->request_count,
        .requests_free = initiator->config.requests_max - initiator->request_count,
        .held_ox_ids = initiator->held_count,
        .retry = initiator->retry,
        .confirm = initiator->confirm};
    LQ_LIST_EACH(link, &initiator->live)
    {
        uint8_t stage = LQ_ELEMENT(link, const struct lq_fci_request, link)->stage;
        state.queued += stage == LQ_FCI_QUEUED ? 1 : 0;
        state.aborting += stage == LQ_FCI_ABTS ? 1 : 0;
    }
    return state;
}
