/* SPDX-License-Identifier: Apache-2.0 */
/* Link services of the fabric's well-known addresses, as a table; state change notifications. */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/fc/fabric_state.h"
#include "proto/fc/wrongs.h"

enum {
    F_CTL_REQUEST = LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                    LQ_FC_F_CTL_SEQUENCE_INITIATIVE,
    PAGES_MAX = 60,       /* of one RSCN, which has less than 256 bytes */
    FORMAT_FABRIC = 0x03, /* of an RSCN page: all addresses */
    NS_PER_MS = 1000000,
    SCR_CLEAR = 0xff
};

/* --- requests -------------------------------------------------------------------------------- */

static void send_els(struct lq_fc_fabric *fabric, const struct lq_fc_frame *request,
                     const struct lq_fc_els *els)
{
    struct lq_fc_frame reply = lq_fabric_reply_to(request, LQ_FC_R_CTL_ELS_REPLY, LQ_FC_TYPE_ELS);
    uint8_t payload[LQ_FC_ELS_BYTES_MAX];
    lq_fabric_send(fabric, &reply, payload, lq_fc_els_encode(els, payload));
}

static void accept_plainly(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                           const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    (void)port;
    struct lq_fc_els reply;
    lq_fc_els_begin(&reply, LQ_FC_ELS_LS_ACC, els->command);
    send_els(fabric, frame, &reply);
}

static void on_plogi(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                     const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    struct lq_fc_els reply;
    if (frame->d_id == LQ_FC_DIRECTORY_ADDRESS)
        port->has_directory_login = true;
    lq_fc_els_begin(&reply, LQ_FC_ELS_LS_ACC, els->command);
    reply.u.login = (struct lq_fc_login){
        .version = 0x2020,
        .credit = 10,
        .features = LQ_FC_COMMON_CONTINUOUS_OFFSET,
        .data_bytes_max = fabric->config.data_bytes_max,
        .word2 = 0x00ff001f, /* 255 sequences; relative offset in all categories */
        .e_d_tov = fabric->config.e_d_tov_ms,
        .port_name = fabric->config.port_name,
        .node_name = fabric->config.fabric_name,
        .class3 = {.service_options = LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL,
                   .data_bytes_max = fabric->config.data_bytes_max,
                   .concurrent_sequences = 255,
                   .open_sequences = 1}};
    send_els(fabric, frame, &reply);
}

static void on_logo(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                    const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    port->has_directory_login = false;
    accept_plainly(fabric, port, els, frame);
}

static void on_scr(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                   const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    port->wants_notices = els->u.scr.function != 0 && els->u.scr.function != SCR_CLEAR;
    if (!port->wants_notices)
        port->notice = (struct lq_notice){0};
    accept_plainly(fabric, port, els, frame);
}

static void on_rtv(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                   const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    (void)port;
    struct lq_fc_els reply;
    lq_fc_els_begin(&reply, LQ_FC_ELS_LS_ACC, els->command);
    reply.u.rtv.r_a_tov = fabric->config.r_a_tov_ms;
    reply.u.rtv.e_d_tov = fabric->config.e_d_tov_ms;
    send_els(fabric, frame, &reply);
}

/* The same bytes come back [FC-LS-2, ECHO]. */
static void on_echo(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                    const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    (void)port;
    (void)els;
    struct lq_fc_frame reply = lq_fabric_reply_to(frame, LQ_FC_R_CTL_ELS_REPLY, LQ_FC_TYPE_ELS);
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
    memcpy(payload, frame->payload, frame->payload_bytes);
    payload[0] = LQ_FC_ELS_LS_ACC;
    lq_fabric_send(fabric, &reply, payload, frame->payload_bytes);
}

static void on_test(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                    const struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    (void)fabric;
    (void)port;
    (void)els;
    (void)frame; /* it has no reply [FC-LS-2, TEST] */
}

static const struct row {
    uint32_t d_id; /* 0: any */
    uint8_t command;
    void (*function)(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                     const struct lq_fc_els *els, const struct lq_fc_frame *frame);
} rows[] = {
    {LQ_FC_DIRECTORY_ADDRESS, LQ_FC_ELS_PLOGI, on_plogi},
    {LQ_FC_CONTROLLER_ADDRESS, LQ_FC_ELS_PLOGI, on_plogi},
    {LQ_FC_DIRECTORY_ADDRESS, LQ_FC_ELS_LOGO, on_logo},
    {LQ_FC_CONTROLLER_ADDRESS, LQ_FC_ELS_LOGO, accept_plainly},
    {LQ_FC_CONTROLLER_ADDRESS, LQ_FC_ELS_SCR, on_scr},
    {LQ_FC_FLOGI_ADDRESS, LQ_FC_ELS_RTV, on_rtv},
    {LQ_FC_FLOGI_ADDRESS, LQ_FC_ELS_RLS, accept_plainly},
    {0, LQ_FC_ELS_RRQ, accept_plainly},
    {0, LQ_FC_ELS_ECHO, on_echo},
    {0, LQ_FC_ELS_TEST, on_test},
};

static void reject(struct lq_fc_fabric *fabric, uint8_t command, const struct lq_fc_frame *frame,
                   uint8_t reason)
{
    struct lq_fc_els reply;
    lq_fc_els_begin(&reply, LQ_FC_ELS_LS_RJT, command);
    reply.u.rjt.reason = reason;
    fabric->counts.rejects++;
    send_els(fabric, frame, &reply);
}

/* Longer than any that is decoded are only ECHO and TEST. */
static bool decode(struct lq_fc_els *els, const struct lq_fc_frame *frame)
{
    uint8_t command = frame->payload[0];
    if (command != LQ_FC_ELS_ECHO && command != LQ_FC_ELS_TEST)
        return lq_fc_els_decode(els, 0, frame->payload, frame->payload_bytes);
    *els = (struct lq_fc_els){.command = command};
    return true;
}

void lq_fabric_els_request(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                           const struct lq_fc_frame *frame)
{
    struct lq_fc_els els;
    if (frame->payload_bytes < 4) {
        fabric->counts.dropped++;
        return;
    }
    if (!decode(&els, frame)) {
        reject(fabric, frame->payload[0], frame, LQ_FC_REASON_PROTOCOL_ERROR);
        return;
    }
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].command == els.command && (rows[i].d_id == 0 || rows[i].d_id == frame->d_id)) {
            rows[i].function(fabric, port, &els, frame);
            return;
        }
    }
    reject(fabric, els.command, frame, LQ_FC_REASON_NOT_SUPPORTED);
}

/* --- registered state change notifications --------------------------------------------------- */

static bool is_empty(const struct lq_port_set *set)
{
    return (set->words[0] | set->words[1]) == 0;
}

static uint32_t size_of(const struct lq_port_set *set)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LQ_FC_FABRIC_PORTS_MAX; i++)
        count += (uint32_t)(set->words[i / 64] >> (i % 64) & 1);
    return count;
}

static void put_page(uint8_t *payload, uint32_t index, uint8_t format, uint32_t fc_id)
{
    payload[4 + 4 * index] = format;
    lq_put_be24(payload + 5 + 4 * index, fc_id);
}

/* Puts the payload together; returns its size. */
static uint32_t pages(const struct lq_fc_fabric *fabric, const struct lq_port_set *set,
                      uint8_t *payload)
{
    uint32_t count = 0;
    if (size_of(set) > PAGES_MAX) {
        put_page(payload, count++, FORMAT_FABRIC, 0);
    } else {
        for (uint32_t i = 0; i < fabric->config.ports_max; i++)
            if (set->words[i / 64] >> (i % 64) & 1)
                put_page(payload, count++, 0, lq_fabric_address(fabric, &fabric->ports[i]));
    }
    payload[0] = LQ_FC_ELS_RSCN;
    payload[1] = 4; /* page length */
    lq_put_be16(payload + 2, (uint16_t)(4 + 4 * count));
    return 4 + 4 * count;
}

static void send_notice(struct lq_fc_fabric *fabric, struct lq_fabric_port *port)
{
    struct lq_notice *notice = &port->notice;
    for (uint32_t i = 0; i < 2; i++)
        notice->told.words[i] |= notice->changed.words[i];
    notice->changed = (struct lq_port_set){{0, 0}};
    notice->is_out = true;
    notice->ox_id = lq_fabric_ox_id(fabric);
    notice->deadline_ns = fabric->env->now_ns + UINT64_C(2) * fabric->config.e_d_tov_ms * NS_PER_MS;
    uint8_t payload[4 + 4 * (PAGES_MAX + 1)];
    uint32_t payload_bytes = pages(fabric, &notice->told, payload);
    const struct lq_fc_frame frame = {.r_ctl = LQ_FC_R_CTL_ELS_REQUEST,
                                      .type = LQ_FC_TYPE_ELS,
                                      .d_id = lq_fabric_address(fabric, port),
                                      .s_id = LQ_FC_CONTROLLER_ADDRESS,
                                      .f_ctl = F_CTL_REQUEST,
                                      .ox_id = notice->ox_id,
                                      .rx_id = LQ_FC_ID_UNASSIGNED};
    if (lq_fabric_send(fabric, &frame, payload, payload_bytes))
        fabric->counts.notifications++;
}

void lq_fabric_changed(struct lq_fc_fabric *fabric, const struct lq_fabric_port *changed)
{
    uint32_t place = (uint32_t)(changed - fabric->ports);
    if (LQ_WRONG(fabric->env->wrongs.fc, LQ_WRONG_RSCN_LEFT_OUT))
        return;
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        struct lq_fabric_port *port = &fabric->ports[i];
        if (!port->is_here || !port->wants_notices || port == changed)
            continue;
        port->notice.changed.words[place / 64] |= UINT64_C(1) << (place % 64);
        if (!port->notice.is_out) {
            port->notice.tries = 1;
            send_notice(fabric, port);
        }
    }
}

static void end_notice(struct lq_fc_fabric *fabric, struct lq_fabric_port *port)
{
    struct lq_notice *notice = &port->notice;
    notice->is_out = false;
    notice->told = (struct lq_port_set){{0, 0}};
    if (!is_empty(&notice->changed)) {
        notice->tries = 1;
        send_notice(fabric, port);
    }
}

void lq_fabric_els_reply(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                         const struct lq_fc_frame *frame)
{
    if (port->notice.is_out && port->notice.ox_id == frame->ox_id &&
        frame->d_id == LQ_FC_CONTROLLER_ADDRESS)
        end_notice(fabric, port);
    else
        fabric->counts.dropped++;
}

void lq_fabric_notices_expire(struct lq_fc_fabric *fabric)
{
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        struct lq_fabric_port *port = &fabric->ports[i];
        if (!port->notice.is_out || port->notice.deadline_ns > fabric->env->now_ns)
            continue;
        if (port->notice.tries == LQ_FC_FABRIC_TRIES) {
            end_notice(fabric, port);
        } else {
            port->notice.tries++;
            send_notice(fabric, port);
        }
    }
}
