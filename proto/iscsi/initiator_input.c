/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the header is collected, looked at, then the segment goes where it belongs (Data-In: the
 * caller's memory; all else: one buffer), then the PDU is handled as a whole by its opcode's row.
 * The lengths in a header are always believed, so framing survives every other nonsense.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/hash.h"
#include "core/engine.h"
#include "proto/iscsi/initiator_state.h"
#include "proto/iscsi/serial.h"

/* --- numbers ------------------------------------------------------------------------------ */

void lq_ini_take_stat_sn(struct lq_iscsi_initiator *ini, bool advances)
{
    if (ini->pdu.stat_sn != ini->exp_stat_sn)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_STAT_SN);
    /* From here on with the target's idea, so that one slip is one error. */
    ini->exp_stat_sn = ini->pdu.stat_sn + (advances ? 1U : 0U);
}

/* [RFC 7143 4.2.2.1]: a pair that contradicts itself is ignored, lower values are old. */
void lq_ini_take_window(struct lq_iscsi_initiator *ini)
{
    uint32_t exp_cmd_sn = ini->pdu.exp_cmd_sn, max_cmd_sn = ini->pdu.max_cmd_sn;
    if (lq_sn_before(max_cmd_sn, exp_cmd_sn - 1)) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_MAX_CMD_SN);
        return;
    }
    if (lq_sn_before(ini->cmd_sn, exp_cmd_sn)) {
        if (!ini->raw_used) /* which may have taken numbers that we do not know of */
            lq_ini_error(ini, LQ_ISCSI_I_ERROR_EXP_CMD_SN);
        return;
    }
    if (lq_sn_before(ini->exp_cmd_sn, exp_cmd_sn))
        ini->exp_cmd_sn = exp_cmd_sn;
    if (lq_sn_before(ini->max_cmd_sn, max_cmd_sn))
        ini->max_cmd_sn = max_cmd_sn;
}

/* --- the end of a command ----------------------------------------------------------------- */

/* Residuals against what this end knows [RFC 7143 11.4.5]; only GOOD says that all was moved. */
static bool residual_fits(const struct request *request, const struct ending *ending)
{
    if ((ending->overflow && ending->underflow) ||
        (ending->bidi_overflow && ending->bidi_underflow))
        return false;
    if (ending->response != 0)
        return !ending->overflow && !ending->underflow;
    uint32_t expected = request->write ? request->expected_out_bytes : request->expected_in_bytes;
    if (ending->underflow && ending->residual > expected)
        return false;
    if (!request->read || ending->status != LQ_GOOD)
        return true;
    bool under = request->write ? ending->bidi_underflow : ending->underflow;
    uint32_t residual = request->write ? ending->bidi_residual : ending->residual;
    return request->in_end == request->expected_in_bytes - (under ? residual : 0);
}

static void put_sense(struct lq_iscsi_initiator_event *event, struct lq_slice sense)
{
    event->sense_bytes = sense.size_bytes;
    if (sense.size_bytes > 0)
        memcpy(event->sense, sense.bytes, sense.size_bytes);
}

void lq_ini_finish_command(struct lq_iscsi_initiator *ini, struct request *request,
                           const struct ending *ending)
{
    if (!residual_fits(request, ending))
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_RESIDUAL);
    if (request->life == ABANDONED) {
        (void)lq_ini_end(ini, request);
        return;
    }
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_COMMAND_DONE);
    event->id = request->id;
    event->lun = request->lun;
    event->itt = request->itt;
    event->cmd_sn = request->cmd_sn;
    event->response = ending->response;
    event->status = ending->status;
    event->overflow = ending->overflow;
    event->underflow = ending->underflow;
    event->residual = ending->residual;
    event->bidi_overflow = ending->bidi_overflow;
    event->bidi_underflow = ending->bidi_underflow;
    event->bidi_residual = ending->bidi_residual;
    put_sense(event, ending->sense);
    event->in_bytes = request->in_end;
    event->out_bytes = request->encoded_out_bytes;
    event->data_out_in_use = lq_ini_end(ini, request);
}

/* --- PDUs by opcode ----------------------------------------------------------------------- */

/* The request of KIND that the PDU in hand answers; complains when there is none. */
static struct request *answered(struct lq_iscsi_initiator *ini, enum request_kind kind)
{
    struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    if (request != NULL && request->kind == kind && request->life != QUEUED)
        return request;
    lq_ini_error(ini, request == NULL ? LQ_ISCSI_I_ERROR_TAG : LQ_ISCSI_I_ERROR_ANSWER_KIND);
    return NULL;
}

/* Ends REQUEST, with an event of KIND unless it was abandoned. */
static void finish(struct lq_iscsi_initiator *ini, struct request *request,
                   enum lq_iscsi_initiator_event_kind kind, uint32_t code)
{
    if (request->life != ABANDONED) {
        struct lq_iscsi_initiator_event *event = lq_ini_push(ini, kind);
        event->id = request->id;
        event->itt = request->itt;
        event->cmd_sn = request->cmd_sn;
        event->code = code;
        memcpy(event->header, ini->header, LQ_BHS_BYTES);
    }
    (void)lq_ini_end(ini, request);
}

/* SenseLength, then the sense data [RFC 7143 11.4.7.2]: where it is in the segment. */
static struct lq_slice sense_in_segment(struct lq_iscsi_initiator *ini)
{
    if (ini->segment_bytes == 0)
        return (struct lq_slice){NULL, 0};
    uint32_t there = ini->segment_bytes < 2 ? 0 : ini->segment_bytes - 2;
    uint32_t length = ini->segment_bytes < 2 ? 0 : lq_get_be16(ini->segment);
    if (length > there || ini->segment_bytes == 1) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_SENSE);
        length = there;
    }
    if (length > LQ_ISCSI_I_SENSE_BYTES_MAX)
        length = LQ_ISCSI_I_SENSE_BYTES_MAX;
    return (struct lq_slice){ini->segment + 2, length};
}

static void handle_response(struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    lq_ini_take_stat_sn(ini, true);
    struct request *request = answered(ini, COMMAND);
    if (request == NULL)
        return;
    struct ending ending = {.response = pdu->u.response.response,
                            .status = pdu->u.response.status,
                            .overflow = pdu->u.response.overflow,
                            .underflow = pdu->u.response.underflow,
                            .residual = pdu->u.response.residual,
                            .bidi_overflow = pdu->u.response.bidi_overflow,
                            .bidi_underflow = pdu->u.response.bidi_underflow,
                            .bidi_residual = pdu->u.response.bidi_residual,
                            .sense = sense_in_segment(ini)};
    if (ending.response == 0 && ending.status == LQ_CHECK_CONDITION && ending.sense.size_bytes == 0)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_SENSE); /* autosense is a must */
    /* Reserved when no Data-In was sent [RFC 7143 11.4.8]. */
    if (ending.response == 0 && request->had_data_in &&
        pdu->u.response.exp_data_sn != request->exp_data_sn)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_DATA_SN);
    if (!pdu->final)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_FIELD);
    lq_ini_finish_command(ini, request, &ending);
}

static void handle_tm_response(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, true);
    struct request *request = answered(ini, TASK_MANAGEMENT);
    if (request != NULL)
        finish(ini, request, LQ_ISCSI_I_EVENT_TM_DONE, ini->pdu.u.tm_response.response);
}

static void handle_logout_response(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, true);
    struct request *request = answered(ini, LOGOUT);
    if (request == NULL)
        return;
    finish(ini, request, LQ_ISCSI_I_EVENT_LOGOUT_DONE, ini->pdu.u.logout_response.response);
    lq_ini_close(ini, 0);
}

static void answer_nop(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, false);
    if (ini->pdu.ttt == LQ_TAG_NONE)
        return;                              /* only tells the numbers */
    LQ_ASSERT(ini->nop_count < NOP_ANSWERS); /* feed looked */
    ini->nop_answers[lq_ini_ring(ini->nop_first, ini->nop_count++, NOP_ANSWERS)] =
        (struct nop_answer){ini->pdu.lun, ini->pdu.ttt};
    lq_ini_push(ini, LQ_ISCSI_I_EVENT_NOP_ASKED)->lun = ini->pdu.lun;
}

static void handle_nop_in(struct lq_iscsi_initiator *ini)
{
    if (ini->pdu.itt == LQ_TAG_NONE) {
        answer_nop(ini);
        return;
    }
    lq_ini_take_stat_sn(ini, true);
    struct request *request = answered(ini, PING);
    if (request == NULL)
        return;
    if (ini->pdu.ttt != LQ_TAG_NONE)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_FIELD);
    if (ini->pdu.data_bytes != request->expected_in_bytes ||
        lq_hash(0, ini->segment, ini->segment_bytes) != request->raw_hash)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_ECHO);
    finish(ini, request, LQ_ISCSI_I_EVENT_NOP_DONE, 0);
}

static void handle_async(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, true);
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_ASYNC);
    event->code = ini->pdu.u.async.event;
    event->lun = ini->pdu.lun;
    memcpy(event->header, ini->header, LQ_BHS_BYTES);
    if (ini->pdu.u.async.event == LQ_ASYNC_SCSI)
        put_sense(event, sense_in_segment(ini));
}

static void handle_reject(struct lq_iscsi_initiator *ini)
{
    if (ini->phase == LOGIN)
        lq_ini_close(ini, 1);
    else
        lq_ini_take_stat_sn(ini, true);
    if (ini->segment_bytes < LQ_BHS_BYTES) { /* the whole bad header [RFC 7143 11.17] */
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_SEGMENT_LENGTH);
        return;
    }
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_REJECTED);
    event->code = ini->pdu.u.reject.reason;
    event->itt = lq_get_be32(ini->segment + 16);
    memcpy(event->header, ini->segment, LQ_BHS_BYTES);
    struct request *request = lq_ini_by_tag(ini, event->itt);
    if (request == NULL)
        return;
    event->id = request->id;
    if (request->kind != COMMAND)
        (void)lq_ini_end(ini, request);
}

static void handle_r2t(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, false);
    lq_ini_handle_r2t(ini);
}

static void handle_nothing(struct lq_iscsi_initiator *ini)
{
    lq_ini_error(ini, LQ_ISCSI_I_ERROR_OPCODE);
}

/* What may come from a target. */
struct answer {
    uint8_t opcode;
    bool in_login, in_full_feature;
    bool data_allowed;
    void (*handle)(struct lq_iscsi_initiator *ini);
};

static const struct answer answers[] = {
    {LQ_OP_NOP_IN, false, true, true, handle_nop_in},
    {LQ_OP_SCSI_RESPONSE, false, true, true, handle_response},
    {LQ_OP_TM_RESPONSE, false, true, false, handle_tm_response},
    {LQ_OP_LOGIN_RESPONSE, true, false, true, lq_ini_handle_login},
    {LQ_OP_TEXT_RESPONSE, false, true, true, lq_ini_handle_text},
    {LQ_OP_DATA_IN, false, true, true, lq_ini_end_data_in},
    {LQ_OP_LOGOUT_RESPONSE, false, true, false, handle_logout_response},
    {LQ_OP_R2T, false, true, false, handle_r2t},
    {LQ_OP_ASYNC_MESSAGE, false, true, true, handle_async},
    {LQ_OP_REJECT, true, true, true, handle_reject},
};

static const struct answer no_answer = {.handle = handle_nothing};

/* The row of OPCODE in the present phase. */
static const struct answer *answer_of(const struct lq_iscsi_initiator *ini, uint8_t opcode)
{
    for (uint32_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].opcode == opcode)
            return (ini->phase == LOGIN ? answers[i].in_login : answers[i].in_full_feature)
                       ? &answers[i]
                       : &no_answer;
    return &no_answer;
}

/* --- framing ------------------------------------------------------------------------------ */

/* PDUs that answer a raw one are told as they are. */
static bool is_raw_answer(struct lq_iscsi_initiator *ini)
{
    if (ini->phase != FULL_FEATURE || ini->pdu.itt == LQ_TAG_NONE)
        return false;
    const struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    return request != NULL && request->kind == RAW;
}

static void tell_raw_answer(struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    bool carries_stat_sn = pdu->opcode != LQ_OP_DATA_IN || pdu->u.data.has_status;
    if (carries_stat_sn)
        lq_ini_take_stat_sn(ini, pdu->opcode != LQ_OP_R2T);
    const struct request *request = lq_ini_by_tag(ini, pdu->itt);
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_RAW_ANSWER);
    event->id = request->id;
    event->itt = pdu->itt;
    memcpy(event->header, ini->header, LQ_BHS_BYTES);
    if (pdu->opcode == LQ_OP_SCSI_RESPONSE)
        put_sense(event, sense_in_segment(ini));
}

static bool digests_headers(const struct lq_iscsi_initiator *ini)
{
    return ini->phase == FULL_FEATURE && ini->params.header_digest == LQ_DIGEST_CRC32C;
}

static bool digests_data(const struct lq_iscsi_initiator *ini)
{
    return ini->phase == FULL_FEATURE && ini->params.data_digest == LQ_DIGEST_CRC32C;
}

/* 48 bytes are here: how long the parts are that follow. */
static void measure_pdu(struct lq_iscsi_initiator *ini)
{
    uint32_t data_bytes = lq_iscsi_bhs_data_bytes(ini->header);
    ini->in_pdu = true;
    ini->begun = false;
    ini->ahs_left = lq_iscsi_bhs_ahs_bytes(ini->header);
    ini->header_digest_left = digests_headers(ini) ? LQ_DIGEST_BYTES : 0;
    ini->data_left = data_bytes;
    ini->pad_left = lq_iscsi_pad_bytes(data_bytes);
    ini->data_digest_left = digests_data(ini) && data_bytes != 0 ? LQ_DIGEST_BYTES : 0;
    if (ini->header_digest_left == 0)
        return;
    ini->crc = ini->config.crc32c(0, ini->header, LQ_BHS_BYTES);
    /* Targets have no use for AHS [RFC 7143 11.2.2]: this header is broken, and who waits for
     * its AHS to see that may wait for ever. */
    if (ini->ahs_left != 0)
        lq_ini_close(ini, 3);
}

static void begin_pdu(struct lq_iscsi_initiator *ini)
{
    bool known = lq_iscsi_pdu_decode(&ini->pdu, ini->header);
    const struct answer *answer = answer_of(ini, ini->pdu.opcode);
    ini->begun = true;
    ini->crc = 0;
    ini->error_told = false;
    ini->segment_bytes = 0;
    ini->data_slot = NO_SLOT;
    ini->ignored = !known || answer == &no_answer;
    if (ini->ignored) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_OPCODE);
        return;
    }
    /* The default holds until login is over [RFC 7143 13.12]. */
    uint32_t own_max = ini->phase == LOGIN ? 8192 : ini->params.max_recv_data_segment_length;
    if (ini->pdu.data_bytes > (answer->data_allowed ? own_max : 0))
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_SEGMENT_LENGTH);
    if (ini->pdu.ahs_words != 0)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_AHS);
    if (ini->pdu.opcode == LQ_OP_DATA_IN && !is_raw_answer(ini))
        lq_ini_begin_data_in(ini);
}

static void end_pdu(struct lq_iscsi_initiator *ini)
{
    ini->in_pdu = false;
    ini->header_bytes = 0;
    if (ini->ignored) {
        if (ini->phase == LOGIN)
            lq_ini_close(ini, 1);
        return;
    }
    if (ini->phase == FULL_FEATURE)
        lq_ini_take_window(ini);
    if (is_raw_answer(ini))
        tell_raw_answer(ini);
    else
        answer_of(ini, ini->pdu.opcode)->handle(ini);
    ini->waiting_since_ns = ini->env->now_ns;
}

static void take_segment(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    if (ini->data_slot != NO_SLOT) {
        lq_ini_take_data_in(ini, bytes, size);
        return;
    }
    uint32_t room = ini->config.text_bytes_max - ini->segment_bytes;
    uint32_t kept = size < room ? size : room;
    memcpy(ini->segment + ini->segment_bytes, bytes, kept);
    ini->segment_bytes += kept;
}

static uint32_t take_some(uint32_t *left, uint32_t size)
{
    uint32_t some = *left < size ? *left : size;
    *left -= some;
    return some;
}

/* Takes SIZE bytes of a digest of which *LEFT are to come. False: it is complete and wrong. */
static bool take_digest(struct lq_iscsi_initiator *ini, uint32_t *left, const uint8_t *bytes,
                        uint32_t size)
{
    memcpy(ini->digest + LQ_DIGEST_BYTES - *left, bytes, size);
    *left -= size;
    return *left > 0 || lq_crc32c_get(ini->digest) == ini->crc;
}

/* Takes SIZE bytes of the segment or its padding. */
static void cover(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    if (ini->data_digest_left != 0)
        ini->crc = ini->config.crc32c(ini->crc, bytes, size);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Takes what comes next of the parts behind the 48 bytes; returns how many bytes. A wrong digest
 * ends the connection: sessions of ErrorRecoveryLevel 0 have no other way to get again what was
 * discarded [RFC 7143 7.8, 7.12]. */
static uint32_t take_part(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    uint32_t taken = 0;
    bool is_right = true;
    if (ini->ahs_left > 0) {
        taken = take_some(&ini->ahs_left, size);
        if (ini->header_digest_left != 0)
            ini->crc = ini->config.crc32c(ini->crc, bytes, taken);
    } else if (ini->header_digest_left > 0) {
        taken = least(size, ini->header_digest_left);
        is_right = take_digest(ini, &ini->header_digest_left, bytes, taken);
    } else if (ini->data_left > 0) {
        taken = take_some(&ini->data_left, size);
        cover(ini, bytes, taken);
        take_segment(ini, bytes, taken);
    } else if (ini->pad_left > 0) {
        taken = take_some(&ini->pad_left, size);
        cover(ini, bytes, taken);
    } else {
        taken = least(size, ini->data_digest_left);
        is_right = take_digest(ini, &ini->data_digest_left, bytes, taken);
    }
    if (!is_right)
        lq_ini_close(ini, 3);
    return taken;
}

/* Takes what comes next of the PDU in hand; returns how many bytes. */
static uint32_t take_piece(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    uint32_t taken = 0;
    if (ini->in_pdu) {
        taken = take_part(ini, bytes, size);
    } else {
        taken = least(size, LQ_BHS_BYTES - ini->header_bytes);
        memcpy(ini->header + ini->header_bytes, bytes, taken);
        ini->header_bytes += taken;
        if (ini->header_bytes == LQ_BHS_BYTES)
            measure_pdu(ini);
    }
    if (!ini->in_pdu || ini->phase == CLOSING || ini->ahs_left + ini->header_digest_left != 0)
        return taken;
    if (!ini->begun)
        begin_pdu(ini);
    if (ini->data_left + ini->pad_left + ini->data_digest_left == 0)
        end_pdu(ini);
    return taken;
}

uint32_t lq_iscsi_initiator_feed(struct lq_iscsi_initiator *ini, const uint8_t *bytes,
                                 uint32_t size_bytes)
{
    uint32_t taken = 0;
    while (taken < size_bytes) {
        if (ini->phase == CLOSING || ini->phase == IDLE)
            return size_bytes;
        if (!lq_ini_has_event_room(ini) || ini->nop_count == NOP_ANSWERS)
            break;
        taken += take_piece(ini, bytes + taken, size_bytes - taken);
    }
    return taken;
}
