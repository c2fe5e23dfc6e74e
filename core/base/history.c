/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/history.h"

#include <stddef.h>

#include "core/base/assert.h"
#include "core/base/hash.h"

void lq_history_init(struct lq_history *history)
{
    *history = (struct lq_history){.next_seq = 1};
}

void lq_history_attach(struct lq_history *history, struct lq_history_sink sink)
{
    LQ_ASSERT(history->sink_count < LQ_HISTORY_SINKS_MAX);
    history->sinks[history->sink_count++] = sink;
}

/* Field by field: never the struct's memory, which has padding and the machine's byte order. In
 * three lanes, so that a word need not wait for all before it. */
static uint64_t mix_event(uint64_t hash, const struct lq_event *event)
{
    uint64_t a = lq_stir(hash, event->time_ns), b = lq_stir(1, event->nexus),
             c = lq_stir(2, event->stamp);
    a = lq_stir(a, event->seq);
    b = lq_stir(b, event->lun);
    c = lq_stir(c, event->lba);
    a = lq_stir(a, (uint64_t)event->kind << 48 | (uint64_t)event->actor << 32 |
                       (uint64_t)event->target << 16 | event->flags);
    b = lq_stir(b, event->tag);
    c = lq_stir(c, event->value);
    a = lq_stir(a, (uint64_t)event->connection << 32 | event->code);
    b = lq_stir(b, event->serial);
    c = lq_stir(c, (uint64_t)event->detail << 32 | event->nblocks);
    return lq_mix(lq_mix(a, b), c);
}

void lq_history_add(struct lq_history *history, struct lq_event *event)
{
    if (history == NULL)
        return;
    event->seq = history->next_seq++;
    history->event_count++;
    history->fingerprint = mix_event(history->fingerprint, event);
    for (uint32_t i = 0; i < history->sink_count; i++)
        if (history->sinks[i].event != NULL)
            history->sinks[i].event(history->sinks[i].context, event);
}

/* Numbers TAP and mixes it in; WHAT keeps frames and bytes apart in the fingerprint. */
static void take(struct lq_history *history, struct lq_tap *tap, uint64_t what)
{
    tap->seq = history->next_seq++;
    history->tap_bytes += tap->size_bytes;
    history->fingerprint = lq_mix(history->fingerprint, what << 33 |
                                                            (uint64_t)tap->connection << 1 |
                                                            (uint64_t)tap->direction);
    history->fingerprint = lq_hash(history->fingerprint, tap->bytes, tap->size_bytes);
}

void lq_history_tap(struct lq_history *history, uint64_t time_ns, uint32_t connection,
                    enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes)
{
    if (history == NULL)
        return;
    struct lq_tap tap = {time_ns, 0, connection, direction, bytes, size_bytes};
    take(history, &tap, 0);
    for (uint32_t i = 0; i < history->sink_count; i++)
        if (history->sinks[i].tap != NULL)
            history->sinks[i].tap(history->sinks[i].context, &tap);
}

void lq_history_frame(struct lq_history *history, uint64_t time_ns, uint32_t device,
                      enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes)
{
    if (history == NULL)
        return;
    struct lq_tap frame = {time_ns, 0, device, direction, bytes, size_bytes};
    take(history, &frame, 1);
    for (uint32_t i = 0; i < history->sink_count; i++)
        if (history->sinks[i].frame != NULL)
            history->sinks[i].frame(history->sinks[i].context, &frame);
}

uint64_t lq_nexus_hash(const uint8_t *transport_id, uint32_t size_bytes, uint16_t target_port)
{
    uint64_t hash = lq_hash(target_port, transport_id, size_bytes);
    return hash == 0 ? 1 : hash; /* 0 says "no nexus" in records */
}

static const char *const kind_names[LQ_EVENT_KINDS] = {
    [LQ_EVENT_NONE] = "NONE",
    [LQ_W_LUN] = "W_LUN",
    [LQ_W_BOUND] = "W_BOUND",
    [LQ_W_PHASE] = "W_PHASE",
    [LQ_W_FAULT] = "W_FAULT",
    [LQ_W_ACCEPT] = "W_ACCEPT",
    [LQ_W_CLOSE] = "W_CLOSE",
    [LQ_W_STORE] = "W_STORE",
    [LQ_W_POWER] = "W_POWER",
    [LQ_W_LUN_CHANGED] = "W_LUN_CHANGED",
    [LQ_W_ACCOUNT] = "W_ACCOUNT",
    [LQ_I_LOGIN] = "I_LOGIN",
    [LQ_I_LOGGED_IN] = "I_LOGGED_IN",
    [LQ_I_LOGIN_FAILED] = "I_LOGIN_FAILED",
    [LQ_I_LOST] = "I_LOST",
    [LQ_I_COMMAND] = "I_COMMAND",
    [LQ_I_WRITE_DATA] = "I_WRITE_DATA",
    [LQ_I_READ_DATA] = "I_READ_DATA",
    [LQ_I_STATUS] = "I_STATUS",
    [LQ_I_GAVE_UP] = "I_GAVE_UP",
    [LQ_I_TM] = "I_TM",
    [LQ_I_TM_DONE] = "I_TM_DONE",
    [LQ_I_LOGOUT] = "I_LOGOUT",
    [LQ_I_LOGOUT_DONE] = "I_LOGOUT_DONE",
    [LQ_I_PROTOCOL] = "I_PROTOCOL",
    [LQ_E_NEXUS_ESTABLISHED] = "E_NEXUS_ESTABLISHED",
    [LQ_E_NEXUS_LOST] = "E_NEXUS_LOST",
    [LQ_E_NEXUS_ENDED] = "E_NEXUS_ENDED",
    [LQ_E_RECEIVED] = "E_RECEIVED",
    [LQ_E_REFUSED] = "E_REFUSED",
    [LQ_E_ENTERED] = "E_ENTERED",
    [LQ_E_ENABLED] = "E_ENABLED",
    [LQ_E_HELD] = "E_HELD",
    [LQ_E_RELEASED] = "E_RELEASED",
    [LQ_E_ENDED] = "E_ENDED",
    [LQ_E_DELIVERED] = "E_DELIVERED",
    [LQ_E_STATUS_LOST] = "E_STATUS_LOST",
    [LQ_E_FREED] = "E_FREED",
    [LQ_E_TM_RECEIVED] = "E_TM_RECEIVED",
    [LQ_E_TM_ANSWERED] = "E_TM_ANSWERED",
    [LQ_E_AFFECTED] = "E_AFFECTED",
    [LQ_E_ORPHANED] = "E_ORPHANED",
    [LQ_E_ORPHAN_ENDED] = "E_ORPHAN_ENDED",
    [LQ_E_ACA] = "E_ACA",
    [LQ_E_MODES] = "E_MODES",
    [LQ_E_UA_ESTABLISHED] = "E_UA_ESTABLISHED",
    [LQ_E_UA_REPORTED] = "E_UA_REPORTED",
    [LQ_E_UA_PUT_BACK] = "E_UA_PUT_BACK",
    [LQ_E_UA_CLEARED] = "E_UA_CLEARED",
    [LQ_S_SUBMITTED] = "S_SUBMITTED",
    [LQ_S_EFFECT] = "S_EFFECT",
    [LQ_S_DURABLE] = "S_DURABLE",
    [LQ_S_COMPLETED] = "S_COMPLETED",
    [LQ_S_FATE] = "S_FATE",
    [LQ_S_CORRUPTED] = "S_CORRUPTED",
};

const char *lq_event_kind_name(uint32_t kind)
{
    return kind < LQ_EVENT_KINDS && kind_names[kind] != NULL ? kind_names[kind] : "?";
}
