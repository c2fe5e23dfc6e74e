/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/virtual/tampered.h"

#include "proto/iscsi/initiator.h"
#include "proto/iscsi/pdu.h"

static void note(struct lq_tampered *tampered, const struct lq_event *event, uint64_t tag)
{
    uint64_t at = tampered->hits++ % LQ_TAMPERED_MAX;
    tampered->tasks[at].connection = event->connection;
    tampered->tasks[at].from_target = (event->flags & LQ_F_FROM_TARGET) != 0;
    tampered->tasks[at].is_function =
        event->detail == LQ_OP_TM_REQUEST || event->detail == LQ_OP_TM_RESPONSE;
    tampered->tasks[at].tag = tag;
    if (tampered->count < LQ_TAMPERED_MAX)
        tampered->count++;
}

void lq_tampered_note(struct lq_tampered *tampered, const struct lq_event *event)
{
    note(tampered, event, event->tag);
    if (event->stamp != event->tag)
        note(tampered, event, event->stamp);
}

static bool is_of_all(uint32_t error)
{
    return error == LQ_ISCSI_I_ERROR_STAT_SN || error == LQ_ISCSI_I_ERROR_EXP_CMD_SN ||
           error == LQ_ISCSI_I_ERROR_MAX_CMD_SN;
}

bool lq_tampered_excuses(const struct lq_tampered *tampered, const struct lq_event *event)
{
    bool is_any = is_of_all(event->code) || event->tag == LQ_TAG_NONE;
    bool is_unknown = event->code == LQ_ISCSI_I_ERROR_TAG;
    bool asks_again = event->code == LQ_ISCSI_I_ERROR_R2T_UNASKED;
    for (uint32_t i = 0; i < tampered->count; i++)
        if (tampered->tasks[i].connection == event->connection &&
            (is_any || tampered->tasks[i].tag == event->tag ||
             (asks_again && !tampered->tasks[i].from_target) ||
             (is_unknown && tampered->tasks[i].is_function)))
            return true;
    return false;
}

void lq_tampered_digest(const struct lq_tampered *tampered, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < tampered->count; i++) {
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_two(digest, tampered->tasks[i].connection, tampered->tasks[i].tag);
        lq_digest_two(digest, tampered->tasks[i].from_target, tampered->tasks[i].is_function);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}
