/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: what the network forged. Whatever blocks have then is nobody's fault any more. */
#include "conformance/judges/data.h"

/* Whatever these blocks have is nobody's fault any more. */
static void doubt(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                  uint64_t nblocks)
{
    if (nblocks > BLOCKS_MAX || !lq_data_is_on_medium(unit, lba, (uint32_t)nblocks))
        return;
    for (uint64_t i = 0; i < nblocks; i++)
        lq_registers_block(&lq_data_of(judge)->registers, judge->allocator, unit->store, lba + i)
            ->marks |= MARK_DOUBTED;
}

static void doubt_command(struct lq_judge *judge, const struct lq_event *fault, uint64_t tag)
{
    const struct lq_seen_command *command = lq_view_command_on(&judge->view, fault->connection,
                                                               tag);
    if (command != NULL && (command->sent->flags & LQ_F_MEDIUM_WRITE) != 0)
        doubt(judge, command->unit, command->sent->lba, command->sent->nblocks);
}

/* A write whose command or data were not what its initiator sent. */
void lq_data_fault_strikes(struct lq_judge *judge, const struct lq_event *fault)
{
    bool is_forged = (fault->flags & LQ_F_PDU) != 0 && (fault->flags & LQ_F_FORGED) != 0;
    if (!is_forged || (fault->flags & LQ_F_FROM_TARGET) != 0)
        return;
    doubt_command(judge, fault, fault->tag);
    doubt_command(judge, fault, fault->stamp);
}

/* A forged command may write where its initiator never meant to [SBC-4 r22 5]. */
void lq_data_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->opcode != LQ_WIRE_SCSI_COMMAND || pdu->exchange == NULL ||
        (lq_view_forged(&judge->view, pdu->connection->number, pdu->exchange->itt) &
         LQ_FORGED_TO_TARGET) == 0)
        return;
    const struct lq_seen_exchange *exchange = pdu->exchange;
    const uint8_t *cdb = lq_wire_cdb(pdu->h);
    switch (cdb[0]) {
    case 0x0a: /* WRITE (6) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb) & 0x1fffff, cdb[4] == 0 ? 256 : cdb[4]);
        break;
    case 0x2a: /* WRITE (10) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb + 2), lq_wire_be16(cdb + 7));
        break;
    case 0xaa: /* WRITE (12) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb + 2), lq_wire_be32(cdb + 6));
        break;
    case 0x8a: /* WRITE (16) */
        doubt(judge, exchange->unit,
              (uint64_t)lq_wire_be32(cdb + 2) << 32 | lq_wire_be32(cdb + 6),
              lq_wire_be32(cdb + 10));
        break;
    default:
        break;
    }
}
