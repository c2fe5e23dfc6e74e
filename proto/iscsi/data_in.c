/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data to the initiator and SCSI status [RFC 7143 11.4, 11.7]: segments no longer than the
 * initiator takes, sequences no longer than MaxBurstLength, status in the last Data-In when it is
 * a plain GOOD, residuals.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/iscsi/state.h"

/* --- the engine has ended a command ----------------------------------------------------------- */

/* Residual of one direction [RFC 7143 11.4.5.1]: what the command defines against what the
 * initiator expected. */
static uint32_t residual_of(uint64_t defined, uint64_t expected, bool *overflow, bool *underflow)
{
    *overflow = defined > expected;
    *underflow = defined < expected;
    uint64_t difference = *overflow ? defined - expected : expected - defined;
    return difference > UINT32_MAX ? UINT32_MAX : (uint32_t)difference;
}

static void form_residuals(const struct lq_iscsi_target *t, struct lq_tgt_command *command,
                           uint64_t in_defined, uint64_t out_defined)
{
    bool bidi = command->expected_in_bytes != 0 && command->expected_out_bytes != 0;
    bool out = command->expected_out_bytes != 0 || (out_defined != 0 && in_defined == 0);
    command->bidi_overflow = command->bidi_underflow = false;
    command->bidi_residual = 0;
    if (bidi)
        command->bidi_residual =
            residual_of(in_defined, command->expected_in_bytes, &command->bidi_overflow,
                        &command->bidi_underflow);
    if (out)
        command->residual = residual_of(out_defined, command->expected_out_bytes,
                                        &command->overflow, &command->underflow);
    else
        command->residual = residual_of(in_defined, command->expected_in_bytes,
                                        &command->overflow, &command->underflow);
    if (command->residual != 0 && lq_tgt_wrong(t, LQ_WRONG_RESIDUAL_WRONG))
        command->residual++;
    if (out && lq_tgt_wrong(t, LQ_WRONG_NO_RESIDUAL_FOR_WRITES)) {
        command->overflow = command->underflow = false;
        command->residual = 0;
    }
    if (command->underflow && lq_tgt_wrong(t, LQ_WRONG_OVERFLOW_FOR_UNDERFLOW)) {
        command->overflow = true;
        command->underflow = false;
    }
}

/* The status goes out behind what is queued, but not before unsolicited data has been drained
 * [RFC 7143 11.4.3]. */
static void queue_status(struct lq_iscsi_target *t, struct lq_tgt_command *command)
{
    struct lq_tgt_conn *conn = command->session->conn;
    if (conn == NULL || command->unsolicited != NULL ||
        lq_link_is_linked(&command->output.link))
        return;
    lq_tgt_queue(t, conn, &command->output);
}

void lq_tgt_complete(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                     const struct lq_command_complete *complete)
{
    command->completed = true;
    command->confirm = complete->confirm;
    command->status = (uint8_t)complete->status;
    if (command->status == LQ_CHECK_CONDITION && command->expected_out_bytes != 0 &&
        lq_tgt_wrong(target, LQ_WRONG_WRITE_STATUS_LOST_BETWEEN_LAYERS))
        command->status = LQ_GOOD;
    form_residuals(target, command, complete->in_bytes_defined, complete->out_bytes_defined);
    command->sense_segment_bytes = 0;
    if (complete->sense_bytes != 0) {
        uint32_t bytes = complete->sense_bytes;
        LQ_ASSERT(bytes <= LQ_SENSE_BYTES_MAX);
        bool is_wrong = lq_tgt_wrong(target, LQ_WRONG_SENSE_LENGTH_COUNTS_ITSELF);
        lq_put_be16(command->sense_segment, (uint16_t)(bytes + (is_wrong ? 2 : 0)));
        memcpy(command->sense_segment + 2, complete->sense, bytes);
        command->sense_segment_bytes = 2 + bytes;
    }
    queue_status(target, command);
}

void lq_tgt_command_fail(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                         uint8_t status, uint8_t key, uint8_t asc, uint8_t ascq)
{
    uint8_t sense[18] = {[0] = 0x70, [2] = key, [7] = 10, [12] = asc, [13] = ascq};
    struct lq_command_complete complete = {
        .status = (enum lq_status)status, .sense = sense, .sense_bytes = sizeof sense};
    lq_tgt_complete(target, command, &complete);
}

/* --- building --------------------------------------------------------------------------------- */

/* [RFC 7143 11.7.3]: only with GOOD and its like, without sense, not for bidirectional commands. */
static bool may_collapse(const struct lq_tgt_command *command)
{
    return command->completed && command->sense_segment_bytes == 0 &&
           (command->status == LQ_GOOD || command->status == LQ_CONDITION_MET) &&
           command->expected_out_bytes == 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool repeats_status(const struct lq_iscsi_target *t, const struct lq_tgt_command *command)
{
    return lq_tgt_wrong(t, LQ_WRONG_TWO_STATUSES) && command->itt % 16 == 0 &&
           !command->status_built;
}

/* Status is out: the tag can be used again, and the window no longer counts the command. */
static bool end_with_status(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                            struct lq_tgt_built *built)
{
    if (repeats_status(t, command)) {
        command->status_built = true;
        return false;
    }
    command->status_built = true;
    built->ends_command = true;
    lq_tgt_command_unhash(t, command);
    lq_tgt_leave_window(t, command);
    return true;
}

static bool build_data_in(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                          struct lq_iscsi_pdu *pdu, struct lq_tgt_built *built)
{
    uint32_t left = command->in_bytes - command->in_built;
    uint32_t sequence = command->session->parameters.max_burst_length - command->in_sequence;
    uint32_t bytes = smaller(left, sequence);
    if (!lq_tgt_wrong(t, LQ_WRONG_DATA_IN_SEGMENT_TOO_LONG))
        bytes = smaller(bytes, command->session->conn->max_send_bytes);
    bool ends_sequence = bytes == left || bytes == sequence;
    if (!ends_sequence)
        bytes &= ~UINT32_C(3); /* [RFC 7143 11.7.7]: whole words but for the last of a sequence */
    bool is_last = bytes == left;
    pdu->opcode = LQ_OP_DATA_IN;
    pdu->final = ends_sequence && (is_last || !lq_tgt_wrong(t, LQ_WRONG_SEQUENCE_ENDS_WITHOUT_F));
    pdu->itt = command->itt;
    pdu->ttt = LQ_TAG_NONE;
    pdu->u.data.data_sn = command->data_sn++;
    pdu->u.data.buffer_offset = command->in_built;
    if (command->data_sn == 1 && lq_tgt_wrong(t, LQ_WRONG_DATA_SN_GAP))
        command->data_sn++;
    if (is_last && command->in_built != 0 && lq_tgt_wrong(t, LQ_WRONG_DATA_IN_OFFSET_WRONG))
        pdu->u.data.buffer_offset = 0;
    built->data = command->in + command->in_built;
    built->data_bytes = bytes;
    command->in_built += bytes;
    command->in_sequence = ends_sequence ? 0 : command->in_sequence + bytes;
    if (!is_last)
        return false;
    if (!may_collapse(command))
        return !command->completed; /* then a SCSI Response follows, at once or later */
    pdu->u.data.has_status = true;
    pdu->u.data.status = command->status;
    pdu->u.data.overflow = command->overflow;
    pdu->u.data.underflow = command->underflow;
    pdu->u.data.residual = command->residual;
    return end_with_status(t, command, built);
}

static bool build_response(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                           struct lq_iscsi_pdu *pdu, struct lq_tgt_built *built)
{
    pdu->opcode = LQ_OP_SCSI_RESPONSE;
    pdu->final = true;
    pdu->itt = command->itt;
    pdu->u.response.status = command->status;
    pdu->u.response.exp_data_sn = command->data_sn;
    if (command->data_sn != 0 && lq_tgt_wrong(t, LQ_WRONG_EXP_DATA_SN_WRONG))
        pdu->u.response.exp_data_sn--;
    pdu->u.response.overflow = command->overflow;
    pdu->u.response.underflow = command->underflow;
    pdu->u.response.residual = command->residual;
    pdu->u.response.bidi_overflow = command->bidi_overflow;
    pdu->u.response.bidi_underflow = command->bidi_underflow;
    pdu->u.response.bidi_residual = command->bidi_residual;
    built->data = command->sense_segment;
    built->data_bytes = command->sense_segment_bytes;
    return end_with_status(t, command, built);
}

bool lq_tgt_build_command(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                          struct lq_iscsi_pdu *pdu, struct lq_tgt_built *built)
{
    built->command = command;
    command->built++;
    if (command->in_built < command->in_bytes)
        return build_data_in(target, command, pdu, built);
    LQ_ASSERT(command->completed);
    return build_response(target, command, pdu, built);
}
