/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory server's name service [FC-GS-6]: registrations and queries, as a table.
 *
 * Symbolic names are accepted and forgotten: no query for them is answered. An N_Port may register
 * only itself.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/fc/fabric_state.h"

enum {
    NX_PORT = 0x7f, /* port types of GID_PT [FC-GS-6] */
    N_PORT = 0x01,
    FEATURE_WORD = LQ_FC_TYPE_FCP / 8 * 4 + 3, /* the byte with the nibble of TYPE 08h */
    LIST_BYTES_MAX = LQ_FC_CT_PREAMBLE_BYTES + 16 * LQ_FC_FABRIC_PORTS_MAX
};

/* One request with its answer in the making. */
struct query {
    struct lq_fc_fabric *fabric;
    struct lq_fabric_port *port; /* who asks */
    const struct lq_fc_ct *ct;
    const uint8_t *payload;      /* of the request, ct->size_bytes */
    struct lq_fc_ct reply;
    uint8_t bytes[LIST_BYTES_MAX]; /* of the reply */
};

static void refuse(struct query *query, uint8_t reason, uint8_t explanation)
{
    lq_fc_ct_begin(&query->reply, LQ_FC_CT_REJECT, query->ct->command);
    query->reply.reason = reason;
    query->reply.explanation = explanation;
    query->fabric->counts.rejects++;
}

/* The N_Port that the request registers; NULL after a refusal. */
static struct lq_fabric_port *own_port(struct query *query)
{
    if (lq_fabric_port(query->fabric, query->ct->fc_id) == query->port)
        return query->port;
    refuse(query, LQ_FC_CT_UNABLE, LQ_FC_CT_ACCESS_DENIED);
    return NULL;
}

static void register_node_name(struct query *query)
{
    struct lq_fabric_port *port = own_port(query);
    if (port != NULL)
        port->node_name = query->ct->name;
}

/* The port name is the login's. */
static void register_port_name(struct query *query)
{
    struct lq_fabric_port *port = own_port(query);
    if (port != NULL && port->port_name != query->ct->name)
        refuse(query, LQ_FC_CT_UNABLE, LQ_FC_CT_ACCESS_DENIED);
}

static void register_types(struct query *query)
{
    struct lq_fabric_port *port = own_port(query);
    if (port == NULL)
        return;
    bool was = lq_fc_ct_types_has(port->types, LQ_FC_TYPE_FCP);
    memcpy(port->types, query->payload + LQ_FC_CT_TYPES_OFFSET, sizeof port->types);
    if (was != lq_fc_ct_types_has(port->types, LQ_FC_TYPE_FCP))
        lq_fabric_changed(query->fabric, port);
}

static void register_features(struct query *query)
{
    struct lq_fabric_port *port = own_port(query);
    if (port == NULL || query->ct->type != LQ_FC_TYPE_FCP)
        return;
    uint8_t before = port->features;
    port->features = query->ct->features & 0x0f;
    if (before != port->features)
        lq_fabric_changed(query->fabric, port);
}

static void register_text(struct query *query)
{
    (void)query;
}

static void deregister(struct query *query)
{
    struct lq_fabric_port *port = own_port(query);
    if (port == NULL)
        return;
    memset(port->types, 0, sizeof port->types);
    port->features = 0;
    lq_fabric_changed(query->fabric, port);
}

/* --- queries --------------------------------------------------------------------------------- */

/* The N_Port that the request asks about; NULL after a refusal. */
static struct lq_fabric_port *asked_port(struct query *query)
{
    struct lq_fabric_port *port = lq_fabric_port(query->fabric, query->ct->fc_id);
    if (port == NULL)
        refuse(query, LQ_FC_CT_UNABLE, LQ_FC_CT_NO_PORT_ID);
    return port;
}

static void port_name_of(struct query *query)
{
    struct lq_fabric_port *port = asked_port(query);
    if (port != NULL)
        query->reply.name = port->port_name;
}

static void node_name_of(struct query *query)
{
    struct lq_fabric_port *port = asked_port(query);
    if (port != NULL)
        query->reply.name = port->node_name;
}

static void types_of(struct query *query)
{
    struct lq_fabric_port *port = asked_port(query);
    if (port != NULL)
        memcpy(query->bytes + LQ_FC_CT_GFT_TYPES_OFFSET, port->types, sizeof port->types);
}

static void features_of(struct query *query)
{
    struct lq_fabric_port *port = asked_port(query);
    if (port != NULL)
        query->bytes[LQ_FC_CT_PREAMBLE_BYTES + FEATURE_WORD] = port->features;
}

static void id_of_port_name(struct query *query)
{
    for (uint32_t i = 0; i < query->fabric->config.ports_max; i++) {
        const struct lq_fabric_port *port = &query->fabric->ports[i];
        if (port->is_here && port->port_name == query->ct->name) {
            query->reply.fc_id = lq_fabric_address(query->fabric, port);
            return;
        }
    }
    refuse(query, LQ_FC_CT_UNABLE, LQ_FC_CT_NO_PORT_NAME);
}

/* Which N_Ports a list has. */
static bool has_type(const struct query *query, const struct lq_fabric_port *port)
{
    return lq_fc_ct_types_has(port->types, query->ct->type);
}

static bool has_node_name(const struct query *query, const struct lq_fabric_port *port)
{
    return port->node_name == query->ct->name;
}

static bool has_port_type(const struct query *query, const struct lq_fabric_port *port)
{
    (void)port;
    return query->ct->type == NX_PORT || query->ct->type == N_PORT;
}

static void list(struct query *query,
                 bool (*has)(const struct query *query, const struct lq_fabric_port *port),
                 uint8_t none)
{
    struct lq_fc_fabric *fabric = query->fabric;
    uint16_t command = query->ct->command;
    uint32_t count = 0;
    struct lq_fc_ct_entry entry = {0};
    for (uint32_t i = 0; i < fabric->config.ports_max; i++) {
        const struct lq_fabric_port *port = &fabric->ports[i];
        if (!port->is_here || !has(query, port))
            continue;
        entry = (struct lq_fc_ct_entry){
            .fc_id = lq_fabric_address(fabric, port),
            .name = command == LQ_FC_CT_GNN_FT ? port->node_name : port->port_name};
        lq_fc_ct_entry_put(command, query->bytes, count++, &entry);
    }
    if (count == 0) {
        refuse(query, LQ_FC_CT_UNABLE, none);
        return;
    }
    entry.last = true;
    lq_fc_ct_entry_put(command, query->bytes, count - 1, &entry);
    query->reply.size_bytes =
        (uint16_t)(LQ_FC_CT_PREAMBLE_BYTES + count * lq_fc_ct_entry_bytes(command));
}

static void list_of_type(struct query *query)
{
    list(query, has_type, LQ_FC_CT_NO_FC4_TYPES);
}

static void list_of_node(struct query *query)
{
    list(query, has_node_name, LQ_FC_CT_NO_NODE_NAME);
}

static void list_of_port_type(struct query *query)
{
    list(query, has_port_type, LQ_FC_CT_DATABASE_EMPTY);
}

static const struct row {
    uint16_t command;
    void (*function)(struct query *query);
} rows[] = {
    {LQ_FC_CT_RPN_ID, register_port_name}, {LQ_FC_CT_RNN_ID, register_node_name},
    {LQ_FC_CT_RFT_ID, register_types},     {LQ_FC_CT_RFF_ID, register_features},
    {LQ_FC_CT_RSPN_ID, register_text},     {LQ_FC_CT_RSNN_NN, register_text},
    {LQ_FC_CT_DA_ID, deregister},          {LQ_FC_CT_GPN_ID, port_name_of},
    {LQ_FC_CT_GNN_ID, node_name_of},       {LQ_FC_CT_GFT_ID, types_of},
    {LQ_FC_CT_GFF_ID, features_of},        {LQ_FC_CT_GID_PN, id_of_port_name},
    {LQ_FC_CT_GID_NN, list_of_node},       {LQ_FC_CT_GID_PT, list_of_port_type},
    {LQ_FC_CT_GID_FT, list_of_type},       {LQ_FC_CT_GPN_FT, list_of_type},
    {LQ_FC_CT_GNN_FT, list_of_type},
};

static void answer(struct query *query, bool is_whole)
{
    const struct lq_fc_ct *ct = query->ct;
    if (ct->gs_type != LQ_FC_CT_DIRECTORY || ct->gs_subtype != LQ_FC_CT_NAME_SERVER) {
        refuse(query, LQ_FC_CT_NOT_SUPPORTED, 0);
        return;
    }
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].command != ct->command)
            continue;
        if (is_whole)
            rows[i].function(query);
        else
            refuse(query, LQ_FC_CT_PROTOCOL_ERROR, 0);
        return;
    }
    refuse(query, LQ_FC_CT_NOT_SUPPORTED, 0);
}

/* The accept comes last, says whose request it was, and copies the preamble's IN_ID and options. */
void lq_fabric_directory(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                         const struct lq_fc_frame *frame)
{
    struct lq_fc_ct ct = {0};
    bool is_whole = lq_fc_ct_decode(&ct, 0, frame->payload, frame->payload_bytes);
    if (!is_whole && frame->payload_bytes < LQ_FC_CT_PREAMBLE_BYTES) {
        fabric->counts.dropped++;
        return;
    }
    struct query query = {
        .fabric = fabric, .port = port, .ct = &ct, .payload = frame->payload};
    lq_fc_ct_begin(&query.reply, LQ_FC_CT_ACCEPT, ct.command);
    answer(&query, is_whole);
    query.reply.gs_type = ct.gs_type;
    query.reply.gs_subtype = ct.gs_subtype;
    lq_fc_ct_encode(&query.reply, query.bytes);
    struct lq_fc_frame reply = lq_fabric_reply_to(frame, LQ_FC_R_CTL_SOLICITED_CONTROL,
                                                  LQ_FC_TYPE_CT);
    lq_fabric_send(fabric, &reply, query.bytes, query.reply.size_bytes);
}
