/* SPDX-License-Identifier: Apache-2.0 */
/* FRAMES: link services, who is logged in, and which I_T nexus an N_Port's login is. */
#include <string.h>

#include "conformance/judges/frames.h"
#include "conformance/wire/pdu.h"
#include "core/base/hash.h"

enum { PORT_NAME = 20, PLOGI_BYTES = 116 }; /* [FC-LS-3, PLOGI payload] */
enum { TARGETS_MAX = 4, TARGET_PORTS_MAX = 16 };

static uint64_t pair_key(uint32_t remote, uint32_t local)
{
    return lq_mix(lq_mix(1, remote), local);
}

struct lq_seen_port *lq_frames_port(struct lq_judge *judge, uint32_t remote, uint32_t local,
                                    bool makes_it)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    uint64_t key = pair_key(remote, local);
    uint32_t index = lq_map_get(&state->port_of, key);
    if (index != LQ_NONE)
        return lq_array_at(&state->ports, index);
    if (!makes_it)
        return NULL;
    *lq_map_put(&state->port_of, judge->allocator, key) = state->ports.count;
    struct lq_seen_port *port = lq_array_add(&state->ports, judge->allocator);
    port->remote = remote;
    port->local = local;
    return port;
}

/* --- the engine's names ----------------------------------------------------------------------- */

static bool lives_in(const struct lq_seen_nexus *nexus, uint64_t tag)
{
    for (struct lq_link *link = nexus->tasks.next; link != &nexus->tasks; link = link->next) {
        const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
        if (task->tag == tag && task->ended == NULL)
            return true;
    }
    return false;
}

/* An I_T nexus is named by the initiator port's TransportID [SPC-5 7.6.4.2] at a target port whose
 * number the wire does not tell. */
static const struct lq_seen_nexus *look_up(const struct lq_judge *judge, uint64_t port_name)
{
    uint8_t id[24] = {0};
    for (uint32_t i = 0; i < 8; i++)
        id[8 + i] = (uint8_t)(port_name >> (56 - 8 * i));
    for (uint16_t target_port = 1; target_port <= TARGET_PORTS_MAX; target_port++) {
        uint64_t hash = lq_nexus_hash(id, sizeof id, target_port);
        for (uint16_t target = 0; target < TARGETS_MAX; target++) {
            const struct lq_event name = {.nexus = hash, .target = target};
            const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, &name);
            if (nexus != NULL)
                return nexus;
        }
    }
    return NULL;
}

const struct lq_seen_nexus *lq_frames_nexus(const struct lq_judge *judge,
                                            struct lq_seen_port *port)
{
    if (port->nexus == NULL && port->port_name != 0)
        port->nexus = look_up(judge, port->port_name);
    return port->nexus;
}

bool lq_frames_task_lives(struct lq_judge *judge, struct lq_seen_port *port, uint64_t tag)
{
    const struct lq_seen_nexus *nexus = lq_frames_nexus(judge, port);
    return nexus != NULL && lives_in(nexus, tag);
}

/* --- requests and answers --------------------------------------------------------------------- */

static uint64_t service_key(uint32_t requester, uint32_t responder, uint16_t ox_id)
{
    return lq_mix(lq_mix(lq_mix(2, requester), responder), ox_id);
}

static uint64_t srr_detail(const struct lq_wire_frame *frame)
{
    const uint8_t *p = frame->payload;
    if (frame->payload_bytes < 16)
        return 0;
    uint64_t ox_id = lq_wire_be16(p + 4);
    return ox_id << 48 | (uint64_t)p[12] << 32 | lq_wire_be32(p + 8);
}

static void srr_came(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_seen_fcp *exchange = lq_frames_exchange(judge, frame->s_id, frame->d_id,
                                                      (uint16_t)(srr_detail(frame) >> 48));
    if (exchange != NULL)
        lq_frames_asks_on(judge, seen, exchange);
}

static void request(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_frames_state *state = lq_frames_of(judge);
    uint8_t command = lq_wire_els_command(frame);
    uint64_t key = service_key(frame->s_id, frame->d_id, frame->ox_id);
    uint32_t *at = lq_map_put(&state->service_of, judge->allocator, key);
    if (*at == LQ_NONE) {
        *at = state->services.count;
        (void)lq_array_add(&state->services, judge->allocator);
    }
    struct lq_seen_service *service = lq_array_at(&state->services, *at);
    if (command == LQ_WIRE_SRR && frame->type == LQ_WIRE_TYPE_FCP)
        srr_came(judge, seen);
    *service = (struct lq_seen_service){.requester = frame->s_id,
                                        .responder = frame->d_id,
                                        .ox_id = frame->ox_id,
                                        .command = command,
                                        .r_ctl = frame->r_ctl,
                                        .at = seen->at};
    if (command == LQ_WIRE_SRR && frame->type == LQ_WIRE_TYPE_FCP)
        service->detail = srr_detail(frame);
    if (command == LQ_WIRE_RRQ && frame->payload_bytes >= 12)
        service->detail = lq_wire_be16(frame->payload + 8); /* OX_ID [FC-LS-3, RRQ] */
    if (seen->direction == LQ_FROM_TARGET)
        return;
    struct lq_seen_port *port = lq_frames_port(judge, frame->s_id, frame->d_id, true);
    if (command == LQ_WIRE_PLOGI && frame->payload_bytes >= PLOGI_BYTES) {
        port->port_name = lq_wire_be64(frame->payload + PORT_NAME);
        port->nexus = NULL;
    }
}

/* RRQ: the exchange's identity may be used again. */
static void give_back(struct lq_frames_state *state, const struct lq_seen_service *service)
{
    for (uint32_t i = 0; i < LQ_FRAMES_HELD; i++) {
        struct lq_seen_identity *held = &state->held[i];
        if (held->remote == service->requester && held->local == service->responder &&
            held->ox_id == (uint16_t)service->detail)
            held->at.seq = 0;
    }
}

/* What the target's LS_ACC to COMMAND means. */
static void accepted(struct lq_judge *judge, const struct lq_frame_seen *seen,
                     const struct lq_seen_service *service)
{
    struct lq_seen_port *port =
        lq_frames_port(judge, service->requester, service->responder, true);
    switch (service->command) {
    case LQ_WIRE_PLOGI:
        port->has_plogi = true;
        port->has_prli = false;
        lq_frames_silence(judge, port->remote, port->local, seen, "after a new login");
        break;
    case LQ_WIRE_PRLI:
        port->has_prli = true;
        break;
    case LQ_WIRE_LOGO:
        port->has_plogi = port->has_prli = false;
        lq_frames_silence(judge, port->remote, port->local, seen, "after its logout was accepted");
        break;
    case LQ_WIRE_PRLO:
        port->has_prli = false;
        lq_frames_silence(judge, port->remote, port->local, seen, "after its logout was accepted");
        break;
    case LQ_WIRE_SRR: {
        struct lq_seen_fcp *exchange =
            lq_frames_exchange(judge, service->requester, service->responder,
                               (uint16_t)(service->detail >> 48));
        if (exchange == NULL)
            break;
        exchange->resend_since = seen->at;
        exchange->resend_r_ctl = (uint8_t)(service->detail >> 32);
        exchange->resend_offset = (uint32_t)service->detail;
        break;
    }
    case LQ_WIRE_RRQ:
        give_back(lq_frames_of(judge), service);
        break;
    default:
        break;
    }
}

static void reply(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_frames_state *state = lq_frames_of(judge);
    uint32_t index =
        lq_map_get(&state->service_of, service_key(frame->d_id, frame->s_id, frame->ox_id));
    if (seen->direction == LQ_TO_TARGET)
        return;
    struct lq_seen_service *service =
        index == LQ_NONE ? NULL : lq_array_at(&state->services, index);
    judge->exercised[P_FRAME_11]++;
    if (service == NULL) {
        lq_frames_convict(judge, P_FRAME_11, seen, NULL, "to a request that never came");
        return;
    }
    if (service->is_answered) {
        lq_frames_convict(judge, P_FRAME_11, seen, NULL, "to a request that has its answer");
        return;
    }
    service->is_answered = true;
    if (lq_wire_els_command(frame) == LQ_WIRE_LS_ACC)
        accepted(judge, seen, service);
}

void lq_frames_service(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    if (frame->type != LQ_WIRE_TYPE_ELS && frame->type != LQ_WIRE_TYPE_FCP)
        return;
    if (frame->r_ctl == LQ_WIRE_ELS_REQUEST || frame->r_ctl == LQ_WIRE_FC4_REQUEST)
        request(judge, seen);
    else if (frame->r_ctl == LQ_WIRE_ELS_REPLY || frame->r_ctl == LQ_WIRE_FC4_REPLY)
        reply(judge, seen);
}
