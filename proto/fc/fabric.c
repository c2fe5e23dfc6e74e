/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a table of ports whose places are their addresses; a ring of frames that wait. */
#include "proto/fc/fabric.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/heap.h"
#include "proto/fc/fabric_state.h"

enum {
    F_CTL_REPLY = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                  LQ_FC_F_CTL_SEQUENCE_INITIATIVE,
    MULTIPLE_ASSIGNMENT = 0x2000, /* further N_Port_IDs are given by FDISC [FC-LS-2, FLOGI] */
    FC_PH_VERSION = 0x2020 /* highest and lowest, as FCoE's ports say */
};

const struct lq_fc_fabric_config lq_fc_fabric_config_default = {
    .ports_max = LQ_FC_FABRIC_PORTS_MAX,
    .frames_max = 64,
    .domain = 1,
    .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
    .e_d_tov_ms = 2000,
    .r_a_tov_ms = 10000,
    .first_ox_id = 1,
};

struct lq_fc_fabric *lq_fc_fabric_make(struct lq_arena *arena,
                                       const struct lq_fc_fabric_config *config,
                                       struct lq_env *env)
{
    struct lq_fc_fabric *fabric = lq_arena_take(arena, 1, sizeof *fabric, true);
    struct lq_fabric_port *ports = lq_arena_take(arena, config->ports_max, sizeof *ports, true);
    struct lq_fabric_out *out = lq_arena_take(arena, config->frames_max, sizeof *out, true);
    if (fabric == NULL)
        return NULL;
    LQ_ASSERT(config->ports_max >= 1 && config->ports_max <= LQ_FC_FABRIC_PORTS_MAX);
    *fabric = (struct lq_fc_fabric){.config = *config,
                                    .env = env,
                                    .ports = ports,
                                    .out = out,
                                    .next_ox_id = config->first_ox_id};
    return fabric;
}

/* --- ports ----------------------------------------------------------------------------------- */

/* Domain, area 0, and the place from 1. */
uint32_t lq_fabric_address(const struct lq_fc_fabric *fabric, const struct lq_fabric_port *port)
{
    return (uint32_t)fabric->config.domain << 16 | (uint32_t)(port - fabric->ports + 1);
}

struct lq_fabric_port *lq_fabric_port(struct lq_fc_fabric *fabric, uint32_t fc_id)
{
    uint32_t place = fc_id & 0xffff;
    if (fc_id >> 16 != fabric->config.domain || place == 0 || place > fabric->config.ports_max)
        return NULL;
    struct lq_fabric_port *port = &fabric->ports[place - 1];
    return port->is_here ? port : NULL;
}

static struct lq_fabric_port *port_named(struct lq_fc_fabric *fabric, uint64_t port_name)
{
    for (uint32_t i = 0; i < fabric->config.ports_max; i++)
        if (fabric->ports[i].port_name == port_name)
            return &fabric->ports[i];
    return NULL;
}

/* The place that the name had, one that nobody had, or one that is free. */
static struct lq_fabric_port *place_for(struct lq_fc_fabric *fabric, uint64_t port_name)
{
    struct lq_fabric_port *place = port_named(fabric, port_name);
    if (place == NULL)
        place = port_named(fabric, 0);
    for (uint32_t i = 0; place == NULL && i < fabric->config.ports_max; i++)
        if (!fabric->ports[i].is_here)
            place = &fabric->ports[i];
    return place;
}

static struct lq_fabric_port *enter(struct lq_fc_fabric *fabric, uint32_t link, uint64_t port_name,
                                    uint64_t node_name)
{
    struct lq_fabric_port *port = place_for(fabric, port_name);
    if (port == NULL)
        return NULL;
    if (port->is_here)
        lq_fc_fabric_detach(fabric, lq_fabric_address(fabric, port));
    *port = (struct lq_fabric_port){.is_here = true,
                                    .link = link,
                                    .port_name = port_name,
                                    .node_name = node_name,
                                    .data_bytes_max = fabric->config.data_bytes_max};
    fabric->counts.ports++;
    return port;
}

uint32_t lq_fc_fabric_attach(struct lq_fc_fabric *fabric, uint32_t link, uint64_t port_name,
                             uint64_t node_name)
{
    struct lq_fabric_port *port = enter(fabric, link, port_name, node_name);
    if (port == NULL)
        return 0;
    lq_fc_ct_types_add(port->types, LQ_FC_TYPE_FCP);
    port->features = 1; /* target [FC-GS-6, FC-4 features] */
    lq_fabric_changed(fabric, port);
    return lq_fabric_address(fabric, port);
}

static uint32_t reject(struct lq_fc_fabric *fabric, struct lq_fc_els *reply, uint8_t request,
                       uint8_t reason, uint8_t explanation)
{
    lq_fc_els_begin(reply, LQ_FC_ELS_LS_RJT, request);
    reply->u.rjt.reason = reason;
    reply->u.rjt.explanation = explanation;
    fabric->counts.rejects++;
    return 0;
}

uint32_t lq_fc_fabric_login(struct lq_fc_fabric *fabric, uint32_t link,
                            const struct lq_fc_els *request, struct lq_fc_els *reply)
{
    const struct lq_fc_login *login = &request->u.login;
    uint16_t data_bytes = login->data_bytes_max & 0x0fff;
    if (login->port_name == 0)
        return reject(fabric, reply, request->command, LQ_FC_REASON_LOGICAL_ERROR,
                      LQ_FC_EXPLAIN_PORT_NAME);
    if (data_bytes < 256)
        return reject(fabric, reply, request->command, LQ_FC_REASON_LOGICAL_ERROR,
                      LQ_FC_EXPLAIN_DATA_FIELD_SIZE);
    struct lq_fabric_port *port = enter(fabric, link, login->port_name, login->node_name);
    if (port == NULL)
        return reject(fabric, reply, request->command, LQ_FC_REASON_UNABLE,
                      LQ_FC_EXPLAIN_RESOURCES);
    fabric->counts.logins++;
    if (data_bytes < port->data_bytes_max)
        port->data_bytes_max = (uint16_t)(data_bytes & ~3U);
    lq_fc_els_begin(reply, LQ_FC_ELS_LS_ACC, request->command);
    reply->u.login = (struct lq_fc_login){
        .version = FC_PH_VERSION,
        .credit = 10,
        .features = LQ_FC_COMMON_CONTINUOUS_OFFSET | MULTIPLE_ASSIGNMENT | LQ_FC_COMMON_F_PORT,
        .data_bytes_max = fabric->config.data_bytes_max,
        .word2 = fabric->config.r_a_tov_ms,
        .e_d_tov = fabric->config.e_d_tov_ms,
        .port_name = fabric->config.port_name,
        .node_name = fabric->config.fabric_name,
        .class3 = {.service_options = LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL}};
    return lq_fabric_address(fabric, port);
}

void lq_fc_fabric_detach(struct lq_fc_fabric *fabric, uint32_t fc_id)
{
    struct lq_fabric_port *port = lq_fabric_port(fabric, fc_id);
    if (port == NULL)
        return;
    bool was_listed = lq_fc_ct_types_has(port->types, LQ_FC_TYPE_FCP);
    *port = (struct lq_fabric_port){.port_name = port->port_name};
    fabric->counts.ports--;
    if (was_listed)
        lq_fabric_changed(fabric, port);
}

uint32_t lq_fc_fabric_link(const struct lq_fc_fabric *fabric, uint32_t fc_id)
{
    uint32_t place = fc_id & 0xffff;
    if (fc_id >> 16 != fabric->config.domain || place == 0 || place > fabric->config.ports_max ||
        !fabric->ports[place - 1].is_here)
        return LQ_FC_NO_LINK;
    return fabric->ports[place - 1].link;
}

uint32_t lq_fc_fabric_data_bytes(const struct lq_fc_fabric *fabric, uint32_t fc_id)
{
    uint32_t place = fc_id & 0xffff;
    if (lq_fc_fabric_link(fabric, fc_id) == LQ_FC_NO_LINK)
        return fabric->config.data_bytes_max;
    return fabric->ports[place - 1].data_bytes_max;
}

void lq_fc_fabric_notify(struct lq_fc_fabric *fabric, uint32_t fc_id)
{
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        struct lq_fabric_port *port = &fabric->ports[i];
        if (fc_id == 0 ? port->is_here : port == lq_fabric_port(fabric, fc_id))
            lq_fabric_changed(fabric, port);
    }
}

/* --- sending --------------------------------------------------------------------------------- */

uint16_t lq_fabric_ox_id(struct lq_fc_fabric *fabric)
{
    if (fabric->next_ox_id == LQ_FC_ID_UNASSIGNED)
        fabric->next_ox_id = 0;
    return fabric->next_ox_id++;
}

struct lq_fc_frame lq_fabric_reply_to(const struct lq_fc_frame *request, uint8_t r_ctl,
                                      uint8_t type)
{
    return (struct lq_fc_frame){.r_ctl = r_ctl,
                                .type = type,
                                .d_id = request->s_id,
                                .s_id = request->d_id,
                                .f_ctl = F_CTL_REPLY,
                                .ox_id = request->ox_id,
                                .rx_id = request->rx_id};
}

static void put_frame(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame,
                      const uint8_t *payload)
{
    uint32_t place = (fabric->out_first + fabric->out_count++) % fabric->config.frames_max;
    struct lq_fabric_out *out = &fabric->out[place];
    memcpy(out->payload, payload, frame->payload_bytes);
    out->frame = *frame;
    out->frame.payload = out->payload;
}

bool lq_fabric_send(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame,
                    const uint8_t *payload, uint32_t payload_bytes)
{
    uint32_t each = lq_fc_fabric_data_bytes(fabric, frame->d_id);
    uint32_t frames = payload_bytes == 0 ? 1 : (payload_bytes + each - 1) / each;
    if (frames > fabric->config.frames_max - fabric->out_count) {
        fabric->counts.dropped++;
        return false;
    }
    for (uint32_t i = 0; i < frames; i++) {
        bool last = i + 1 == frames;
        struct lq_fc_frame one = *frame;
        one.sof = i == 0 ? LQ_FC_SOF_I3 : LQ_FC_SOF_N3;
        one.eof = last ? LQ_FC_EOF_T : LQ_FC_EOF_N;
        one.seq_cnt = (uint16_t)i;
        one.payload_bytes = last ? payload_bytes - i * each : each;
        uint32_t fill = (4 - one.payload_bytes % 4) % 4;
        one.f_ctl |= fill;
        if (!last)
            one.f_ctl &= ~(uint32_t)(LQ_FC_F_CTL_END_SEQUENCE | LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
        put_frame(fabric, &one, payload + i * each);
    }
    return true;
}

/* From N_Port to N_Port, as it is. */
static void forward(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame)
{
    bool fits = fabric->out_count < fabric->config.frames_max &&
                frame->payload_bytes <= LQ_FC_PAYLOAD_BYTES_MAX;
    if (!fits || lq_fc_fabric_link(fabric, frame->d_id) == LQ_FC_NO_LINK)
        fabric->counts.dropped++;
    else
        put_frame(fabric, frame, frame->payload);
}

bool lq_fc_fabric_emit(struct lq_fc_fabric *fabric, struct lq_fc_frame *frame)
{
    if (fabric->out_count == 0)
        return false;
    *frame = fabric->out[fabric->out_first].frame;
    return true;
}

void lq_fc_fabric_sent(struct lq_fc_fabric *fabric)
{
    LQ_ASSERT(fabric->out_count > 0);
    fabric->out_first = (fabric->out_first + 1) % fabric->config.frames_max;
    fabric->out_count--;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* What the servers answer is answered at once: there is nothing to abort any more. */
static void answer_abort(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame)
{
    struct lq_fc_frame reply = lq_fabric_reply_to(frame, LQ_FC_R_CTL_BA_ACC, LQ_FC_TYPE_BLS);
    const struct lq_fc_ba_acc acc = {
        .ox_id = frame->ox_id, .rx_id = frame->rx_id, .high_seq_cnt = UINT16_MAX};
    uint8_t payload[LQ_FC_BA_ACC_BYTES];
    lq_fc_ba_acc_encode(&acc, payload);
    reply.seq_id = frame->seq_id;
    lq_fabric_send(fabric, &reply, payload, sizeof payload);
}

void lq_fc_fabric_feed(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame)
{
    struct lq_fabric_port *port = lq_fabric_port(fabric, frame->s_id);
    if (port == NULL)
        fabric->counts.dropped++;
    else if (!lq_fc_fabric_is_server(frame->d_id))
        forward(fabric, frame);
    else if (frame->r_ctl == LQ_FC_R_CTL_ELS_REQUEST && frame->type == LQ_FC_TYPE_ELS)
        lq_fabric_els_request(fabric, port, frame);
    else if (frame->r_ctl == LQ_FC_R_CTL_ELS_REPLY && frame->type == LQ_FC_TYPE_ELS)
        lq_fabric_els_reply(fabric, port, frame);
    else if (frame->r_ctl == LQ_FC_R_CTL_UNSOLICITED_CONTROL && frame->type == LQ_FC_TYPE_CT &&
             frame->d_id == LQ_FC_DIRECTORY_ADDRESS && port->has_directory_login)
        lq_fabric_directory(fabric, port, frame);
    else if (frame->r_ctl == LQ_FC_R_CTL_ABTS && frame->type == LQ_FC_TYPE_BLS)
        answer_abort(fabric, frame);
    else
        fabric->counts.dropped++;
}

/* --- time and looks -------------------------------------------------------------------------- */

uint64_t lq_fc_fabric_deadline(const struct lq_fc_fabric *fabric)
{
    uint64_t deadline_ns = LQ_NEVER;
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        const struct lq_notice *notice = &fabric->ports[i].notice;
        if (notice->is_out && notice->deadline_ns < deadline_ns)
            deadline_ns = notice->deadline_ns;
    }
    return deadline_ns;
}

void lq_fc_fabric_expire(struct lq_fc_fabric *fabric)
{
    lq_fabric_notices_expire(fabric);
}

struct lq_fc_fabric_counts lq_fc_fabric_counts(const struct lq_fc_fabric *fabric)
{
    struct lq_fc_fabric_counts counts = fabric->counts;
    counts.frames_waiting = fabric->out_count;
    return counts;
}

static void digest_notice(const struct lq_notice *notice, struct lq_digest *digest)
{
    lq_digest_two(digest, notice->is_out, notice->ox_id);
    lq_digest_two(digest, notice->tries, notice->told.words[0]);
    lq_digest_two(digest, notice->told.words[1], notice->changed.words[0]);
    lq_digest_word(digest, notice->changed.words[1]);
    lq_digest_time(digest, notice->is_out ? notice->deadline_ns : LQ_NEVER);
}

static void digest_frame(const struct lq_fc_frame *frame, struct lq_digest *digest)
{
    uint8_t header[LQ_FC_HEADER_BYTES];
    lq_fc_frame_encode(frame, header);
    lq_digest_two(digest, frame->sof, frame->eof);
    lq_digest_bytes(digest, header, sizeof header);
    lq_digest_bytes(digest, frame->payload, frame->payload_bytes);
}

void lq_fc_fabric_digest(const struct lq_fc_fabric *fabric, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        const struct lq_fabric_port *port = &fabric->ports[i];
        lq_digest_two(digest, port->is_here, port->port_name);
        if (!port->is_here)
            continue;
        lq_digest_two(digest, port->link, port->node_name);
        lq_digest_two(digest, port->data_bytes_max, port->features);
        lq_digest_two(digest, port->has_directory_login, port->wants_notices);
        lq_digest_bytes(digest, port->types, sizeof port->types);
        digest_notice(&port->notice, digest);
    }
    lq_digest_word(digest, fabric->next_ox_id);
    for (uint32_t i = 0; i < fabric->out_count; i++)
        digest_frame(&fabric->out[(fabric->out_first + i) % fabric->config.frames_max].frame,
                     digest);
}
