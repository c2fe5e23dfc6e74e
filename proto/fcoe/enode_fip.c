/* SPDX-License-Identifier: Apache-2.0 */
/* What an ENode says by FIP, and a table from operations that it hears to functions. */
#include "core/base/heap.h"
#include "proto/fc/els.h"
#include "proto/fcoe/enode_state.h"

enum {
    PRIORITY_TAG = 3 << 13, /* FCoE's usual class of traffic, in a VLAN tag */
    F_CTL_REQUEST = LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                    LQ_FC_F_CTL_SEQUENCE_INITIATIVE
};

/* --- sending FIP ----------------------------------------------------------------------------- */

struct lq_ethernet lq_enode_from_to(const struct lq_enode *enode, uint64_t source,
                                  uint64_t destination)
{
    return (struct lq_ethernet){.destination = destination,
                                .source = source,
                                .is_tagged = enode->vlan != 0,
                                .tag = (uint16_t)(PRIORITY_TAG | enode->vlan)};
}

static void send(struct lq_enode *enode, uint64_t source, uint64_t destination,
                 const struct lq_fip_message *message)
{
    lq_fip_outbox_put(&enode->outbox, lq_enode_from_to(enode, source, destination), message, 0);
}

static uint16_t address_flag(const struct lq_enode *enode)
{
    return enode->config.server_provided ? LQ_FIP_SP : LQ_FIP_FP;
}

void lq_enode_solicit(struct lq_enode *enode, uint64_t destination)
{
    const struct lq_fip_message message = {
        .operation = LQ_FIP_SOLICITATION,
        .flags = address_flag(enode),
        .present = LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) |
                   LQ_FIP_HAS(LQ_FIP_MAX_FCOE_SIZE),
        .mac = enode->config.mac,
        .name = enode->config.node_name,
        .max_fcoe_bytes = (uint16_t)(enode->config.data_bytes_max + LQ_FCOE_OVERHEAD_BYTES)};
    enode->counts.solicitations++;
    send(enode, enode->config.mac, destination, &message);
}

void lq_enode_ask_for_vlan(struct lq_enode *enode)
{
    const struct lq_fip_message message = {.operation = LQ_FIP_VLAN_REQUEST,
                                           .flags = address_flag(enode),
                                           .present = LQ_FIP_HAS(LQ_FIP_MAC),
                                           .mac = enode->config.mac};
    enode->vlan = 0;
    send(enode, enode->config.mac, LQ_MAC_ALL_FCFS, &message);
}

uint64_t lq_enode_fcf_mac(const struct lq_enode *enode)
{
    return enode->fcfs[enode->chosen].mac;
}

/* Sends a request of PORT inside FIP as descriptor TYPE. */
static void request(struct lq_enode *enode, struct lq_enode_port *port, enum lq_fip_type type,
                    const struct lq_fc_els *els)
{
    uint8_t bytes[LQ_FC_HEADER_BYTES + LQ_FC_ELS_BYTES_MAX];
    if (enode->next_ox_id == LQ_FC_ID_UNASSIGNED)
        enode->next_ox_id = 0;
    port->ox_id = enode->next_ox_id++;
    port->deadline_ns = enode->env->now_ns + enode->config.login_timeout_ns;
    const struct lq_fc_frame frame = {.r_ctl = LQ_FC_R_CTL_ELS_REQUEST,
                                      .type = LQ_FC_TYPE_ELS,
                                      .d_id = LQ_FC_FLOGI_ADDRESS,
                                      .s_id = port->fc_id,
                                      .f_ctl = F_CTL_REQUEST,
                                      .ox_id = port->ox_id,
                                      .rx_id = LQ_FC_ID_UNASSIGNED};
    lq_fc_frame_encode(&frame, bytes);
    uint32_t size_bytes = LQ_FC_HEADER_BYTES + lq_fc_els_encode(els, bytes + LQ_FC_HEADER_BYTES);
    const struct lq_fip_message message = {
        .operation = LQ_FIP_LINK_REQUEST,
        .flags = address_flag(enode),
        .present = LQ_FIP_HAS(type) | LQ_FIP_HAS(LQ_FIP_MAC),
        .mac = type == LQ_FIP_LOGO             ? port->mac
               : enode->config.server_provided ? enode->config.mac
                                               : 0,
        .els = {bytes, size_bytes}};
    send(enode, enode->config.mac, lq_enode_fcf_mac(enode), &message);
}

static uint64_t name_of(const struct lq_enode *enode, const struct lq_enode_port *port)
{
    return enode->config.port_names[port - enode->ports];
}

void lq_enode_send_login(struct lq_enode *enode, struct lq_enode_port *port)
{
    bool is_first = port == &enode->ports[0];
    struct lq_fc_els els;
    lq_fc_els_begin(&els, is_first ? LQ_FC_ELS_FLOGI : LQ_FC_ELS_FDISC, 0);
    els.u.login = (struct lq_fc_login){
        .version = 0x2020,
        .credit = 10,
        .features = LQ_FC_COMMON_CONTINUOUS_OFFSET,
        .data_bytes_max = (uint16_t)enode->config.data_bytes_max,
        .port_name = name_of(enode, port),
        .node_name = enode->config.node_name,
        .class3 = {.service_options = LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL}};
    port->state = PORT_LOGIN;
    port->tries++;
    enode->counts.logins++;
    request(enode, port, is_first ? LQ_FIP_FLOGI : LQ_FIP_FDISC, &els);
}

void lq_enode_send_logout(struct lq_enode *enode, struct lq_enode_port *port)
{
    struct lq_fc_els els;
    lq_fc_els_begin(&els, LQ_FC_ELS_LOGO, 0);
    els.u.logo.fc_id = port->fc_id;
    els.u.logo.port_name = name_of(enode, port);
    request(enode, port, LQ_FIP_LOGO, &els);
    port->state = PORT_LOGOUT;
}

/* PORT NULL: of the ENode itself. */
void lq_enode_keep_alive(struct lq_enode *enode, const struct lq_enode_port *port)
{
    struct lq_fip_message message = {.operation = LQ_FIP_KEEP_ALIVE,
                                     .flags = address_flag(enode),
                                     .present = LQ_FIP_HAS(LQ_FIP_MAC),
                                     .mac = enode->config.mac};
    if (port != NULL) {
        message.present |= LQ_FIP_HAS(LQ_FIP_VN_PORT);
        message.vn_port = (struct lq_fip_vn_port){port->mac, port->fc_id, name_of(enode, port)};
    }
    send(enode, port == NULL ? enode->config.mac : port->mac, lq_enode_fcf_mac(enode), &message);
}

/* --- operations ------------------------------------------------------------------------------ */

static struct lq_enode_fcf *fcf_of(struct lq_enode *enode, uint64_t mac, uint64_t name)
{
    for (uint32_t i = 0; i < enode->fcf_count; i++)
        if (enode->fcfs[i].mac == mac && enode->fcfs[i].name == name)
            return &enode->fcfs[i];
    return NULL;
}

static bool on_advertisement(struct lq_enode *enode, const struct lq_fip_message *message)
{
    if (enode->state < LQ_ENODE_ST_SOLICIT || !(message->flags & LQ_FIP_F) ||
        !(message->flags & address_flag(enode)))
        return false;
    struct lq_enode_fcf *fcf = fcf_of(enode, message->mac, message->name);
    bool is_solicited = (message->flags & LQ_FIP_S) != 0;
    if (fcf == NULL) {
        if (enode->fcf_count == LQ_ENODE_FCFS_MAX || !(message->flags & LQ_FIP_A))
            return false;
        fcf = &enode->fcfs[enode->fcf_count++];
        *fcf = (struct lq_enode_fcf){.mac = message->mac, .name = message->name};
        if (!is_solicited)
            lq_enode_solicit(enode, message->mac); /* do long frames pass? */
    }
    fcf->priority = message->priority;
    fcf->wants_no_keep_alive = message->fka_d != 0;
    fcf->fka_ms = message->fka_adv_period_ms;
    fcf->heard_ns = enode->env->now_ns;
    fcf->is_solicited = fcf->is_solicited || is_solicited;
    if (fcf->is_solicited && enode->state == LQ_ENODE_ST_SOLICIT) {
        enode->state = LQ_ENODE_ST_SELECT;
        enode->deadline_ns = enode->env->now_ns + enode->config.select_ns;
    }
    return true;
}

static bool on_vlan(struct lq_enode *enode, const struct lq_fip_message *message)
{
    if (enode->state != LQ_ENODE_ST_VLAN)
        return false;
    enode->vlan = message->vlan;
    enode->state = LQ_ENODE_ST_SOLICIT;
    enode->deadline_ns = enode->env->now_ns + enode->config.retry_ns;
    lq_enode_solicit(enode, LQ_MAC_ALL_FCFS);
    return true;
}

static void on_accept(struct lq_enode *enode, struct lq_enode_port *port,
                      const struct lq_fip_message *message, const struct lq_fc_frame *frame,
                      const struct lq_fc_els *els)
{
    uint32_t data_bytes = els->u.login.data_bytes_max & 0x0ffc;
    if (data_bytes > enode->config.data_bytes_max)
        data_bytes = enode->config.data_bytes_max;
    port->state = PORT_UP;
    port->tries = 0;
    port->fc_id = frame->d_id;
    port->mac = message->mac;
    port->deadline_ns = enode->fcfs[enode->chosen].wants_no_keep_alive
                            ? LQ_NEVER
                            : enode->env->now_ns + enode->config.vn_keep_alive_ns;
    lq_enode_tell(enode, (struct lq_enode_event){.kind = LQ_ENODE_UP,
                                        .port = (uint32_t)(port - enode->ports),
                                        .fc_id = port->fc_id,
                                        .data_bytes_max = data_bytes});
    lq_enode_log_in_waiting(enode);
}

/* A reject is repeated like a lost one: after the timeout. */
static void on_login_reply(struct lq_enode *enode, struct lq_enode_port *port,
                           const struct lq_fip_message *message, const struct lq_fc_frame *frame)
{
    uint8_t request = port == &enode->ports[0] ? LQ_FC_ELS_FLOGI : LQ_FC_ELS_FDISC;
    struct lq_fc_els els;
    if (!lq_fc_els_decode(&els, request, frame->payload, frame->payload_bytes)) {
        enode->counts.dropped++;
        return;
    }
    bool has_mac = (message->present & LQ_FIP_HAS(LQ_FIP_MAC)) != 0 && message->mac != 0 &&
                   !(message->mac & LQ_MAC_GROUP_BIT);
    if (els.command == LQ_FC_ELS_LS_ACC && has_mac && frame->d_id != 0)
        on_accept(enode, port, message, frame, &els);
    else if (els.command == LQ_FC_ELS_LS_RJT)
        lq_enode_tell(enode, (struct lq_enode_event){.kind = LQ_ENODE_REJECTED,
                                            .port = (uint32_t)(port - enode->ports),
                                            .reason = els.u.rjt.reason,
                                            .explanation = els.u.rjt.explanation});
    else
        enode->counts.dropped++;
}

static bool on_link_reply(struct lq_enode *enode, const struct lq_fip_message *message)
{
    struct lq_fc_frame frame;
    if (enode->state != LQ_ENODE_ST_CHOSEN ||
        !lq_fc_frame_decode(&frame, message->els.bytes, message->els.size_bytes))
        return false;
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        struct lq_enode_port *port = &enode->ports[i];
        if (port->ox_id != frame.ox_id)
            continue;
        if (port->state == PORT_LOGIN) {
            on_login_reply(enode, port, message, &frame);
            return true;
        }
        if (port->state == PORT_LOGOUT) {
            lq_enode_take_down(enode, port, PORT_OFF);
            return true;
        }
    }
    return false;
}

static bool clears(const struct lq_enode *enode, const struct lq_fip_message *message,
                   const struct lq_enode_port *port)
{
    struct lq_fip_vn_port vn_port;
    uint32_t position = 0;
    while (lq_fip_vn_port_next(message, &position, &vn_port))
        if (vn_port.fc_id == port->fc_id && vn_port.mac == port->mac &&
            vn_port.name == name_of(enode, port))
            return true;
    return position == 0 || !(message->present & LQ_FIP_HAS(LQ_FIP_VN_PORT)); /* all */
}

static bool on_clear(struct lq_enode *enode, const struct lq_fip_message *message)
{
    const struct lq_enode_fcf *fcf = &enode->fcfs[enode->chosen];
    if (enode->state != LQ_ENODE_ST_CHOSEN || message->mac != fcf->mac ||
        message->name != fcf->name)
        return false;
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        struct lq_enode_port *port = &enode->ports[i];
        if (!lq_enode_has_address(port) || !clears(enode, message, port))
            continue;
        enode->counts.cleared++;
        if (i == 0) {
            lq_enode_begin(enode);
            return true;
        }
        lq_enode_take_down(enode, port, PORT_WAITING);
    }
    lq_enode_log_in_waiting(enode);
    return true;
}

static const struct row {
    enum lq_fip_operation operation;
    bool (*function)(struct lq_enode *enode, const struct lq_fip_message *message);
} rows[] = {
    {LQ_FIP_ADVERTISEMENT, on_advertisement},
    {LQ_FIP_LINK_REPLY, on_link_reply},
    {LQ_FIP_CLEAR_LINKS, on_clear},
    {LQ_FIP_VLAN_NOTIFICATION, on_vlan},
};

bool lq_enode_take_fip(struct lq_enode *enode, const struct lq_ethernet *ethernet,
                     const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fip_message message;
    if ((ethernet->destination != enode->config.mac &&
         ethernet->destination != LQ_MAC_ALL_ENODES && ethernet->destination != LQ_MAC_ALL_FCOE) ||
        enode->state == LQ_ENODE_ST_DOWN || lq_fip_decode(&message, bytes, size_bytes) != LQ_FIP_OK)
        return false;
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].operation == message.operation)
            return rows[i].function(enode, &message);
    return false;
}
