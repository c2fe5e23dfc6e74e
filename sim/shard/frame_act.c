/* SPDX-License-Identifier: Apache-2.0 */
/* The frame filter's second half: which frames are struck, and what becomes of one that is. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "proto/fc/fcp.h"
#include "sim/shard/frame_filter_state.h"

enum site { SITE_BYTE = 3100, SITE_BIT };

enum {
    FRAMES_OF_A_HIT = 2,
    FILL_AT = 11, /* the byte of F_CTL that counts fill bytes, in its last two bits */
    CRC_BYTES = 4,
    SENSE_BYTES = 18,
    CHECK_CONDITION = 2,
    RSP_BYTES = 24,
    FCP_RSP = 0x07
};

#define BIT(fault) (UINT32_C(1) << ((fault)-LQ_FAULT_PDU_DROP))

/* What arrives was never sent so. A broken CRC is seen: it is as good as lost. */
static const uint32_t forging = BIT(LQ_FAULT_PDU_REPLACE) | BIT(LQ_FAULT_PDU_TRUNCATE) |
                                BIT(LQ_FAULT_PDU_INJECT) | BIT(LQ_FAULT_PDU_ANSWER) |
                                BIT(LQ_FAULT_PDU_DUPLICATE);

static const uint32_t stopping = BIT(LQ_FAULT_PDU_DELAY) | BIT(LQ_FAULT_PDU_STALL);

struct act {
    struct lq_frame_filter *filter;
    struct lq_frame_kept *frame;
    const struct lq_fault_rule *rule;
    uint64_t subject;
};

static uint64_t draw(const struct act *act, enum site site, uint64_t n)
{
    return lq_choose(act->filter->faults->choice, LQ_STREAM_FAULT, (uint32_t)site, act->subject,
                     n);
}

/* --- whole frames --------------------------------------------------------------------------- */

/* The CRC of an FC frame that was changed, right again. */
static void seal(struct lq_frame_kept *frame)
{
    uint32_t payload_bytes = 0;
    uint32_t payload = lq_fcoe_payload(frame->bytes, frame->size_bytes, &payload_bytes);
    if (payload == 0)
        return;
    uint32_t crc = lq_fc_crc32(0, frame->bytes + payload - LQ_FC_HEADER_BYTES,
                               LQ_FC_HEADER_BYTES + payload_bytes);
    for (uint32_t i = 0; i < CRC_BYTES; i++)
        frame->bytes[payload + payload_bytes + i] = (uint8_t)(crc >> (8 * i));
}

/* FRAME's payload becomes BYTES (SIZE_BYTES; NULL: its first ones), filled up to whole words. */
static void set_payload(struct lq_frame_kept *frame, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t old_bytes = 0;
    uint32_t payload = lq_fcoe_payload(frame->bytes, frame->size_bytes, &old_bytes);
    uint32_t fill = (4 - size_bytes % 4) % 4;
    uint8_t trailer[LQ_FCOE_TRAILER_BYTES];
    LQ_ASSERT(payload != 0 && size_bytes + fill <= LQ_FC_PAYLOAD_BYTES_MAX);
    memcpy(trailer, frame->bytes + payload + old_bytes, sizeof trailer);
    if (bytes != NULL && size_bytes > 0)
        memcpy(frame->bytes + payload, bytes, size_bytes);
    memset(frame->bytes + payload + size_bytes, 0, fill);
    memcpy(frame->bytes + payload + size_bytes + fill, trailer, sizeof trailer);
    uint8_t *fill_byte = &frame->bytes[payload - LQ_FC_HEADER_BYTES + FILL_AT];
    *fill_byte = (uint8_t)((*fill_byte & 0xfcU) | fill);
    frame->size_bytes = payload + size_bytes + fill + LQ_FCOE_TRAILER_BYTES;
    seal(frame);
}

/* Changes a field of what stands in FRAME; the CRC stays what it was. */
static void change(struct lq_frame_kept *frame, const struct lq_pdu_field *field, uint64_t value)
{
    uint8_t view[LQ_FCOE_VIEW_BYTES];
    (void)lq_fcoe_view(frame->bytes, frame->size_bytes, view);
    lq_pdu_set(view, field, value);
    lq_fcoe_unview(view, frame->bytes, frame->size_bytes);
}

static uint64_t value_of(const struct lq_frame_kept *frame, const struct lq_pdu_field *field)
{
    uint8_t view[LQ_FCOE_VIEW_BYTES];
    (void)lq_fcoe_view(frame->bytes, frame->size_bytes, view);
    return lq_pdu_get(view, field);
}

/* --- one function each ---------------------------------------------------------------------- */

static void keep(struct act *act)
{
    lq_frame_filter_keep(act->filter, act->frame);
}

static void act_drop(struct act *act)
{
    lq_frame_filter_drop(act->filter, act->frame);
}

static void wait(struct act *act, bool is_stopping, uint32_t behind)
{
    struct lq_frame_kept *frame = act->frame;
    uint64_t now_ns = *act->filter->faults->now_ns;
    frame->rule = act->rule;
    frame->until_ns = act->rule->by_ns != 0 ? now_ns + act->rule->by_ns : act->rule->until_ns;
    frame->is_stopping = is_stopping;
    frame->behind = behind;
    keep(act);
}

static void act_stop(struct act *act)
{
    wait(act, true, 0);
}

static void act_hold(struct act *act)
{
    wait(act, false, 0);
}

static void act_reorder(struct act *act)
{
    wait(act, false, act->rule->pdu.behind);
}

static void act_duplicate(struct act *act)
{
    struct lq_frame_kept *copy = lq_frame_filter_take(act->filter, act->frame);
    keep(act);
    lq_frame_filter_keep(act->filter, copy);
}

/* Its CRC, a field, a byte of its payload; else a drawn one of the payload, or of the FC header
 * when there is none. Whoever receives it finds the CRC wrong. FIP has none: such a frame is lost,
 * as Ethernet's own check would have it. */
static void act_corrupt(struct act *act)
{
    const struct lq_pdu_rule *rule = &act->rule->pdu;
    struct lq_frame_kept *frame = act->frame;
    uint32_t count = 0, first = lq_fcoe_payload(frame->bytes, frame->size_bytes, &count);
    if (first == 0) {
        act_drop(act);
        return;
    }
    if (rule->field.name != NULL) {
        change(frame, &rule->field, value_of(frame, &rule->field) ^ 1);
    } else {
        if (rule->is_crc) {
            first += count;
            count = CRC_BYTES;
        } else if (count == 0) {
            first -= LQ_FC_HEADER_BYTES;
            count = LQ_FC_HEADER_BYTES;
        }
        uint32_t byte = rule->is_data ? rule->data_byte : (uint32_t)draw(act, SITE_BYTE, count);
        frame->bytes[first + (byte < count ? byte : count - 1)] ^=
            (uint8_t)(1U << draw(act, SITE_BIT, 8));
    }
    keep(act);
}

static void act_truncate(struct act *act)
{
    uint32_t count = 0;
    uint32_t left = act->rule->pdu.bytes;
    if (lq_fcoe_payload(act->frame->bytes, act->frame->size_bytes, &count) != 0 && left < count)
        set_payload(act->frame, NULL, left);
    keep(act);
}

static void act_replace(struct act *act)
{
    const struct lq_pdu_rule *rule = &act->rule->pdu;
    uint64_t now = value_of(act->frame, &rule->field);
    change(act->frame, &rule->field,
           rule->change == LQ_PDU_SET_TO ? rule->value
           : rule->change == LQ_PDU_PLUS ? now + rule->value
                                         : now - rule->value);
    seal(act->frame);
    keep(act);
}

/* FC header and payload of a frame of its own, in the envelope of the one that was struck; what is
 * no such thing is left out. */
static void act_inject(struct act *act)
{
    const struct lq_pdu_rule *rule = &act->rule->pdu;
    struct lq_frame_kept *made = lq_frame_filter_take(act->filter, act->frame);
    uint32_t count = 0, payload = lq_fcoe_payload(made->bytes, made->size_bytes, &count);
    if (payload == 0 || rule->raw_bytes < LQ_FC_HEADER_BYTES) {
        lq_frame_filter_drop(act->filter, made);
        keep(act);
        return;
    }
    memcpy(made->bytes + payload - LQ_FC_HEADER_BYTES, rule->raw, LQ_FC_HEADER_BYTES);
    set_payload(made, rule->raw + LQ_FC_HEADER_BYTES, rule->raw_bytes - LQ_FC_HEADER_BYTES);
    if (rule->before)
        lq_frame_filter_keep(act->filter, made);
    keep(act);
    if (!rule->before)
        lq_frame_filter_keep(act->filter, made);
}

/* FCP_RSP with another status, and sense data of fixed format where it wants some [SPC-5 4.4.3]. */
static void act_answer(struct act *act)
{
    const struct lq_pdu_rule *rule = &act->rule->pdu;
    uint8_t sense[SENSE_BYTES] = {0x70}, payload[RSP_BYTES + SENSE_BYTES];
    sense[2] = (uint8_t)(rule->sense >> 16);
    sense[7] = SENSE_BYTES - 8;
    sense[12] = (uint8_t)(rule->sense >> 8);
    sense[13] = (uint8_t)rule->sense;
    struct lq_fcp_rsp rsp = {.status = (uint8_t)rule->status};
    if (rule->status == CHECK_CONDITION) {
        rsp.flags = LQ_FCP_SENSE_VALID;
        rsp.sense = sense;
        rsp.sense_bytes = SENSE_BYTES;
    }
    LQ_ASSERT(lq_fcp_rsp_bytes(&rsp) <= sizeof payload);
    lq_fcp_rsp_encode(&rsp, payload);
    set_payload(act->frame, payload, lq_fcp_rsp_bytes(&rsp));
    keep(act);
}

static void (*const acts[])(struct act *act) = {
    [LQ_FAULT_PDU_DROP - LQ_FAULT_PDU_DROP] = act_drop,
    [LQ_FAULT_PDU_DELAY - LQ_FAULT_PDU_DROP] = act_stop,
    [LQ_FAULT_PDU_STALL - LQ_FAULT_PDU_DROP] = act_stop,
    [LQ_FAULT_PDU_HOLD - LQ_FAULT_PDU_DROP] = act_hold,
    [LQ_FAULT_PDU_REORDER - LQ_FAULT_PDU_DROP] = act_reorder,
    [LQ_FAULT_PDU_DUPLICATE - LQ_FAULT_PDU_DROP] = act_duplicate,
    [LQ_FAULT_PDU_CORRUPT - LQ_FAULT_PDU_DROP] = act_corrupt,
    [LQ_FAULT_PDU_TRUNCATE - LQ_FAULT_PDU_DROP] = act_truncate,
    [LQ_FAULT_PDU_REPLACE - LQ_FAULT_PDU_DROP] = act_replace,
    [LQ_FAULT_PDU_INJECT - LQ_FAULT_PDU_DROP] = act_inject,
    [LQ_FAULT_PDU_ANSWER - LQ_FAULT_PDU_DROP] = act_answer};

/* --- strikes -------------------------------------------------------------------------------- */

/* The classes that can strike FRAME: all but what ends connections. */
static uint32_t classes_of(const struct lq_frame_filter *filter, const struct lq_frame_kept *frame,
                           const uint8_t *view)
{
    uint32_t count = 0;
    uint32_t classes = (UINT32_C(1) << sizeof acts / sizeof acts[0]) - 1;
    bool is_fc = lq_fcoe_payload(frame->bytes, frame->size_bytes, &count) != 0;
    bool is_rsp = is_fc && view[0] == FCP_RSP && view[8] == LQ_FC_TYPE_FCP;
    if (!is_fc || count == 0)
        classes &= ~BIT(LQ_FAULT_PDU_TRUNCATE);
    if (!is_rsp)
        classes &= ~BIT(LQ_FAULT_PDU_ANSWER);
    return filter->faults->rules == NULL ? 0 : classes; /* seeds have faults `frame.' instead */
}

static bool has_room(const struct lq_frame_filter *filter)
{
    uint32_t count = 0;
    LQ_LIST_EACH(link, &filter->free)
    {
        (void)link;
        if (++count == FRAMES_OF_A_HIT)
            return true;
    }
    return false;
}

static void record(const struct act *act, enum lq_fault fault, uint32_t connection,
                   const uint8_t *view, uint32_t size_bytes)
{
    struct lq_event event = {.time_ns = *act->filter->faults->now_ns,
                             .kind = LQ_W_FAULT,
                             .flags = LQ_F_PDU,
                             .connection = connection,
                             .code = (uint32_t)fault,
                             .detail = lq_pdu_code(&lq_fcoe_pdu_table, view),
                             .tag = lq_pdu_get(view, &lq_fcoe_pdu_table.tag),
                             .lba = size_bytes,
                             .value = act->subject};
    event.stamp = event.tag;
    if (act->frame->direction == LQ_FROM_TARGET)
        event.flags |= LQ_F_FROM_TARGET;
    if ((forging & BIT(fault)) != 0)
        event.flags |= LQ_F_FORGED;
    if ((stopping & BIT(fault)) != 0)
        event.flags |= LQ_F_STOPS;
    lq_history_add(act->filter->faults->history, &event);
}

void lq_frame_filter_act(struct lq_frame_filter *filter, struct lq_frame_kept *frame)
{
    uint8_t view[LQ_FCOE_VIEW_BYTES];
    struct lq_fault_hit hit = {LQ_FAULT_NONE, NULL};
    uint32_t connection = filter->config.connection_of(filter->config.context, frame->of);
    struct act act = {.filter = filter, .frame = frame,
                      .subject = lq_subject(frame->of, filter->seen)};
    bool is_seen = has_room(filter) && lq_fcoe_view(frame->bytes, frame->size_bytes, view);
    if (is_seen) {
        const struct lq_pdu_seen seen = {
            .table = &lq_fcoe_pdu_table,
            .kind = lq_pdu_kind_of(&lq_fcoe_pdu_table, view),
            .direction = frame->direction == LQ_TO_TARGET ? LQ_PDU_TO_TARGET : LQ_PDU_FROM_TARGET,
            .state = LQ_PDU_FULL_FEATURE,
            .header = view};
        is_seen = lq_fault_strikes_pdu(filter->faults, &seen, classes_of(filter, frame, view),
                                       act.subject, connection, &hit);
    }
    if (!is_seen) {
        keep(&act);
        return;
    }
    act.rule = hit.rule;
    uint32_t size_bytes = frame->size_bytes;
    record(&act, hit.fault, connection, view, size_bytes);
    acts[hit.fault - LQ_FAULT_PDU_DROP](&act);
}
