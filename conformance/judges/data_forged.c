/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: what the network forged, or delivered once more. Whatever blocks have then is nobody's
 * fault any more. */
#include "conformance/judges/data.h"

void lq_data_doubt(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                   uint64_t nblocks)
{
    if (nblocks > BLOCKS_MAX || !lq_data_is_on_medium(unit, lba, (uint32_t)nblocks))
        return;
    for (uint64_t i = 0; i < nblocks; i++)
        lq_registers_block(&lq_data_of(judge)->registers, judge->allocator, unit->store, lba + i)
            ->marks |= MARK_DOUBTED;
}

/* UNMAP, whose extents are in its data, SANITIZE, or a variable length CDB, which nobody reads
 * here. */
static bool says_nowhere(uint32_t opcode)
{
    return opcode == 0x42 || opcode == 0x48 || opcode == 0x7f;
}

static void doubt_command(struct lq_judge *judge, const struct lq_seen_command *command)
{
    struct data *data = lq_data_of(judge);
    bool ors = command != NULL && command->sent->detail == 0x8b; /* perhaps told as no write */
    if (command == NULL || command->unit == NULL ||
        (!ors && (command->sent->flags & LQ_F_MEDIUM_WRITE) == 0))
        return;
    if (ors)
        lq_data_doubt(judge, command->unit, command->sent->lba, command->sent->nblocks);
    if (says_nowhere(command->sent->detail))
        lq_data_doubt_store(judge, command->unit->store);
    uint32_t write = lq_data_known(judge, command)->write;
    if (write == LQ_NONE)
        return;
    for (uint32_t i = ((struct write *)lq_array_at(&data->writes, write))->first_run;
         i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->next;
        lq_data_doubt(judge, command->unit, run->lba, run->nblocks);
    }
}

/* A write whose command or data were not what its initiator sent. */
void lq_data_fault_strikes(struct lq_judge *judge, const struct lq_event *fault)
{
    bool is_forged = (fault->flags & LQ_F_PDU) != 0 && (fault->flags & LQ_F_FORGED) != 0;
    if (!is_forged || (fault->flags & LQ_F_FROM_TARGET) != 0)
        return;
    const struct lq_view *view = &judge->view;
    doubt_command(judge, lq_view_command_on(view, fault->connection, fault->tag));
    doubt_command(judge, lq_view_command_on(view, fault->connection, fault->stamp));
}

/* A copy of an FCP_CMND that is late begins another exchange, since the OX_ID may be used again as
 * soon as the first has ended [FC-FS-4, exchange identifiers]: the target can't tell. */
void lq_data_task_received(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    const struct lq_seen_command *copied = task == NULL ? NULL : task->copied;
    bool is_over_fcp = copied != NULL && task->asked != NULL && task->asked->ports != 0;
    if (is_over_fcp && copied->task->freed != NULL)
        doubt_command(judge, copied);
}

/* Commands that change blocks, and where their CDBs say which [SBC-4 r22 5]. */
static const struct changes {
    uint8_t opcode, lba_at, lba_bytes, count_at, count_bytes;
} changes[] = {{0x0a, 1, 3, 4, 1},  {0x2a, 2, 4, 7, 2},  {0xaa, 2, 4, 6, 4},  {0x8a, 2, 8, 10, 4},
               {0x2e, 2, 4, 7, 2},  {0xae, 2, 4, 6, 4},  {0x8e, 2, 8, 10, 4},
               {0x41, 2, 4, 7, 2},  {0x93, 2, 8, 10, 4},
               {0x89, 2, 8, 13, 1}, {0x8b, 2, 8, 10, 4}};

static uint64_t number(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

/* A forged command may write where its initiator never meant to. */
void lq_data_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->opcode != LQ_WIRE_SCSI_COMMAND || pdu->exchange == NULL ||
        (lq_view_forged(&judge->view, pdu->connection->number, pdu->exchange->itt) &
         LQ_FORGED_TO_TARGET) == 0)
        return;
    const uint8_t *cdb = lq_wire_cdb(pdu->h);
    if (says_nowhere(cdb[0]) && pdu->exchange->unit != NULL)
        lq_data_doubt_store(judge, pdu->exchange->unit->store);
    for (uint32_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (changes[i].opcode != cdb[0])
            continue;
        uint64_t lba = number(cdb + changes[i].lba_at, changes[i].lba_bytes);
        uint64_t count = number(cdb + changes[i].count_at, changes[i].count_bytes);
        if (cdb[0] == 0x0a) {
            lba &= 0x1fffff;
            count = count == 0 ? 256 : count;
        }
        lq_data_doubt(judge, pdu->exchange->unit, lba, count);
    }
}
