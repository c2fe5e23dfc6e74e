/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MODES: mode parameters are what MODE SELECT made them, MODE SENSE shows them as they are, a reset
 * brings the default ones back, and sense data has the format that D_SENSE asks for.
 *
 * Of the pages only Control and Caching are looked at [SPC-5 r22 7.5.10; SBC-4 r22 6.5.6]: the
 * engine's record has their bytes, the wire tells what was selected and what is shown. A parameter
 * list counts when it came in one PDU. Who is told of a change is judged by UA.
 */
#include "conformance/judges/digest.h"
#include "conformance/wire/sense.h"

enum { MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a, MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a };
enum { CACHING = 0x08, CONTROL = 0x0a };

/* Of the two pages, what a list says. */
struct pages {
    bool has_control, has_caching;
    uint32_t control; /* bytes 2 to 5 */
    uint8_t caching;  /* byte 2 */
};

struct selected {
    const struct lq_seen_exchange *exchange;
    struct pages pages;
};

struct modes {
    struct lq_array selected; /* struct selected */
    struct lq_map selected_of; /* exchange's index */
};

static struct modes *modes_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_MODES];
}

static bool is_of_ten(uint32_t opcode)
{
    return opcode == MODE_SELECT_10 || opcode == MODE_SENSE_10;
}

/* The pages of a mode parameter list; false: it is cut, or not as it should be. */
static bool read_pages(const uint8_t *bytes, uint32_t size_bytes, bool is_ten, struct pages *pages)
{
    uint32_t header = is_ten ? 8 : 4;
    *pages = (struct pages){0};
    if (size_bytes < header)
        return false;
    uint32_t at = header + (is_ten ? lq_wire_be16(bytes + 6) : bytes[3]);
    while (at < size_bytes) {
        const uint8_t *page = bytes + at;
        bool has_subpage = (page[0] & 0x40) != 0;
        uint32_t least = has_subpage ? 4 : 2;
        if (size_bytes - at < least)
            return false;
        uint32_t length = has_subpage ? 4U + lq_wire_be16(page + 2) : 2U + page[1];
        if (size_bytes - at < length)
            return false;
        if ((page[0] & 0x7f) == CONTROL && length >= 6) {
            pages->has_control = true;
            pages->control = lq_wire_be32(page + 2);
        } else if ((page[0] & 0x7f) == CACHING && length >= 3) {
            pages->has_caching = true;
            pages->caching = page[2];
        }
        at += length;
    }
    return true;
}

static bool are_as(const struct pages *pages, const struct lq_event *modes)
{
    return (!pages->has_control || pages->control == modes->code) &&
           (!pages->has_caching || pages->caching == modes->detail);
}

/* --- MODE-1, MODE-4: what the target shows ---------------------------------------------------- */

/* The parameter list has not been cut [SPC-5 7.5.1, MODE DATA LENGTH]. */
static bool is_whole(const struct lq_pdu_seen *pdu, bool is_ten)
{
    uint32_t header = is_ten ? 8 : 4;
    if (pdu->data_bytes < header)
        return false;
    return (is_ten ? lq_wire_be16(pdu->data) + 2U : pdu->data[0] + 1U) == pdu->data_bytes;
}

/* The record that held when TASK ended; NULL: there is none, or it has been replaced since. */
static const struct lq_event *modes_at_end(const struct lq_seen_task *task)
{
    if (task == NULL || task->ended == NULL || task->unit == NULL || task->unit->modes == NULL ||
        task->unit->modes->seq > task->ended->seq)
        return NULL;
    /* To a logical unit that is not there, or was not when it came, nothing was selected. */
    const struct lq_seen_unit *unit = task->unit;
    bool was_there = unit->is_there && unit->added->seq < task->received->seq;
    return was_there ? unit->modes : NULL;
}

static void judge_sense_data(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_event *modes = modes_at_end(pdu->exchange->task);
    uint8_t control = pdu->exchange->asked.cdb[2] >> 6, code = pdu->exchange->asked.cdb[2] & 0x3f;
    bool is_ten = is_of_ten(pdu->exchange->asked.cdb[0]);
    struct pages pages;
    if (modes == NULL || control != 0 || lq_wire_buffer_offset(pdu->h) != 0 ||
        pdu->kept_bytes != pdu->data_bytes ||
        !read_pages(pdu->data, pdu->data_bytes, is_ten, &pages))
        return;
    bool is_all = pdu->exchange->asked.cdb[3] == 0 && is_whole(pdu, is_ten); /* no subpage */
    bool lacks = is_all && ((code == CONTROL && !pages.has_control) ||
                            (code == CACHING && !pages.has_caching));
    if (!pages.has_control && !pages.has_caching && !lacks)
        return;
    judge->exercised[P_MODE_1]++;
    if (!lacks && are_as(&pages, modes))
        return;
    struct lq_text text = lq_text_form("MODE SENSE % shows other mode parameters than those that "
                                       "hold", pdu->exchange->task->serial, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, modes);
    lq_proof_event(&proof, pdu->exchange->task->ended);
    lq_proof_pdu(&proof, pdu);
    lq_convict(judge, P_MODE_1, &proof, &text);
}

enum { D_SENSE = 0x04000000 };

static void judge_sense_format(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_event *modes = modes_at_end(pdu->exchange->task);
    struct lq_wire_sense sense;
    if (modes == NULL || pdu->kept_bytes < 2 || pdu->kept_bytes != pdu->data_bytes ||
        lq_wire_be16(pdu->data) + 2U > pdu->data_bytes ||
        lq_wire_sense_read(pdu->data + 2, lq_wire_be16(pdu->data), &sense) != NULL)
        return;
    bool wants_descriptors = (modes->code & D_SENSE) != 0;
    judge->exercised[P_MODE_4] += wants_descriptors;
    if (sense.descriptor_format == wants_descriptors)
        return;
    struct lq_text text = lq_text_form("command % ended with sense data in a format that D_SENSE "
                                       "does not ask for", pdu->exchange->task->serial, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, modes);
    lq_proof_event(&proof, pdu->exchange->task->ended);
    lq_proof_pdu(&proof, pdu);
    lq_convict(judge, P_MODE_4, &proof, &text);
}

/* --- MODE-2: what MODE SELECT does ------------------------------------------------------------ */

static void take_list(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const uint8_t *cdb = pdu->exchange->asked.cdb;
    bool is_ten = is_of_ten(cdb[0]);
    uint32_t wanted = is_ten ? lq_wire_be16(cdb + 7) : cdb[4];
    uint32_t offset = pdu->opcode == LQ_WIRE_DATA_OUT ? lq_wire_buffer_offset(pdu->h) : 0;
    struct pages pages;
    if (offset != 0 || pdu->kept_bytes != pdu->data_bytes || pdu->data_bytes < wanted ||
        pdu->exchange->asked.expected_bytes < wanted ||
        !read_pages(pdu->data, wanted, is_ten, &pages))
        return;
    struct modes *modes = modes_of(judge);
    uint32_t *at = lq_map_put(&modes->selected_of, judge->allocator, pdu->exchange->index);
    if (*at == LQ_NONE) {
        *at = modes->selected.count;
        lq_array_add(&modes->selected, judge->allocator);
    }
    *(struct selected *)lq_array_at(&modes->selected, *at) =
        (struct selected){.exchange = pdu->exchange, .pages = pages};
}

/* TASK, a MODE SELECT, has ended GOOD. */
static void judge_select(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct lq_event *now = task->unit->modes;
    uint32_t at = lq_map_get(&modes_of(judge)->selected_of, task->exchange->index);
    bool is_forged = task->command != NULL &&
                     lq_view_command_forged(&judge->view, task->command) != 0;
    if (at == LQ_NONE || now == NULL || is_forged)
        return;
    /* Another one, or a reset, may have come in between. */
    if (now->serial != task->serial && task->enabled != NULL && now->seq > task->enabled->seq)
        return;
    const struct selected *selected = lq_array_at(&modes_of(judge)->selected, at);
    judge->exercised[P_MODE_2]++;
    if (are_as(&selected->pages, now))
        return;
    struct lq_text text = lq_text_form("MODE SELECT % ended GOOD, but its parameters do not hold",
                                       task->serial, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, now);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->ended);
    lq_convict(judge, P_MODE_2, &proof, &text);
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->ended != event || task->unit == NULL || task->exchange == NULL ||
        (event->flags & LQ_F_ABORTED) != 0 || event->code != 0)
        return;
    uint32_t opcode = task->exchange->asked.cdb[0];
    if (opcode == MODE_SELECT_6 || opcode == MODE_SELECT_10)
        judge_select(judge, task);
}

/* --- MODE-3: resets --------------------------------------------------------------------------- */

static bool resets(const struct lq_seen_function *function, const struct lq_seen_unit *unit)
{
    if (unit->target != function->nexus->target || !unit->is_there)
        return false;
    return function->function == LQ_TM_TARGET_WARM_RESET ||
           function->function == LQ_TM_TARGET_COLD_RESET ||
           (function->function == LQ_TM_LOGICAL_UNIT_RESET && lq_same_unit(unit, function->unit));
}

static void on_answered(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL || function->nexus == NULL || event->code != LQ_TM_COMPLETE)
        return;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (!resets(function, unit) || unit->modes == NULL)
            continue;
        const struct lq_event *now = unit->modes, *first = unit->modes_at_first;
        judge->exercised[P_MODE_3]++;
        if (now->code == first->code && now->detail == first->detail)
            continue;
        struct lq_text text = lq_text_form("a reset was answered, but mode parameters of LUN ", 0,
                                           0, 0, 0);
        lq_text_hex(&text, unit->lun >> 48, 4);
        lq_text_add(&text, " are still what MODE SELECT made them");
        struct lq_proof proof = {0};
        lq_proof_event(&proof, first);
        lq_proof_event(&proof, now);
        lq_proof_event(&proof, event);
        lq_convict(judge, P_MODE_3, &proof, &text);
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void modes_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    if (event->kind == LQ_E_ENDED)
        on_ended(judge, event);
    else if (event->kind == LQ_E_TM_ANSWERED)
        on_answered(judge, event);
}

static void modes_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->exchange == NULL)
        return;
    uint32_t opcode = pdu->exchange->asked.cdb[0];
    bool is_select = opcode == MODE_SELECT_6 || opcode == MODE_SELECT_10;
    bool is_sense = opcode == MODE_SENSE_6 || opcode == MODE_SENSE_10;
    if (pdu->direction == LQ_TO_TARGET) {
        if (is_select && pdu->data_bytes > 0)
            take_list(judge, pdu);
    } else if (pdu->opcode == LQ_WIRE_DATA_IN && is_sense) {
        judge_sense_data(judge, pdu);
    } else if (pdu->opcode == LQ_WIRE_SCSI_RESPONSE) {
        judge_sense_format(judge, pdu);
    }
}

static void modes_init(struct lq_judge *judge)
{
    struct modes *modes = lq_state_make(judge, LQ_STATE_MODES, sizeof *modes);
    lq_array_init(&modes->selected, sizeof(struct selected));
    lq_map_init(&modes->selected_of);
}

static void modes_free(struct lq_judge *judge)
{
    struct modes *modes = modes_of(judge);
    lq_array_free(&modes->selected, judge->allocator);
    lq_map_free(&modes->selected_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_MODES, sizeof *modes);
}

static void modes_reset(struct lq_judge *judge)
{
    lq_array_reset(&modes_of(judge)->selected);
    lq_map_reset(&modes_of(judge)->selected_of);
}

static void modes_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    const struct modes *modes = modes_of(judge);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < modes->selected.count; i++) {
        const struct selected *selected = lq_array_at(&modes->selected, i);
        if (selected->exchange->task == NULL || lq_is_done_with(selected->exchange->task))
            continue;
        sum += lq_mix(lq_name_of_exchange(judge, selected->exchange),
                      (uint64_t)selected->pages.control << 16 | selected->pages.caching);
    }
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->modes != NULL)
            lq_digest_two(digest, unit->modes->code, unit->modes->detail);
    }
    lq_digest_word(digest, sum);
}

static const uint16_t kinds[] = {LQ_E_ENDED, LQ_E_TM_ANSWERED, LQ_EVENT_NONE};

const struct lq_judge_part lq_modes_part = {
    .name = "modes",
    .init = modes_init,
    .free = modes_free,
    .reset = modes_reset,
    .event = modes_event,
    .kinds = kinds,
    .pdu = modes_pdu,
    .digest = modes_digest,
};
