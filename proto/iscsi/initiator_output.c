/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a ring of encoded PDUs, filled when output is pulled and emptied as bytes are sent. What
 * goes next is decided in one place, fill(): answers to pings, login, immediate requests, then by
 * turns Data-Out and the next request in CmdSN order, as far as the command window reaches.
 */
#include <string.h>

#include "core/base/assert.h"
#include "proto/iscsi/initiator_state.h"
#include "proto/iscsi/serial.h"

bool lq_ini_has_output_room(const struct lq_iscsi_initiator *ini)
{
    return ini->output_count < ini->config.output_pdus_max;
}

static struct output *output_at(const struct lq_iscsi_initiator *ini, uint32_t at)
{
    return &ini->outputs[lq_ini_ring(ini->output_first, at, ini->config.output_pdus_max)];
}

struct output *lq_ini_output_next(struct lq_iscsi_initiator *ini)
{
    LQ_ASSERT(lq_ini_has_output_room(ini));
    struct output *output = output_at(ini, ini->output_count);
    output->header_bytes = LQ_BHS_BYTES;
    output->data = NULL;
    output->data_bytes = 0;
    output->zero_bytes = 0;
    output->digest_bytes = 0;
    output->slot = NO_SLOT;
    output->raw = false;
    return output;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Data-Out that the caller's memory does not cover, and padding. */
static const uint8_t zeros[4096];

static void put_header_digest(const struct lq_iscsi_initiator *ini, struct output *output)
{
    uint8_t *end = output->header + output->header_bytes;
    lq_crc32c_put(end, ini->config.crc32c(0, output->header, output->header_bytes));
    output->header_bytes += LQ_DIGEST_BYTES;
}

static void put_data_digest(const struct lq_iscsi_initiator *ini, struct output *output)
{
    uint32_t crc = ini->config.crc32c(0, output->data, output->data_bytes);
    for (uint32_t left = output->zero_bytes; left > 0;) {
        uint32_t piece = least(left, sizeof zeros);
        crc = ini->config.crc32c(crc, zeros, piece);
        left -= piece;
    }
    lq_crc32c_put(output->digest, crc);
    output->digest_bytes = LQ_DIGEST_BYTES;
}

void lq_ini_output_add(struct lq_iscsi_initiator *ini, struct output *output,
                       const struct lq_iscsi_pdu *pdu)
{
    struct lq_iscsi_pdu complete = *pdu;
    complete.ahs_words = (uint8_t)((output->header_bytes - LQ_BHS_BYTES) / 4);
    complete.data_bytes = output->data_bytes + output->zero_bytes;
    complete.exp_stat_sn = ini->exp_stat_sn;
    lq_iscsi_pdu_encode(&complete, output->header);
    output->zero_bytes += lq_iscsi_pad_bytes(complete.data_bytes);
    if (ini->phase == FULL_FEATURE && ini->params.header_digest == LQ_DIGEST_CRC32C)
        put_header_digest(ini, output);
    if (ini->phase == FULL_FEATURE && ini->params.data_digest == LQ_DIGEST_CRC32C &&
        complete.data_bytes != 0)
        put_data_digest(ini, output);
    ini->output_count++;
}

/* --- one encoder per kind of request ------------------------------------------------------ */

static uint32_t add_command_ahs(const struct request *request, struct output *output)
{
    uint32_t end = LQ_BHS_BYTES;
    if (request->cdb_bytes > 16)
        end += lq_iscsi_ahs_put_cdb(output->header + end, request->cdb + 16,
                                    request->cdb_bytes - 16);
    if (request->read && request->write)
        end += lq_iscsi_ahs_put_bidi(output->header + end, request->expected_in_bytes);
    return end;
}

/* What goes out unasked: immediate data as allowed by ImmediateData, Data-Out PDUs as allowed by
 * InitialR2T, both together at most FirstBurstLength [RFC 7143 13.10, 13.11, 13.14]. */
static void encode_command(struct lq_iscsi_initiator *ini, struct request *request,
                           struct output *output, struct lq_iscsi_pdu *pdu)
{
    const struct lq_iscsi_initiator_offer *params = &ini->params;
    uint32_t burst = request->write ? least(params->first_burst_length, request->expected_out_bytes)
                                    : 0;
    uint32_t immediate = 0, unsolicited = 0;
    if (params->immediate_data)
        immediate = least(least(burst, request->immediate_max), ini->target_segment_max);
    if (!params->initial_r2t)
        unsolicited = least(burst - immediate, request->unsolicited_max);
    pdu->opcode = LQ_OP_SCSI_COMMAND;
    pdu->final = unsolicited == 0;
    pdu->lun = request->lun;
    pdu->u.command.read = request->read;
    pdu->u.command.write = request->write;
    pdu->u.command.attribute = request->attribute;
    pdu->u.command.priority = 0;
    bool says_in = request->read ? !request->write : request->expected_out_bytes == 0;
    pdu->u.command.expected_bytes = request->write || !says_in ? request->expected_out_bytes
                                                               : request->expected_in_bytes;
    memset(pdu->u.command.cdb, 0, sizeof pdu->u.command.cdb);
    memcpy(pdu->u.command.cdb, request->cdb, least(request->cdb_bytes, 16));
    output->header_bytes = add_command_ahs(request, output);
    if (immediate > 0)
        lq_ini_point_at_out(ini, output, request, 0, immediate);
    request->asked_end = immediate + unsolicited;
    if (unsolicited > 0)
        lq_ini_owe_unsolicited(ini, request, immediate, immediate + unsolicited);
}

static void encode_tm(struct lq_iscsi_initiator *ini, struct request *request,
                      struct output *output, struct lq_iscsi_pdu *pdu)
{
    (void)output;
    pdu->opcode = LQ_OP_TM_REQUEST;
    pdu->lun = request->lun;
    pdu->u.tm.function = request->function;
    pdu->u.tm.referenced_itt = request->referenced_tag;
    pdu->u.tm.exp_data_sn = 0;
    /* Of an immediate command it is the function's own CmdSN [RFC 7143 11.5.5]. */
    pdu->u.tm.ref_cmd_sn = request->referenced_immediate ? ini->cmd_sn : request->referenced_cmd_sn;
}

static void encode_logout(struct lq_iscsi_initiator *ini, struct request *request,
                          struct output *output, struct lq_iscsi_pdu *pdu)
{
    (void)output;
    pdu->opcode = LQ_OP_LOGOUT_REQUEST;
    pdu->u.logout.reason = request->function;
    pdu->u.logout.cid = request->cid;
    ini->logout_sent = true;
}

static void encode_ping(struct lq_iscsi_initiator *ini, struct request *request,
                        struct output *output, struct lq_iscsi_pdu *pdu)
{
    (void)ini;
    pdu->opcode = LQ_OP_NOP_OUT;
    pdu->ttt = LQ_TAG_NONE;
    output->data = request->raw;
    output->data_bytes = request->raw_bytes;
    output->raw = true;
    request->raw = NULL; /* the output drops it */
}

static void encode_text(struct lq_iscsi_initiator *ini, struct request *request,
                        struct output *output, struct lq_iscsi_pdu *pdu)
{
    (void)ini;
    pdu->opcode = LQ_OP_TEXT_REQUEST;
    pdu->final = true;
    pdu->lun = request->lun; /* goes with the target transfer tag [RFC 7143 11.10.4] */
    pdu->ttt = request->ttt;
    pdu->u.text.more = false;
    if (request->raw == NULL) /* asks for the rest of an answer */
        return;
    output->data = request->raw;
    output->data_bytes = request->raw_bytes;
    output->raw = true;
    request->raw = NULL;
}

typedef void (*encode_function)(struct lq_iscsi_initiator *ini, struct request *request,
                                struct output *output, struct lq_iscsi_pdu *pdu);

static const encode_function encoders[] = {
    [COMMAND] = encode_command, [TASK_MANAGEMENT] = encode_tm, [LOGOUT] = encode_logout,
    [PING] = encode_ping,       [TEXT] = encode_text,
};

static void encode_request(struct lq_iscsi_initiator *ini, struct request *request)
{
    LQ_ASSERT(request->kind < sizeof encoders / sizeof encoders[0]);
    struct output *output = lq_ini_output_next(ini);
    bool is_first = !request->has_tag;
    lq_ini_mark_sent(ini, request);
    request->cmd_sn = ini->cmd_sn;
    struct lq_iscsi_pdu pdu;
    pdu.immediate = request->immediate;
    pdu.final = true;
    pdu.lun = 0;
    pdu.itt = request->itt;
    pdu.ttt = 0;
    pdu.cmd_sn = ini->cmd_sn;
    encoders[request->kind](ini, request, output, &pdu);
    if (!request->immediate)
        ini->cmd_sn++;
    lq_ini_output_add(ini, output, &pdu);
    if (!is_first)
        return;
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_SENT);
    event->id = request->id;
    event->itt = request->itt;
    event->cmd_sn = request->cmd_sn;
    event->out_bytes = request->kind == COMMAND ? request->asked_end : 0;
}

/* --- what goes next ----------------------------------------------------------------------- */

static bool encode_nop_answer(struct lq_iscsi_initiator *ini)
{
    if (ini->nop_count == 0)
        return false;
    const struct nop_answer *answer = &ini->nop_answers[ini->nop_first];
    struct lq_iscsi_pdu pdu = {.opcode = LQ_OP_NOP_OUT,
                               .immediate = true,
                               .lun = answer->lun,
                               .itt = LQ_TAG_NONE,
                               .ttt = answer->ttt,
                               .cmd_sn = ini->cmd_sn};
    ini->nop_first = lq_ini_ring(ini->nop_first, 1, NOP_ANSWERS);
    ini->nop_count--;
    lq_ini_output_add(ini, lq_ini_output_next(ini), &pdu);
    return true;
}

static bool encode_from(struct lq_iscsi_initiator *ini, const struct lq_link *list)
{
    if (lq_list_is_empty(list) || ini->logout_sent)
        return false;
    struct request *request = LQ_ELEMENT(list->next, struct request, link);
    if (!request->immediate && lq_sn_before(ini->max_cmd_sn, ini->cmd_sn))
        return false;
    encode_request(ini, request);
    return true;
}

/* One more PDU in the output; false when nothing may go. */
static bool fill(struct lq_iscsi_initiator *ini)
{
    if (!lq_ini_has_output_room(ini) || !lq_ini_has_event_room(ini))
        return false;
    if (ini->phase == LOGIN && ini->login.pdu_due && ini->output_count == 0) {
        lq_ini_encode_login(ini); /* its text has one place, so one is out at a time */
        return true;
    }
    if (ini->phase != FULL_FEATURE)
        return false;
    if (encode_nop_answer(ini) || encode_from(ini, &ini->urgent))
        return true;
    bool went = ini->data_turn ? lq_ini_encode_data_out(ini) || encode_from(ini, &ini->queue)
                               : encode_from(ini, &ini->queue) || lq_ini_encode_data_out(ini);
    if (went) /* so that the order never depends on how often output is pulled */
        ini->data_turn = !ini->data_turn;
    return went;
}

/* --- emit and sent ------------------------------------------------------------------------ */

struct emission {
    struct lq_slice *slices;
    uint32_t max, count;
    uint32_t skip_bytes; /* sent already */
};

static void emit_bytes(struct emission *emission, const uint8_t *bytes, uint32_t size_bytes)
{
    if (emission->skip_bytes >= size_bytes) {
        emission->skip_bytes -= size_bytes;
        return;
    }
    if (emission->count == emission->max)
        return;
    emission->slices[emission->count++] = (struct lq_slice){bytes + emission->skip_bytes,
                                                            size_bytes - emission->skip_bytes};
    emission->skip_bytes = 0;
}

static void emit_output(struct emission *emission, const struct output *output)
{
    emit_bytes(emission, output->header, output->header_bytes);
    emit_bytes(emission, output->data, output->data_bytes);
    for (uint32_t left = output->zero_bytes; left > 0 && emission->count < emission->max;) {
        uint32_t piece = least(left, sizeof zeros);
        emit_bytes(emission, zeros, piece);
        left -= piece;
    }
    emit_bytes(emission, output->digest, output->digest_bytes);
}

uint32_t lq_iscsi_initiator_emit(struct lq_iscsi_initiator *ini, struct lq_slice *slices,
                                 uint32_t max)
{
    while (fill(ini))
        ;
    struct emission emission = {slices, max, 0, ini->output_sent_bytes};
    for (uint32_t i = 0; i < ini->output_count && emission.count < max; i++)
        emit_output(&emission, output_at(ini, i));
    return emission.count;
}

static void drop_first_output(struct lq_iscsi_initiator *ini)
{
    struct output *output = &ini->outputs[ini->output_first];
    ini->output_first = lq_ini_ring(ini->output_first, 1, ini->config.output_pdus_max);
    ini->output_count--;
    if (output->raw)
        lq_ini_raw_drop(ini);
    if (output->slot != NO_SLOT) {
        struct request *request = &ini->requests[output->slot];
        LQ_ASSERT(request->outputs > 0);
        request->outputs--;
        lq_ini_settle(ini, request);
    }
}

void lq_iscsi_initiator_sent(struct lq_iscsi_initiator *ini, uint32_t size_bytes)
{
    if (ini->phase == IDLE)
        return;
    ini->output_sent_bytes += size_bytes;
    while (ini->output_count > 0) {
        const struct output *first = &ini->outputs[ini->output_first];
        uint32_t whole = first->header_bytes + first->data_bytes + first->zero_bytes +
                         first->digest_bytes;
        if (ini->output_sent_bytes < whole)
            return;
        ini->output_sent_bytes -= whole;
        drop_first_output(ini);
    }
    LQ_ASSERT(ini->output_sent_bytes == 0); /* more than was emitted */
}
