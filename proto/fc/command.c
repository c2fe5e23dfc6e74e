/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FCP_CMND and FCP_RSP [FCP-4 9]: commands on their way to the engine, in the order of their CRN
 * where they have one [FCP-4, precise delivery], and their ends.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/fc/target_state.h"

/* --- command reference numbers ---------------------------------------------------------------- */

/* The logical unit's entry; NULL: all are in use, and its CRNs are not followed. */
static struct lq_fct_crn *crn_of(const struct lq_fc_target *t, struct lq_fct_remote *remote,
                                 uint64_t lun)
{
    struct lq_fct_crn *free_entry = NULL;
    for (uint32_t i = 0; i < t->config.units_max; i++) {
        struct lq_fct_crn *entry = &remote->crns[i];
        if (entry->used && entry->lun == lun)
            return entry;
        if (!entry->used && free_entry == NULL)
            free_entry = entry;
    }
    if (free_entry != NULL)
        *free_entry = (struct lq_fct_crn){.lun = lun, .used = true, .next = 1};
    return free_entry;
}

/* How far CRN is from NEXT: 0..254; numbers go from 255 on to 1. */
static uint32_t distance(uint8_t crn, uint8_t next)
{
    return (crn + 255U - next) % 255;
}

static void advance(struct lq_fct_crn *entry)
{
    entry->passed[entry->next / 64] &= ~(UINT64_C(1) << (entry->next % 64));
    entry->next = (uint8_t)(entry->next == 255 ? 1 : entry->next + 1);
}

static bool is_passed(const struct lq_fct_crn *entry)
{
    return (entry->passed[entry->next / 64] >> (entry->next % 64) & 1) != 0;
}

static void give_to_engine(struct lq_fc_target *t, struct lq_fct_exchange *x);

static struct lq_fct_exchange *held_next(const struct lq_fct_remote *remote,
                                         const struct lq_fct_crn *entry)
{
    LQ_LIST_EACH(link, &remote->exchanges)
    {
        struct lq_fct_exchange *x = LQ_ELEMENT(link, struct lq_fct_exchange, link);
        if (x->state == LQ_FCT_HELD && x->cmnd.lun == entry->lun && x->cmnd.crn == entry->next)
            return x;
    }
    return NULL;
}

/* Hands on what has waited for ENTRY's next numbers. */
static void release_held(struct lq_fc_target *t, struct lq_fct_remote *remote,
                         struct lq_fct_crn *entry)
{
    for (;;) {
        struct lq_fct_exchange *x = held_next(remote, entry);
        if (x == NULL && !is_passed(entry))
            return;
        advance(entry);
        if (x == NULL)
            continue;
        lq_list_remove(&x->timer_link);
        give_to_engine(t, x);
    }
}

void lq_fct_crn_pass(struct lq_fc_target *t, struct lq_fct_remote *remote, uint64_t lun,
                     uint8_t crn)
{
    struct lq_fct_crn *entry = crn == 0 ? NULL : crn_of(t, remote, lun);
    if (entry == NULL)
        return;
    entry->passed[crn / 64] |= UINT64_C(1) << (crn % 64);
    release_held(t, remote, entry);
}

/* True: it is handed on, held or dropped by its CRN; false: its CRN means nothing. */
static bool take_in_order(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    struct lq_fct_crn *entry =
        x->cmnd.crn == 0 || !t->config.precise_delivery ? NULL
                                                        : crn_of(t, x->remote, x->cmnd.lun);
    if (entry == NULL)
        return false;
    uint32_t ahead = distance(x->cmnd.crn, entry->next);
    if (ahead == 0) {
        advance(entry);
        give_to_engine(t, x);
        release_held(t, x->remote, entry);
    } else if (ahead < 128) {
        x->state = LQ_FCT_HELD;
        lq_fct_wait(t, x, &t->holes);
    } else { /* it was there already */
        t->counts.dropped++;
        lq_fct_exchange_end(t, x, LQ_FCT_FREE);
    }
    return true;
}

/* A hole that does not close: what waits behind it is not carried out. */
void lq_fct_holes_expire(struct lq_fc_target *t)
{
    while (!lq_list_is_empty(&t->holes)) {
        struct lq_fct_exchange *x = LQ_ELEMENT(t->holes.next, struct lq_fct_exchange, timer_link);
        if (x->since_ns + t->config.r_a_tov_ns > t->env->now_ns)
            return;
        lq_list_remove(&x->timer_link);
        x->state = LQ_FCT_ACTIVE;
        lq_fct_complete(t, x, &(struct lq_command_complete){.status = LQ_BUSY});
        lq_fct_crn_pass(t, x->remote, x->cmnd.lun, x->cmnd.crn);
    }
}

/* --- commands --------------------------------------------------------------------------------- */

static const enum lq_attribute attributes[8] = {[LQ_FCP_SIMPLE] = LQ_SIMPLE,
                                                [LQ_FCP_HEAD_OF_QUEUE] = LQ_HEAD_OF_QUEUE,
                                                [LQ_FCP_ORDERED] = LQ_ORDERED,
                                                [LQ_FCP_ACA] = LQ_ACA,
                                                [LQ_FCP_UNTAGGED] = LQ_SIMPLE};

/* Expected Data-In; of bidirectional commands FCP_DL is Data-Out. */
static uint32_t expected_in(const struct lq_fcp_cmnd *cmnd)
{
    if (!lq_fcp_reads(cmnd))
        return 0;
    return cmnd->has_bidi_dl ? cmnd->bidi_dl : cmnd->dl;
}

static uint32_t expected_out(const struct lq_fcp_cmnd *cmnd)
{
    return lq_fcp_writes(cmnd) ? cmnd->dl : 0;
}

static void give_to_engine(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    const struct lq_fcp_cmnd *cmnd = &x->cmnd;
    struct lq_command given = {.nexus = x->remote->nexus,
                               .lun = cmnd->lun,
                               .tag = x->ox_id,
                               .attribute = attributes[lq_fcp_attribute(cmnd)],
                               .priority = lq_fcp_priority(cmnd),
                               .order_stamp = ++t->order_stamp,
                               .cdb = cmnd->cdb,
                               .cdb_bytes = cmnd->cdb_bytes,
                               .expected_in_bytes = expected_in(cmnd),
                               .expected_out_bytes = expected_out(cmnd),
                               .cookie = lq_fct_cookie(x)};
    x->state = LQ_FCT_ACTIVE;
    lq_task task = lq_engine_command(t->engine, &given);
    x->task = task;
}

/* FCP_RSP_INFO with CODE instead of a command [FCP-4, RSP_CODE]. */
static void refuse(struct lq_fc_target *t, struct lq_fct_exchange *x, uint8_t code)
{
    x->state = LQ_FCT_ENDED;
    x->has_info = true;
    x->rsp_information = 0;
    x->rsp_code = code;
    x->send_rsp = true;
    lq_fct_queue(t, &x->output);
}

static bool is_valid(const struct lq_fcp_cmnd *cmnd)
{
    uint8_t attribute = lq_fcp_attribute(cmnd);
    if (cmnd->tm_flags != 0)
        return (cmnd->tm_flags & (cmnd->tm_flags - 1)) == 0 && cmnd->tm_flags != 0x80;
    return attribute != 3 && attribute <= LQ_FCP_UNTAGGED && cmnd->cdb_bytes <= LQ_CDB_BYTES_MAX;
}

/* No slot: BUSY, or a function that failed, from one that is no exchange's [SAM-5 5.3.1]. */
static void answer_busy(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                        const struct lq_fcp_cmnd *cmnd)
{
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_COMMAND_STATUS);
    if (reply == NULL)
        return;
    static const uint8_t failed[LQ_FCP_RSP_INFO_BYTES] = {[3] = LQ_FCP_TM_FAILED};
    struct lq_fcp_rsp rsp = {.status = LQ_BUSY, .residual = cmnd->dl};
    rsp.flags = cmnd->dl != 0 ? LQ_FCP_UNDERFLOW : 0;
    if (cmnd->tm_flags != 0) /* a function has no status, and without a code it would be done */
        rsp = (struct lq_fcp_rsp){
            .flags = LQ_FCP_INFO_VALID, .info = failed, .info_bytes = sizeof failed};
    lq_fcp_rsp_encode(&rsp, reply->payload);
    lq_fct_send(t, reply, lq_fcp_rsp_bytes(&rsp));
}

/* The OX_ID is known. True: its exchange has ended, and this FCP_CMND begins another one. */
static bool is_over(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (x->state == LQ_FCT_CONFIRM) /* FCP_CONF was lost, but the initiator has gone on */
        lq_fct_fcp_conf(t, x);
    if (x->state != LQ_FCT_DONE && (x->state != LQ_FCT_DEAD || !lq_fct_exchange_is_stale(t, x)))
        return false;
    lq_fct_exchange_end(t, x, LQ_FCT_FREE);
    return true;
}

/* Without process login what comes is discarded, and its sender told so [FCP-4, PRLO]. */
static void tell_process_logged_out(struct lq_fc_target *t, uint32_t port,
                                    const struct lq_fc_frame *frame)
{
    struct lq_fc_els prlo;
    lq_fc_els_begin(&prlo, LQ_FC_ELS_PRLO, 0);
    prlo.u.process.type = LQ_FC_TYPE_FCP;
    (void)lq_fct_request(t, port, frame->s_id, &prlo);
}

void lq_fct_fcp_cmnd(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                     struct lq_slice data)
{
    struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    struct lq_fct_exchange *same = lq_fct_exchange_find(t, port, frame->s_id, frame->ox_id);
    struct lq_fcp_cmnd cmnd;
    if (remote->nexus_state == LQ_FCT_NO_NEXUS)
        tell_process_logged_out(t, port, frame);
    if (remote->nexus_state != LQ_FCT_NEXUS ||
        (frame->f_ctl & LQ_FC_F_CTL_FIRST_SEQUENCE) == 0 || (same != NULL && !is_over(t, same)) ||
        !lq_fcp_cmnd_decode(&cmnd, data.bytes, data.size_bytes)) {
        t->counts.dropped++; /* without process login, a duplicate, or no FCP_CMND */
        return;
    }
    struct lq_fct_exchange *x = lq_fct_exchange_take(t, remote, frame, cmnd.tm_flags != 0);
    if (x == NULL) {
        answer_busy(t, port, frame, &cmnd);
        return;
    }
    x->cmnd = cmnd;
    x->is_tm = cmnd.tm_flags != 0;
    if (!is_valid(&cmnd))
        refuse(t, x, LQ_FCP_INVALID_FIELD);
    else if (x->is_tm)
        lq_fct_tm(t, x);
    else if (!take_in_order(t, x))
        give_to_engine(t, x);
}

/* --- FCP_RSP ---------------------------------------------------------------------------------- */

/* How far the data that the command defines is from what was expected. */
static uint32_t residual_of(uint64_t defined, uint64_t expected, uint8_t over, uint8_t under,
                            uint8_t *flags)
{
    if (defined == expected)
        return 0;
    *flags |= defined > expected ? over : under;
    uint64_t difference = defined > expected ? defined - expected : expected - defined;
    return difference > UINT32_MAX ? UINT32_MAX : (uint32_t)difference;
}

static void form_residuals(struct lq_fct_exchange *x, uint64_t in_defined, uint64_t out_defined)
{
    uint32_t in = expected_in(&x->cmnd), out = expected_out(&x->cmnd);
    bool is_out = out != 0 || (out_defined != 0 && in_defined == 0);
    if (x->cmnd.has_bidi_dl) {
        x->flags |= LQ_FCP_BIDI;
        x->bidi_residual = residual_of(in_defined, in, LQ_FCP_BIDI_OVERFLOW,
                                       LQ_FCP_BIDI_UNDERFLOW, &x->flags);
        is_out = true;
    }
    x->residual = residual_of(is_out ? out_defined : in_defined, is_out ? out : in,
                              LQ_FCP_OVERFLOW, LQ_FCP_UNDERFLOW, &x->flags);
}

static bool asks_confirm(const struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    if (!x->remote->confirm || lq_handle_is_none(x->task))
        return false;
    bool keeps_data = x->remote->retry && x->in_bytes != 0;
    return x->engine_confirm || t->config.confirm == LQ_FC_CONFIRM_ALL ||
           (t->config.confirm == LQ_FC_CONFIRM_DATA && keeps_data);
}

void lq_fct_complete(struct lq_fc_target *t, struct lq_fct_exchange *x,
                     const struct lq_command_complete *complete)
{
    x->state = LQ_FCT_ENDED;
    x->engine_confirm = complete->confirm;
    x->status = (uint8_t)complete->status;
    x->flags = 0;
    form_residuals(x, complete->in_bytes_defined, complete->out_bytes_defined);
    if (x->residual != 0 && lq_fct_wrong(t, LQ_WRONG_FCP_RESIDUAL_WRONG))
        x->residual++;
    LQ_ASSERT(complete->sense_bytes <= sizeof x->sense);
    x->sense_bytes = complete->sense_bytes;
    if (x->sense_bytes != 0)
        memcpy(x->sense, complete->sense, x->sense_bytes);
    x->window = NULL;
    x->send_ready = false;
    lq_list_remove(&x->timer_link);
    lq_list_remove(&x->todo_link);
    x->send_rsp = true;
    lq_fct_queue(t, &x->output);
}

uint32_t lq_fct_rsp(const struct lq_fc_target *t, const struct lq_fct_exchange *x,
                    uint8_t *payload)
{
    uint8_t info[LQ_FCP_RSP_INFO_BYTES] = {[3] = x->rsp_code};
    lq_put_be24(info, x->rsp_information);
    struct lq_fcp_rsp rsp = {.flags = x->flags,
                             .status = x->status,
                             .residual = x->residual,
                             .has_bidi = (x->flags & LQ_FCP_BIDI) != 0,
                             .bidi_residual = x->bidi_residual};
    if (x->has_info) {
        rsp.flags |= LQ_FCP_INFO_VALID;
        rsp.info_bytes = sizeof info;
        rsp.info = info;
    }
    if (x->sense_bytes != 0) {
        rsp.flags |= LQ_FCP_SENSE_VALID;
        rsp.sense_bytes = x->sense_bytes;
        rsp.sense = x->sense;
    }
    rsp.flags |= x->asks_confirm ? LQ_FCP_CONFIRM_WANTED : 0;
    uint32_t bytes = lq_fcp_rsp_bytes(&rsp);
    lq_fcp_rsp_encode(&rsp, payload);
    if (x->sense_bytes != 0 && lq_fct_wrong(t, LQ_WRONG_SENSE_LONGER_THAN_FCP_RSP))
        payload[19] = (uint8_t)(payload[19] + 4); /* the last byte of FCP_SNS_LEN */
    return bytes;
}

/* Decided when FCP_RSP is next: by then the command's handle is known. */
void lq_fct_rsp_prepare(const struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    x->asks_confirm = asks_confirm(t, x);
}

static void deliver(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    lq_task task = x->task;
    x->task = LQ_NO_HANDLE;
    lq_fct_exchange_end(t, x, LQ_FCT_DONE);
    if (!lq_handle_is_none(task))
        lq_engine_command_delivered(t->engine, task);
}

void lq_fct_rsp_sent(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (!x->asks_confirm) {
        deliver(t, x);
        return;
    }
    x->state = LQ_FCT_CONFIRM;
    lq_fct_wait(t, x, &t->confirms);
}

void lq_fct_fcp_conf(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (x->state == LQ_FCT_CONFIRM)
        deliver(t, x);
    else
        t->counts.dropped++;
}
