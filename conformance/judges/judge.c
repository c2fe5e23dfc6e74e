/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/judge.h"

#include <string.h>

#include "conformance/judges/internal.h"
#include "core/base/assert.h"

static bool hears_of(const struct lq_judge_part *part, uint32_t kind)
{
    if (part->event == NULL || part->kinds == NULL)
        return part->event != NULL;
    const uint16_t *heard = part->kinds;
    while (*heard != LQ_EVENT_NONE && *heard != kind)
        heard++;
    return *heard != LQ_EVENT_NONE;
}

static void listen(struct lq_listeners *listeners, uint32_t part, bool hears)
{
    if (hears)
        listeners->parts[listeners->count++] = (uint8_t)part;
}

static void list_listeners(struct lq_judge *judge)
{
    LQ_ASSERT(lq_judge_part_count <= LQ_JUDGE_PARTS_MAX);
    for (uint32_t i = 0; i < lq_judge_part_count; i++) {
        const struct lq_judge_part *part = lq_judge_parts[i];
        for (uint32_t kind = 0; kind < LQ_EVENT_KINDS; kind++)
            listen(&judge->events[kind], i, hears_of(part, kind));
        listen(&judge->taps, i, part->tap != NULL);
        listen(&judge->frames, i, part->frame != NULL);
        listen(&judge->pdus, i, part->pdu != NULL);
        listen(&judge->datas, i, part->data != NULL);
    }
}

struct lq_judge *lq_judge_make(struct lq_allocator allocator)
{
    struct lq_judge *judge = allocator.resize(allocator.context, NULL, 0, sizeof *judge);
    memset(judge, 0, sizeof *judge);
    judge->allocator = allocator;
    list_listeners(judge);
    for (uint32_t i = 0; i < lq_judge_part_count; i++)
        lq_judge_parts[i]->init(judge);
    lq_judge_reset(judge);
    return judge;
}

void lq_judge_free(struct lq_judge *judge)
{
    if (judge == NULL)
        return;
    struct lq_allocator allocator = judge->allocator;
    for (uint32_t i = lq_judge_part_count; i > 0; i--)
        lq_judge_parts[i - 1]->free(judge);
    allocator.resize(allocator.context, judge, sizeof *judge, 0);
}

void lq_judge_reset(struct lq_judge *judge)
{
    judge->finding_count = 0;
    judge->violation_count = 0;
    judge->finished = false;
    memset(judge->violations, 0, sizeof judge->violations);
    memset(judge->exercised, 0, sizeof judge->exercised);
    for (uint32_t i = 0; i < lq_judge_part_count; i++)
        lq_judge_parts[i]->reset(judge);
}

static void take_event(void *context, const struct lq_event *event)
{
    struct lq_judge *judge = context;
    judge->now_ns = event->time_ns;
    judge->now_seq = event->seq;
    uint32_t kind = event->kind < LQ_EVENT_KINDS ? event->kind : (uint32_t)LQ_EVENT_NONE;
    const struct lq_listeners *listeners = &judge->events[kind];
    for (uint32_t i = 0; i < listeners->count; i++)
        lq_judge_parts[listeners->parts[i]]->event(judge, event);
}

static void take_tap(void *context, const struct lq_tap *tap)
{
    struct lq_judge *judge = context;
    judge->now_ns = tap->time_ns;
    judge->now_seq = tap->seq;
    for (uint32_t i = 0; i < judge->taps.count; i++)
        lq_judge_parts[judge->taps.parts[i]]->tap(judge, tap);
}

static void take_frame(void *context, const struct lq_tap *frame)
{
    struct lq_judge *judge = context;
    judge->now_ns = frame->time_ns;
    judge->now_seq = frame->seq;
    for (uint32_t i = 0; i < judge->frames.count; i++)
        lq_judge_parts[judge->frames.parts[i]]->frame(judge, frame);
}

void lq_judge_data(struct lq_judge *judge, const struct lq_data_seen *data)
{
    for (uint32_t i = 0; i < judge->datas.count; i++)
        lq_judge_parts[judge->datas.parts[i]]->data(judge, data);
}

/* What PDU carries of its command's data. */
static void tell_data(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    bool has_offset = pdu->opcode == LQ_WIRE_DATA_OUT || pdu->opcode == LQ_WIRE_DATA_IN;
    if (pdu->exchange == NULL || pdu->data_bytes == 0 ||
        (!has_offset && pdu->opcode != LQ_WIRE_SCSI_COMMAND))
        return;
    const struct lq_data_seen data = {
        .asked = &pdu->exchange->asked,
        .direction = pdu->direction,
        .offset = has_offset ? lq_wire_buffer_offset(pdu->h) : 0,
        .data_bytes = pdu->data_bytes,
        .data = pdu->data,
        .kept_bytes = pdu->kept_bytes,
        .opcode = pdu->opcode,
        .at = pdu->at};
    lq_judge_data(judge, &data);
}

void lq_judge_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    bool counts = pdu->direction == LQ_FROM_TARGET || (!pdu->header_broken && !pdu->data_broken);
    for (uint32_t i = 0; counts && i < judge->pdus.count; i++)
        lq_judge_parts[judge->pdus.parts[i]]->pdu(judge, pdu);
    if (counts)
        tell_data(judge, pdu);
    for (uint32_t i = 0; !counts && i < lq_judge_part_count; i++)
        if (lq_judge_parts[i]->broken_pdu != NULL)
            lq_judge_parts[i]->broken_pdu(judge, pdu);
}

struct lq_history_sink lq_judge_sink(struct lq_judge *judge)
{
    return (struct lq_history_sink){
        .event = take_event, .tap = take_tap, .frame = take_frame, .context = judge};
}

void lq_judge_finish(struct lq_judge *judge)
{
    LQ_ASSERT(!judge->finished);
    judge->finished = true;
    for (uint32_t i = 0; i < lq_judge_part_count; i++)
        if (lq_judge_parts[i]->finish != NULL)
            lq_judge_parts[i]->finish(judge);
}

uint64_t lq_judge_violations(const struct lq_judge *judge)
{
    return judge->violation_count;
}

uint64_t lq_judge_violations_of(const struct lq_judge *judge, uint32_t property)
{
    LQ_ASSERT(property < LQ_PROPERTIES);
    return judge->violations[property];
}

uint64_t lq_judge_exercised(const struct lq_judge *judge, uint32_t property)
{
    LQ_ASSERT(property < LQ_PROPERTIES);
    return judge->exercised[property];
}

const struct lq_finding *lq_judge_finding(const struct lq_judge *judge, uint32_t index)
{
    return index < judge->finding_count ? &judge->findings[index] : NULL;
}

/* --- proofs ----------------------------------------------------------------------------------- */

void lq_proof_event(struct lq_proof *proof, const struct lq_event *event)
{
    if (event == NULL || event->seq == 0)
        return;
    uint32_t at = 0;
    while (at < proof->count && proof->events[at].seq < event->seq)
        at++;
    if (at < proof->count && proof->events[at].seq == event->seq)
        return;
    if (proof->count == LQ_PROOF_EVENTS_MAX)
        return;
    for (uint32_t i = proof->count; i > at; i--)
        proof->events[i] = proof->events[i - 1];
    proof->events[at] = *event;
    proof->count++;
}

void lq_proof_wire(struct lq_proof *proof, struct lq_moment at, uint32_t connection,
                   enum lq_direction direction, uint32_t opcode, uint64_t tag)
{
    struct lq_event event = {.time_ns = at.time_ns,
                             .seq = at.seq,
                             .kind = LQ_EVENT_NONE,
                             .connection = connection,
                             .code = opcode,
                             .detail = (uint32_t)direction,
                             .tag = tag};
    lq_proof_event(proof, &event);
}

void lq_proof_pdu(struct lq_proof *proof, const struct lq_pdu_seen *pdu)
{
    lq_proof_wire(proof, pdu->at, pdu->connection->number, pdu->direction, pdu->opcode,
                  lq_wire_itt(pdu->h));
}

void *lq_state_make(struct lq_judge *judge, enum lq_judge_state which, size_t size_bytes)
{
    void *state = judge->allocator.resize(judge->allocator.context, NULL, 0, size_bytes);
    memset(state, 0, size_bytes);
    judge->state[which] = state;
    return state;
}

void lq_state_free(struct lq_judge *judge, enum lq_judge_state which, size_t size_bytes)
{
    judge->allocator.resize(judge->allocator.context, judge->state[which], size_bytes, 0);
    judge->state[which] = NULL;
}

void lq_convict(struct lq_judge *judge, enum lq_property_place property,
                const struct lq_proof *proof, const struct lq_text *text)
{
    judge->violation_count++;
    judge->violations[property]++;
    bool is_first = judge->violations[property] == 1;
    if (judge->finding_count == LQ_FINDINGS_MAX ||
        (judge->finding_count >= LQ_FINDINGS_KEPT && !is_first))
        return;
    struct lq_finding *finding = &judge->findings[judge->finding_count++];
    *finding = (struct lq_finding){
        .property = property, .time_ns = judge->now_ns, .seq = judge->now_seq};
    finding->proof_count = proof->count;
    memcpy(finding->proof, proof->events, sizeof finding->proof);
    finding->cause = proof->events[0];
    memcpy(finding->text, text->chars, sizeof finding->text);
}

void lq_convict_data(struct lq_judge *judge, enum lq_property_place property,
                     const struct lq_data_seen *data, const struct lq_text *text)
{
    const struct lq_seen_asked *asked = data->asked;
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, asked->request, asked->connection, LQ_TO_TARGET, asked->opcode,
                  asked->tag);
    lq_proof_wire(&proof, data->at, asked->connection, data->direction, data->opcode, asked->tag);
    lq_convict(judge, property, &proof, text);
}

void lq_convict_pdu(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_pdu_seen *pdu, const struct lq_text *text)
{
    struct lq_proof proof = {0};
    if (pdu->exchange != NULL)
        lq_proof_wire(&proof, pdu->exchange->request, pdu->connection->number, LQ_TO_TARGET,
                      LQ_WIRE_SCSI_COMMAND, pdu->exchange->itt);
    if (pdu->function != NULL)
        lq_proof_wire(&proof, pdu->function->request, pdu->connection->number, LQ_TO_TARGET,
                      LQ_WIRE_TM_REQUEST, pdu->function->tag);
    lq_proof_pdu(&proof, pdu);
    lq_convict(judge, property, &proof, text);
}
