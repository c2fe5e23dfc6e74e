/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEQUENCE, second half: data transfers [RFC 7143 4.2.5, 11.7, 11.8]: DataSN and R2TSN, offsets,
 * negotiated limits, Target Transfer Tags, residuals, and that a write has its own data. Wire only.
 */
#include "conformance/judges/digest.h"

enum { R2TS_MAX = 64 }; /* outstanding on a connection that are kept in mind */

struct transfer { /* of an exchange */
    uint32_t data_sn;      /* next; Data-In and R2T share it */
    uint32_t in_bytes;     /* Data-In sent */
    uint32_t burst_bytes;  /* of the Data-In sequence under way */
    uint32_t out_bytes;    /* Data-Out that came under its own tags, immediate data too */
    uint32_t unsolicited_bytes; /* of it, not asked for */
    uint32_t asked_to;     /* end of what R2Ts have asked for */
    uint32_t r2ts;         /* outstanding */
    bool has_r2t;          /* at least one was sent */
    bool unsolicited_over, is_unagreed; /* unsolicited data came that was not agreed on */
};

struct r2t {
    uint32_t ttt, exchange;
};

struct connection_state {
    uint32_t count;
    struct r2t r2ts[R2TS_MAX];
};

struct transfers {
    struct lq_array transfers;   /* by exchange */
    struct lq_array connections; /* by connection */
};

static struct transfers *transfers_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_TRANSFER];
}

static struct transfer *transfer_of(struct lq_judge *judge, const struct lq_seen_exchange *exchange)
{
    struct lq_array *array = &transfers_of(judge)->transfers;
    while (array->count <= exchange->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, exchange->index);
}

static struct connection_state *state_of(struct lq_judge *judge,
                                         const struct lq_seen_connection *connection)
{
    struct lq_array *array = &transfers_of(judge)->connections;
    while (array->count <= connection->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, connection->index);
}

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_pdu_seen *pdu, const char *format, uint64_t a, uint64_t b,
                    uint64_t c)
{
    struct lq_text text = lq_text_form(format, lq_wire_itt(pdu->h), a, b, c);
    lq_convict_pdu(judge, property, pdu, &text);
}

static bool is_bidirectional(const struct lq_seen_exchange *exchange)
{
    return exchange->reads && exchange->writes;
}

/* --- R2Ts in mind ----------------------------------------------------------------------------- */

static void forget_r2t(struct lq_judge *judge, struct connection_state *state, uint32_t place)
{
    struct transfer *transfer =
        lq_array_at(&transfers_of(judge)->transfers, state->r2ts[place].exchange);
    transfer->r2ts--;
    state->r2ts[place] = state->r2ts[--state->count];
}

static void forget_exchange(struct lq_judge *judge, const struct lq_seen_exchange *exchange)
{
    struct connection_state *state = state_of(judge, exchange->connection);
    for (uint32_t i = state->count; i > 0; i--)
        if (state->r2ts[i - 1].exchange == exchange->index)
            forget_r2t(judge, state, i - 1);
}

static void forget_silenced(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct connection_state *state = state_of(judge, pdu->connection);
    for (uint32_t i = state->count; i > 0; i--) {
        const struct lq_seen_exchange *exchange =
            lq_array_at(&judge->view.exchanges, state->r2ts[i - 1].exchange);
        if (exchange->silenced_by != NULL)
            forget_r2t(judge, state, i - 1);
    }
}

static uint32_t find_r2t(const struct connection_state *state, uint32_t ttt)
{
    uint32_t i = 0;
    while (i < state->count && state->r2ts[i].ttt != ttt)
        i++;
    return i;
}

/* --- SEQ-3 ------------------------------------------------------------------------------------ */

static void judge_data_sn(struct lq_judge *judge, struct transfer *transfer,
                          const struct lq_pdu_seen *pdu)
{
    uint32_t data_sn = lq_wire_data_sn(pdu->h);
    judge->exercised[P_SEQ_3]++;
    if (data_sn != transfer->data_sn)
        convict(judge, P_SEQ_3, pdu, "task %: DataSN or R2TSN is % where % was due", data_sn,
                transfer->data_sn, 0);
    transfer->data_sn = data_sn + 1;
}

/* --- Data-In: SEQ-4, SEQ-5 -------------------------------------------------------------------- */

/* [SPC-5 r22 4.2.5.6]: the allocation length of commands that have one; UINT64_MAX: none known. */
static uint64_t allocation_length(const uint8_t *cdb)
{
    switch (cdb[0]) {
    case 0x03: case 0x1a: return cdb[4];            /* REQUEST SENSE, MODE SENSE(6) */
    case 0x12: return lq_wire_be16(cdb + 3);        /* INQUIRY */
    case 0x5a: return lq_wire_be16(cdb + 7);        /* MODE SENSE(10) */
    case 0xa0: return lq_wire_be32(cdb + 6);        /* REPORT LUNS */
    case 0x9e: return (cdb[1] & 0x1f) == 0x10 ? lq_wire_be32(cdb + 10) : UINT64_MAX;
    default: return UINT64_MAX;
    }
}

static void judge_allocation(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                             uint64_t in_bytes)
{
    uint64_t allocation = allocation_length(pdu->exchange->asked.cdb);
    if (allocation == UINT64_MAX)
        return;
    judge->exercised[P_SEQ_20]++;
    if (in_bytes > allocation)
        convict(judge, P_SEQ_20, pdu, "task %: % bytes of Data-In, but the allocation length is %",
                in_bytes, allocation, 0);
}

static void take_data_in(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    const struct lq_seen_parameters *agreed = &pdu->connection->parameters;
    struct transfer *transfer = transfer_of(judge, exchange);
    uint32_t offset = lq_wire_buffer_offset(pdu->h), bytes = pdu->data_bytes;
    judge_data_sn(judge, transfer, pdu);
    judge->exercised[P_SEQ_4]++;
    judge->exercised[P_SEQ_5]++;
    if (agreed->pdu_in_order && agreed->sequence_in_order && offset != transfer->in_bytes)
        convict(judge, P_SEQ_4, pdu, "task %: Data-In is for offset % where % was due", offset,
                transfer->in_bytes, 0);
    else if (!exchange->reads)
        convict(judge, P_SEQ_4, pdu, "task %: Data-In for a command that does not read", 0, 0, 0);
    else if (!is_bidirectional(exchange) &&
             (uint64_t)offset + bytes > exchange->asked.expected_bytes)
        convict(judge, P_SEQ_4, pdu, "task %: Data-In ends at % but only % bytes are expected",
                (uint64_t)offset + bytes, exchange->asked.expected_bytes, 0);
    transfer->in_bytes = offset + bytes;
    judge_allocation(judge, pdu, transfer->in_bytes);
    transfer->burst_bytes += bytes;
    if (bytes > agreed->initiator_segment_bytes)
        convict(judge, P_SEQ_5, pdu, "task %: a Data-In segment of % bytes exceeds the "
                                     "initiator's limit of %", bytes,
                agreed->initiator_segment_bytes, 0);
    else if (transfer->burst_bytes > agreed->max_burst)
        convict(judge, P_SEQ_5, pdu, "task %: a Data-In sequence of % bytes exceeds "
                                     "MaxBurstLength %", transfer->burst_bytes, agreed->max_burst,
                0);
    if (lq_wire_is_final(pdu->h))
        transfer->burst_bytes = 0;
}

/* --- R2T: SEQ-4, SEQ-5, SEQ-8 ----------------------------------------------------------------- */

/* Where an R2T begins: the first behind what came, or still comes, without being asked. */
static bool begins_right(const struct lq_seen_exchange *exchange, const struct transfer *transfer,
                         uint32_t offset)
{
    uint32_t came = exchange->data_bytes + transfer->unsolicited_bytes;
    if (transfer->has_r2t)
        return offset == transfer->asked_to;
    if (exchange->came_ahead && offset == 0)
        return true; /* nobody keeps data for a command whose turn has not come */
    if (exchange->unsolicited_follows && !transfer->unsolicited_over)
        return offset >= came;
    return offset == came;
}

static void judge_r2t(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                      struct transfer *transfer)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    const struct lq_seen_parameters *agreed = &pdu->connection->parameters;
    uint32_t offset = lq_wire_buffer_offset(pdu->h), bytes = lq_wire_desired_bytes(pdu->h);
    judge->exercised[P_SEQ_4]++;
    judge->exercised[P_SEQ_5]++;
    if (!exchange->writes)
        convict(judge, P_SEQ_4, pdu, "task %: an R2T for a command that does not write", 0, 0, 0);
    else if (bytes == 0 || (uint64_t)offset + bytes > exchange->asked.expected_bytes)
        convict(judge, P_SEQ_4, pdu, "task %: an R2T asks for % bytes at %, but % are expected",
                bytes, offset, exchange->asked.expected_bytes);
    else if (agreed->sequence_in_order && !begins_right(exchange, transfer, offset))
        convict(judge, P_SEQ_4, pdu, "task %: an R2T begins at %, which is not where the data "
                                     "before it ends", offset, 0, 0);
    if (bytes > agreed->max_burst)
        convict(judge, P_SEQ_5, pdu, "task %: an R2T asks for % bytes, more than MaxBurstLength %",
                bytes, agreed->max_burst, 0);
    else if (transfer->r2ts + 1 > agreed->max_outstanding_r2t)
        convict(judge, P_SEQ_5, pdu, "task %: % R2Ts are outstanding, more than "
                                     "MaxOutstandingR2T %", transfer->r2ts + 1,
                agreed->max_outstanding_r2t, 0);
}

static void take_r2t(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct transfer *transfer = transfer_of(judge, pdu->exchange);
    struct connection_state *state = state_of(judge, pdu->connection);
    uint32_t ttt = lq_wire_ttt(pdu->h);
    judge_data_sn(judge, transfer, pdu);
    judge_r2t(judge, pdu, transfer);
    judge->exercised[P_SEQ_8] += state->count > 0;
    if (ttt == LQ_WIRE_NO_TAG || find_r2t(state, ttt) < state->count)
        convict(judge, P_SEQ_8, pdu, "task %: Target Transfer Tag % of an R2T is in use, or none",
                ttt, 0, 0);
    transfer->has_r2t = true;
    transfer->asked_to = lq_wire_buffer_offset(pdu->h) + lq_wire_desired_bytes(pdu->h);
    if (state->count == R2TS_MAX)
        return;
    state->r2ts[state->count++] = (struct r2t){ttt, pdu->exchange->index};
    transfer->r2ts++;
}

/* --- Data-Out --------------------------------------------------------------------------------- */

/* SEQ-17: what came unasked against what the login agreed on [RFC 7143 13.10, 13.11, 13.14]. */
static void judge_unsolicited(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    const struct lq_seen_parameters *agreed = &pdu->connection->parameters;
    struct transfer *transfer = transfer_of(judge, exchange);
    uint64_t came = (uint64_t)exchange->data_bytes + transfer->unsolicited_bytes;
    bool is_immediate = exchange->data_bytes > 0, follows = transfer->unsolicited_bytes > 0;
    judge->exercised[P_SEQ_17] += came > 0;
    transfer->is_unagreed = came > agreed->first_burst ||
                            (is_immediate && !agreed->immediate_data) ||
                            (follows && agreed->initial_r2t);
}

/* Data that comes under a tag of another command is not this command's, nor the other's. */
static void take_data_out(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->exchange == NULL)
        return;
    struct transfer *transfer = transfer_of(judge, pdu->exchange);
    uint32_t ttt = lq_wire_ttt(pdu->h);
    if (ttt == LQ_WIRE_NO_TAG) {
        uint32_t due = pdu->exchange->data_bytes + transfer->unsolicited_bytes;
        bool is_due = lq_wire_buffer_offset(pdu->h) == due; /* not what came twice */
        transfer->unsolicited_bytes += is_due ? pdu->data_bytes : 0;
        transfer->out_bytes += is_due ? pdu->data_bytes : 0;
        transfer->unsolicited_over = transfer->unsolicited_over || lq_wire_is_final(pdu->h);
        judge_unsolicited(judge, pdu);
        return;
    }
    struct connection_state *state = state_of(judge, pdu->connection);
    uint32_t place = find_r2t(state, ttt);
    if (place == state->count || state->r2ts[place].exchange != pdu->exchange->index)
        return;
    transfer->out_bytes += pdu->data_bytes;
    if (lq_wire_is_final(pdu->h))
        forget_r2t(judge, state, place);
}

/* --- the end: SEQ-3, SEQ-6, SEQ-11 ------------------------------------------------------------ */

/* Commands that move the blocks that their CDBs name, each block once [SBC-4 r22 5]. */
static const struct moves {
    uint8_t opcode, lba_at, lba_bytes, count_at, count_bytes;
    bool is_write;
} moves[] = {{0x08, 1, 3, 4, 1, false}, {0x0a, 1, 3, 4, 1, true},   {0x28, 2, 4, 7, 2, false},
             {0x2a, 2, 4, 7, 2, true},  {0x2e, 2, 4, 7, 2, true},   {0xa8, 2, 4, 6, 4, false},
             {0xaa, 2, 4, 6, 4, true},  {0xae, 2, 4, 6, 4, true},   {0x88, 2, 8, 10, 4, false},
             {0x8a, 2, 8, 10, 4, true}, {0x8e, 2, 8, 10, 4, true}};

/* NULL: it is none of these. */
static const struct moves *moves_of(const struct lq_seen_exchange *exchange)
{
    for (uint32_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (moves[i].opcode == exchange->asked.cdb[0])
            return &moves[i];
    return NULL;
}

static uint64_t number(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

/* Bytes that the CDB defines; UINT64_MAX: it is none of those, or the block length is not known. */
static uint64_t defined_bytes(const struct lq_seen_exchange *exchange)
{
    const struct moves *moved = moves_of(exchange);
    if (moved == NULL || exchange->unit == NULL || exchange->unit->block_bytes == 0)
        return UINT64_MAX;
    uint64_t count = number(exchange->asked.cdb + moved->count_at, moved->count_bytes);
    if (moved->lba_bytes == 3 && count == 0)
        count = 256; /* READ(6) and WRITE(6) */
    return count * exchange->unit->block_bytes;
}

static bool is_write_cdb(const struct lq_seen_exchange *exchange)
{
    const struct moves *moved = moves_of(exchange);
    return moved != NULL && moved->is_write;
}

/* [RFC 7143 11.4.5]: overflow is what the command defines beyond the expected length, underflow the
 * other way round. Of a command that failed only that its underflow fits is certain. */
static const char *wrong_residual(const struct lq_pdu_seen *pdu,
                                  const struct transfer *transfer)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    bool over = lq_wire_overflow(pdu->h), under = lq_wire_underflow(pdu->h);
    uint64_t expected = exchange->asked.expected_bytes, residual = lq_wire_residual(pdu->h);
    uint64_t defined = defined_bytes(exchange);
    if (over && under)
        return "task %: overflow and underflow at once";
    if (under && residual > expected)
        return "task %: underflow of % bytes, but % were expected";
    if (lq_wire_status(pdu->h) != 0 || is_bidirectional(exchange))
        return NULL;
    if (exchange->reads && transfer->in_bytes != expected - (under ? residual : 0))
        return "task %: residual count % (of % expected) does not agree with % bytes of Data-In";
    bool agrees_in_direction = is_write_cdb(exchange) ? exchange->writes : exchange->reads;
    if (defined == UINT64_MAX || !agrees_in_direction)
        return NULL;
    if (defined > expected && !(over && residual == defined - expected))
        return "task %: residual count %, expected length %, but the command defines %: overflow "
               "is due";
    if (defined < expected && !(under && residual == expected - defined))
        return "task %: residual count %, expected length %, but the command defines %: underflow "
               "is due";
    if (defined == expected && (over || under))
        return "task %: residual count % although expected length % is what the command defines";
    return NULL;
}

static void judge_residual(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                           const struct transfer *transfer)
{
    judge->exercised[P_SEQ_6]++;
    const char *wrong = wrong_residual(pdu, transfer);
    uint64_t defined = defined_bytes(pdu->exchange);
    if (wrong != NULL)
        convict(judge, P_SEQ_6, pdu, wrong, lq_wire_residual(pdu->h),
                pdu->exchange->asked.expected_bytes,
                defined == UINT64_MAX ? transfer->in_bytes : defined);
}

static void judge_own_data(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                           const struct transfer *transfer)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    uint64_t defined = defined_bytes(exchange);
    if (!exchange->writes || !is_write_cdb(exchange) || defined == UINT64_MAX ||
        lq_wire_status(pdu->h) != 0)
        return;
    uint64_t expected = exchange->asked.expected_bytes;
    uint64_t needed = defined < expected ? defined : expected;
    uint64_t came = (uint64_t)exchange->data_bytes + transfer->out_bytes;
    if (transfer->is_unagreed)
        convict(judge, P_SEQ_17, pdu, "task %: a write ended GOOD although more data came unasked "
                                      "than FirstBurstLength %, ImmediateData and InitialR2T allow",
                exchange->connection->parameters.first_burst, 0, 0);
    judge->exercised[P_SEQ_11]++;
    if (came < needed)
        convict(judge, P_SEQ_11, pdu, "task %: a write ended GOOD when % of its % bytes had come "
                                      "under its own tags", came, needed, 0);
}

/* SEQ-18: no sum of address and length is too large to be compared. */
static void judge_range(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    uint64_t defined = defined_bytes(exchange);
    if (defined == UINT64_MAX || defined == 0)
        return;
    const struct moves *moved = moves_of(exchange);
    uint64_t count = defined / exchange->unit->block_bytes, blocks = exchange->unit->blocks;
    uint64_t lba = number(exchange->asked.cdb + moved->lba_at, moved->lba_bytes);
    if (moved->lba_bytes == 3)
        lba &= 0x1fffff; /* READ(6) and WRITE(6) */
    if (lba <= blocks && count <= blocks - lba)
        return;
    judge->exercised[P_SEQ_18]++;
    if (lq_wire_status(pdu->h) == 0)
        convict(judge, P_SEQ_18, pdu, "task %: % blocks from % on ended GOOD, beyond the capacity",
                count, lba, 0);
}

static void take_end(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    struct transfer *transfer = transfer_of(judge, exchange);
    if (exchange->response.number != pdu->at.number)
        return; /* a second status, which SEQ-7 tells of */
    bool is_response = pdu->opcode == LQ_WIRE_SCSI_RESPONSE;
    if (is_response && lq_wire_response(pdu->h) == 0 &&
        lq_wire_data_sn(pdu->h) != transfer->data_sn) /* ExpDataSN has DataSN's place */
        convict(judge, P_SEQ_3, pdu, "task %: ExpDataSN is %, but % Data-In and R2T PDUs were sent",
                lq_wire_data_sn(pdu->h), transfer->data_sn, 0);
    if (!is_response || lq_wire_response(pdu->h) == 0) {
        judge_residual(judge, pdu, transfer);
        judge_own_data(judge, pdu, transfer);
        judge_range(judge, pdu);
    }
    if (!is_response && (!lq_wire_is_final(pdu->h) || (lq_wire_status(pdu->h) & 0xeb) != 0))
        convict(judge, P_SEQ_12, pdu, "task %: Data-In carries status % without F bit, or a status "
                                      "that needs a SCSI Response", lq_wire_status(pdu->h), 0, 0);
    forget_exchange(judge, exchange);
}

/* --- the part --------------------------------------------------------------------------------- */

static void transfer_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->opcode == LQ_WIRE_SCSI_COMMAND && pdu->exchange != NULL &&
        pdu->exchange->request.number == pdu->at.number)
        judge_unsolicited(judge, pdu);
    if (pdu->opcode == LQ_WIRE_DATA_OUT)
        take_data_out(judge, pdu);
    if (pdu->opcode == LQ_WIRE_TM_RESPONSE)
        forget_silenced(judge, pdu);
    if (pdu->direction == LQ_TO_TARGET || pdu->exchange == NULL ||
        pdu->exchange->silenced_by != NULL)
        return;
    if (pdu->opcode == LQ_WIRE_R2T)
        take_r2t(judge, pdu);
    if (pdu->opcode == LQ_WIRE_DATA_IN)
        take_data_in(judge, pdu);
    if (pdu->opcode == LQ_WIRE_SCSI_RESPONSE ||
        (pdu->opcode == LQ_WIRE_DATA_IN && lq_wire_data_in_has_status(pdu->h)))
        take_end(judge, pdu);
}

static void transfer_init(struct lq_judge *judge)
{
    struct transfers *transfers = lq_state_make(judge, LQ_STATE_TRANSFER, sizeof *transfers);
    lq_array_init(&transfers->transfers, sizeof(struct transfer));
    lq_array_init(&transfers->connections, sizeof(struct connection_state));
}

static void transfer_free(struct lq_judge *judge)
{
    struct transfers *transfers = transfers_of(judge);
    lq_array_free(&transfers->transfers, judge->allocator);
    lq_array_free(&transfers->connections, judge->allocator);
    lq_state_free(judge, LQ_STATE_TRANSFER, sizeof *transfers);
}

static void transfer_reset(struct lq_judge *judge)
{
    lq_array_reset(&transfers_of(judge)->transfers);
    lq_array_reset(&transfers_of(judge)->connections);
}

static void mix_transfer(const struct transfer *transfer, struct lq_digest *digest)
{
    lq_digest_two(digest, transfer->data_sn, transfer->in_bytes);
    lq_digest_two(digest, transfer->burst_bytes, transfer->out_bytes);
    lq_digest_two(digest, transfer->unsolicited_bytes, transfer->asked_to);
    lq_digest_two(digest, transfer->r2ts,
                  (uint64_t)transfer->is_unagreed << 2 | (uint64_t)transfer->has_r2t << 1 |
                      transfer->unsolicited_over);
}

/* Of R2Ts the order counts; their tags only tell them apart. */
static void transfer_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.exchanges.count; i++) {
        const struct lq_seen_exchange *exchange = lq_array_at(&judge->view.exchanges, i);
        if (exchange->connection->close != NULL)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_word(digest, lq_name_of_exchange(judge, exchange));
        mix_transfer(transfer_of(judge, exchange), digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        const struct connection_state *state = state_of(judge, connection);
        for (uint32_t r = 0; connection->close == NULL && r < state->count; r++)
            lq_digest_word(digest,
                           lq_name_of_exchange(judge, lq_array_at(&judge->view.exchanges,
                                                                  state->r2ts[r].exchange)));
    }
}

const struct lq_judge_part lq_transfer_part = {
    .name = "sequence",
    .init = transfer_init,
    .free = transfer_free,
    .reset = transfer_reset,
    .pdu = transfer_pdu,
    .digest = transfer_digest,
};
