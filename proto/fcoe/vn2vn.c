/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a state and a deadline for each port, a table of peers, a table from operation to
 * function. */
#include "proto/fcoe/vn2vn.h"

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/heap.h"
#include "proto/fc/ct.h"
#include "proto/fc/els.h"

enum {
    NS_PER_MS = 1000000,
    PRIORITY_TAG = 3 << 13,
    FEATURES_AT = LQ_FC_CT_TYPES_BYTES + LQ_FC_TYPE_FCP / 8 * 4 + 3, /* of an FC-4 descriptor */
    F_CTL_REPLY = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                  LQ_FC_F_CTL_SEQUENCE_INITIATIVE
};

/* From a peer's claim to our beacon: it has to be up by then. */
static const uint64_t beacon_soon_ns = UINT64_C(600) * NS_PER_MS;

const struct lq_vn2vn_config lq_vn2vn_config_default = {
    .peers_max = 32,
    .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
    .probe_wait_ns = UINT64_C(100) * NS_PER_MS,
    .announce_wait_ns = UINT64_C(400) * NS_PER_MS,
    .beacon_period_ns = UINT64_C(8000) * NS_PER_MS,
};

enum port_state { OFF, PROBE1, PROBE2, CLAIM, UP };

struct port {
    struct lq_vn2vn_port_config config;
    enum port_state state;
    uint32_t fc_id;
    uint32_t attempts;
    uint64_t deadline_ns;
    uint64_t claimed_ns; /* the last claim */
};

struct peer {
    bool is_used;
    uint32_t fc_id;
    uint64_t enode_mac, mac, name;
    uint64_t heard_ns;
};

struct lq_vn2vn {
    struct lq_vn2vn_config config;
    struct lq_env *env;
    struct lq_fip_outbox *outbox;
    struct port *ports;
    struct peer *peers;
    struct lq_vn2vn_event *events;
    uint32_t events_max, event_first, event_count;
    struct lq_vn2vn_counts counts;
};

struct lq_vn2vn *lq_vn2vn_make(struct lq_arena *arena, const struct lq_vn2vn_config *config,
                               struct lq_env *env, struct lq_fip_outbox *outbox)
{
    uint32_t events_max = 2 * (config->port_count + config->peers_max) + 2;
    struct lq_vn2vn *vn2vn = lq_arena_take(arena, 1, sizeof *vn2vn, true);
    struct port *ports = lq_arena_take(arena, config->port_count, sizeof *ports, true);
    struct peer *peers = lq_arena_take(arena, config->peers_max, sizeof *peers, true);
    struct lq_vn2vn_event *events = lq_arena_take(arena, events_max, sizeof *events, true);
    if (vn2vn == NULL)
        return NULL;
    *vn2vn = (struct lq_vn2vn){.config = *config,
                               .env = env,
                               .outbox = outbox,
                               .ports = ports,
                               .peers = peers,
                               .events = events,
                               .events_max = events_max};
    for (uint32_t i = 0; i < config->port_count; i++)
        ports[i] = (struct port){.config = config->ports[i], .deadline_ns = LQ_NEVER};
    return vn2vn;
}

static void tell(struct lq_vn2vn *vn2vn, struct lq_vn2vn_event event)
{
    LQ_ASSERT(vn2vn->event_count < vn2vn->events_max);
    vn2vn->events[(vn2vn->event_first + vn2vn->event_count++) % vn2vn->events_max] = event;
}

bool lq_vn2vn_next(struct lq_vn2vn *vn2vn, struct lq_vn2vn_event *event)
{
    if (vn2vn->event_count == 0)
        return false;
    *event = vn2vn->events[vn2vn->event_first];
    vn2vn->event_first = (vn2vn->event_first + 1) % vn2vn->events_max;
    vn2vn->event_count--;
    return true;
}

/* --- sending --------------------------------------------------------------------------------- */

static uint64_t mac_of(const struct port *port)
{
    return lq_fcoe_mac(LQ_VN2VN_FC_MAP, port->fc_id);
}

static uint32_t max_fcoe_bytes(const struct lq_vn2vn *vn2vn)
{
    return vn2vn->config.data_bytes_max + LQ_FCOE_OVERHEAD_BYTES;
}

static void put_features(const struct port *port, uint8_t fc4[LQ_FIP_FC4_BYTES])
{
    for (uint32_t i = 0; i < LQ_FIP_FC4_BYTES; i++)
        fc4[i] = 0;
    lq_fc_ct_types_add(fc4, LQ_FC_TYPE_FCP);
    fc4[FEATURES_AT] = (uint8_t)((port->config.is_target ? 1 : 0) |
                                 (port->config.is_initiator ? 2 : 0));
}

/* Says OPERATION of PORT; a beacon comes from its own address, all else from the ENode's. */
static void say(struct lq_vn2vn *vn2vn, const struct port *port, enum lq_fip_operation operation,
                uint64_t destination, uint32_t padded_bytes)
{
    uint8_t fc4[LQ_FIP_FC4_BYTES];
    struct lq_fip_message message = {
        .operation = operation,
        .present = LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) | LQ_FIP_HAS(LQ_FIP_VN_PORT),
        .mac = vn2vn->config.mac,
        .name = port->config.node_name,
        .vn_port = {mac_of(port), port->fc_id, port->config.port_name}};
    if (operation == LQ_FIP_CLAIM_NOTIFICATION || operation == LQ_FIP_CLAIM_RESPONSE) {
        put_features(port, fc4);
        message.present |= LQ_FIP_HAS(LQ_FIP_FC4) | LQ_FIP_HAS(LQ_FIP_MAX_FCOE_SIZE);
        message.fc4 = (struct lq_slice){fc4, sizeof fc4};
        message.max_fcoe_bytes = (uint16_t)max_fcoe_bytes(vn2vn);
    }
    const struct lq_ethernet ethernet = {
        .destination = destination,
        .source = operation == LQ_FIP_BEACON ? mac_of(port) : vn2vn->config.mac,
        .is_tagged = vn2vn->config.vlan != 0,
        .tag = (uint16_t)(PRIORITY_TAG | vn2vn->config.vlan)};
    lq_fip_outbox_put(vn2vn->outbox, ethernet, &message, padded_bytes);
}

static void claim(struct lq_vn2vn *vn2vn, struct port *port)
{
    vn2vn->counts.claims++;
    port->claimed_ns = vn2vn->env->now_ns;
    say(vn2vn, port, LQ_FIP_CLAIM_NOTIFICATION, LQ_MAC_ALL_VN2VN, 0);
}

/* --- ports ----------------------------------------------------------------------------------- */

/* The first address is the configured one; later ones follow from name and number of attempts. */
static void probe(struct lq_vn2vn *vn2vn, struct port *port)
{
    uint64_t hash = lq_mix(port->config.port_name, port->attempts);
    port->fc_id = port->attempts == 0 ? port->config.first_id : (uint32_t)(hash % 0xffff) + 1;
    port->attempts++;
    port->state = PROBE1;
    port->deadline_ns = vn2vn->env->now_ns + vn2vn->config.probe_wait_ns;
    say(vn2vn, port, LQ_FIP_PROBE_REQUEST, LQ_MAC_ALL_VN2VN, 0);
}

static void take_down(struct lq_vn2vn *vn2vn, struct port *port)
{
    if (port->state == UP)
        tell(vn2vn, (struct lq_vn2vn_event){.kind = LQ_VN2VN_DOWN,
                                            .port = (uint32_t)(port - vn2vn->ports),
                                            .fc_id = port->fc_id});
    port->state = OFF;
    port->deadline_ns = LQ_NEVER;
}

/* Somebody else has the address. */
static void give_way(struct lq_vn2vn *vn2vn, struct port *port)
{
    vn2vn->counts.conflicts++;
    take_down(vn2vn, port);
    probe(vn2vn, port);
}

static struct port *port_at(struct lq_vn2vn *vn2vn, uint32_t fc_id)
{
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++)
        if (vn2vn->ports[i].state != OFF && vn2vn->ports[i].fc_id == fc_id)
            return &vn2vn->ports[i];
    return NULL;
}

uint32_t lq_vn2vn_port(const struct lq_vn2vn *vn2vn, uint32_t fc_id)
{
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++)
        if (vn2vn->ports[i].state == UP && vn2vn->ports[i].fc_id == fc_id)
            return i;
    return LQ_VN2VN_NO_PORT;
}

/* --- peers ----------------------------------------------------------------------------------- */

static struct peer *peer_at(const struct lq_vn2vn *vn2vn, uint32_t fc_id)
{
    for (uint32_t i = 0; i < vn2vn->config.peers_max; i++)
        if (vn2vn->peers[i].is_used && vn2vn->peers[i].fc_id == fc_id)
            return &vn2vn->peers[i];
    return NULL;
}

uint64_t lq_vn2vn_peer_mac(const struct lq_vn2vn *vn2vn, uint32_t fc_id)
{
    const struct peer *peer = peer_at(vn2vn, fc_id);
    return peer == NULL ? 0 : peer->mac;
}

static void forget(struct lq_vn2vn *vn2vn, struct peer *peer)
{
    tell(vn2vn, (struct lq_vn2vn_event){
                    .kind = LQ_VN2VN_PEER_GONE, .fc_id = peer->fc_id, .name = peer->name});
    *peer = (struct peer){0};
    vn2vn->counts.peers--;
}

/* The peer whose VN_Port this is, known from now on; NULL: there are too many. */
static struct peer *meet(struct lq_vn2vn *vn2vn, uint64_t enode_mac,
                         const struct lq_fip_vn_port *vn_port)
{
    struct peer *peer = peer_at(vn2vn, vn_port->fc_id);
    if (peer != NULL && peer->name != vn_port->name) {
        forget(vn2vn, peer);
        peer = NULL;
    }
    for (uint32_t i = 0; peer == NULL && i < vn2vn->config.peers_max; i++) {
        if (vn2vn->peers[i].is_used)
            continue;
        peer = &vn2vn->peers[i];
        *peer = (struct peer){.is_used = true, .fc_id = vn_port->fc_id, .name = vn_port->name};
        vn2vn->counts.peers++;
    }
    if (peer == NULL)
        return NULL;
    peer->enode_mac = enode_mac;
    peer->mac = vn_port->mac;
    peer->heard_ns = vn2vn->env->now_ns;
    return peer;
}

/* --- operations ------------------------------------------------------------------------------ */

typedef void (*operation_function)(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                                   const struct lq_fip_message *message);

/* Whoever has the address keeps it; of two who probe, the greater name does. */
static void on_probe(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                     const struct lq_fip_message *message)
{
    (void)ethernet;
    struct port *port = port_at(vn2vn, message->vn_port.fc_id);
    if (port == NULL)
        return;
    bool is_stronger = port->config.port_name > message->vn_port.name &&
                       !(message->flags & LQ_FIP_REC);
    if (port->state >= CLAIM || is_stronger)
        say(vn2vn, port, LQ_FIP_PROBE_REPLY, message->mac, 0);
    else
        give_way(vn2vn, port);
}

static void on_probe_reply(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                           const struct lq_fip_message *message)
{
    (void)ethernet;
    struct port *port = port_at(vn2vn, message->vn_port.fc_id);
    if (port != NULL && port->state == UP)
        claim(vn2vn, port);
    else if (port != NULL)
        give_way(vn2vn, port);
}

/* Of two who claim an address the greater name keeps it. */
static void contest(struct lq_vn2vn *vn2vn, struct port *port, uint64_t name)
{
    if (port->state < CLAIM || name > port->config.port_name)
        give_way(vn2vn, port);
    else
        claim(vn2vn, port);
}

/* Each of our ports answers for itself, padded so that the peer knows that long frames pass. */
static void on_claim(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                     const struct lq_fip_message *message)
{
    (void)ethernet;
    struct port *rival = port_at(vn2vn, message->vn_port.fc_id);
    if (rival != NULL) {
        contest(vn2vn, rival, message->vn_port.name);
        return;
    }
    uint64_t now_ns = vn2vn->env->now_ns;
    uint32_t padded = message->max_fcoe_bytes;
    if (padded > max_fcoe_bytes(vn2vn))
        padded = max_fcoe_bytes(vn2vn);
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++) {
        struct port *port = &vn2vn->ports[i];
        if (port->state < CLAIM)
            continue;
        say(vn2vn, port, LQ_FIP_CLAIM_RESPONSE, message->mac, padded);
        if (port->state == UP && port->deadline_ns > now_ns + beacon_soon_ns)
            port->deadline_ns = now_ns + beacon_soon_ns;
    }
    meet(vn2vn, message->mac, &message->vn_port);
}

static void on_claim_response(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                              const struct lq_fip_message *message)
{
    (void)ethernet;
    if (port_at(vn2vn, message->vn_port.fc_id) == NULL)
        meet(vn2vn, message->mac, &message->vn_port);
}

/* A stranger's beacon is answered by a claim, so that it makes itself known. */
static void on_beacon(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                      const struct lq_fip_message *message)
{
    (void)ethernet;
    struct port *rival = port_at(vn2vn, message->vn_port.fc_id);
    struct peer *peer = peer_at(vn2vn, message->vn_port.fc_id);
    uint64_t now_ns = vn2vn->env->now_ns;
    if (rival != NULL) {
        contest(vn2vn, rival, message->vn_port.name);
        return;
    }
    if (peer != NULL && peer->name == message->vn_port.name) {
        peer->heard_ns = now_ns;
        return;
    }
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++) {
        struct port *port = &vn2vn->ports[i];
        if (port->state == UP && now_ns - port->claimed_ns > vn2vn->config.announce_wait_ns)
            claim(vn2vn, port);
    }
}

static void reply(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                  const struct lq_fip_message *request, const struct lq_fc_frame *frame,
                  const struct port *port, const struct lq_fc_els *els)
{
    uint8_t bytes[LQ_FC_HEADER_BYTES + LQ_FC_ELS_BYTES_MAX];
    const struct lq_fc_frame answer = {.r_ctl = LQ_FC_R_CTL_ELS_REPLY,
                                       .type = LQ_FC_TYPE_ELS,
                                       .d_id = frame->s_id,
                                       .s_id = port->fc_id,
                                       .f_ctl = F_CTL_REPLY,
                                       .ox_id = frame->ox_id,
                                       .rx_id = frame->rx_id};
    lq_fc_frame_encode(&answer, bytes);
    uint32_t size_bytes = LQ_FC_HEADER_BYTES + lq_fc_els_encode(els, bytes + LQ_FC_HEADER_BYTES);
    const struct lq_fip_message message = {
        .operation = LQ_FIP_LINK_REPLY,
        .present = (request->present & LQ_FIP_ELS) | LQ_FIP_HAS(LQ_FIP_MAC),
        .mac = mac_of(port),
        .els = {bytes, size_bytes}};
    struct lq_ethernet back = *ethernet;
    back.destination = ethernet->source;
    back.source = vn2vn->config.mac;
    lq_fip_outbox_put(vn2vn->outbox, back, &message, 0);
}

static void accept(const struct lq_vn2vn *vn2vn, const struct port *port, struct lq_fc_els *els)
{
    lq_fc_els_begin(els, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_FLOGI);
    els->u.login = (struct lq_fc_login){
        .version = 0x2020,
        .credit = 10,
        .features = LQ_FC_COMMON_CONTINUOUS_OFFSET,
        .data_bytes_max = (uint16_t)vn2vn->config.data_bytes_max,
        .word2 = 0x00ff001f,
        .e_d_tov = 2000,
        .port_name = port->config.port_name,
        .node_name = port->config.node_name,
        .class3 = {.service_options = LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL,
                   .data_bytes_max = (uint16_t)vn2vn->config.data_bytes_max,
                   .concurrent_sequences = 255,
                   .open_sequences = 1}};
}

static void on_link_request(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                            const struct lq_fip_message *message)
{
    struct lq_fc_frame frame;
    struct lq_fc_els els, answer;
    if (ethernet->destination != vn2vn->config.mac ||
        !lq_fc_frame_decode(&frame, message->els.bytes, message->els.size_bytes) ||
        !lq_fc_els_decode(&els, 0, frame.payload, frame.payload_bytes)) {
        vn2vn->counts.ignored++;
        return;
    }
    struct port *port = port_at(vn2vn, frame.d_id);
    if (port == NULL || port->state != UP) {
        vn2vn->counts.ignored++;
        return;
    }
    const struct lq_fip_vn_port vn_port = {message->mac, frame.s_id, els.u.login.port_name};
    bool is_login = els.command == LQ_FC_ELS_FLOGI && frame.s_id != 0 &&
                    meet(vn2vn, ethernet->source, &vn_port) != NULL;
    if (is_login) {
        accept(vn2vn, port, &answer);
        vn2vn->counts.logins++;
        tell(vn2vn, (struct lq_vn2vn_event){.kind = LQ_VN2VN_PEER,
                                            .port = (uint32_t)(port - vn2vn->ports),
                                            .fc_id = frame.s_id,
                                            .name = els.u.login.port_name});
    } else {
        lq_fc_els_begin(&answer, LQ_FC_ELS_LS_RJT, els.command);
        answer.u.rjt.reason = LQ_FC_REASON_UNABLE;
    }
    reply(vn2vn, ethernet, message, &frame, port, &answer);
}

static const struct row {
    enum lq_fip_operation operation;
    operation_function function;
} rows[] = {
    {LQ_FIP_PROBE_REQUEST, on_probe},
    {LQ_FIP_PROBE_REPLY, on_probe_reply},
    {LQ_FIP_CLAIM_NOTIFICATION, on_claim},
    {LQ_FIP_CLAIM_RESPONSE, on_claim_response},
    {LQ_FIP_BEACON, on_beacon},
    {LQ_FIP_LINK_REQUEST, on_link_request},
};

void lq_vn2vn_fip(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                  const struct lq_fip_message *message)
{
    bool is_for_us = ethernet->destination == vn2vn->config.mac ||
                     ethernet->destination == LQ_MAC_ALL_VN2VN;
    bool is_sane = message->mac != vn2vn->config.mac && !(message->mac & LQ_MAC_GROUP_BIT);
    for (uint32_t i = 0; is_for_us && is_sane && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].operation == message->operation) {
            rows[i].function(vn2vn, ethernet, message);
            return;
        }
    }
    vn2vn->counts.ignored++;
}

/* --- link and time --------------------------------------------------------------------------- */

void lq_vn2vn_link(struct lq_vn2vn *vn2vn, bool is_up)
{
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++) {
        struct port *port = &vn2vn->ports[i];
        take_down(vn2vn, port);
        port->attempts = 0;
        if (is_up)
            probe(vn2vn, port);
    }
    for (uint32_t i = 0; !is_up && i < vn2vn->config.peers_max; i++)
        if (vn2vn->peers[i].is_used)
            forget(vn2vn, &vn2vn->peers[i]);
}

static uint64_t silence_ns(const struct lq_vn2vn *vn2vn, const struct peer *peer)
{
    return peer->is_used ? peer->heard_ns + vn2vn->config.beacon_period_ns * 5 / 2 : LQ_NEVER;
}

uint64_t lq_vn2vn_deadline(const struct lq_vn2vn *vn2vn)
{
    uint64_t deadline_ns = LQ_NEVER;
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++)
        if (vn2vn->ports[i].deadline_ns < deadline_ns)
            deadline_ns = vn2vn->ports[i].deadline_ns;
    for (uint32_t i = 0; i < vn2vn->config.peers_max; i++)
        if (silence_ns(vn2vn, &vn2vn->peers[i]) < deadline_ns)
            deadline_ns = silence_ns(vn2vn, &vn2vn->peers[i]);
    return deadline_ns;
}

static void beacon(struct lq_vn2vn *vn2vn, struct port *port)
{
    say(vn2vn, port, LQ_FIP_BEACON, LQ_MAC_ALL_VN2VN, 0);
    port->deadline_ns = vn2vn->env->now_ns + vn2vn->config.beacon_period_ns;
}

static void expire_port(struct lq_vn2vn *vn2vn, struct port *port)
{
    uint64_t announced_ns = vn2vn->env->now_ns + vn2vn->config.announce_wait_ns;
    switch (port->state) {
    case OFF: port->deadline_ns = LQ_NEVER; break;
    case PROBE1:
        port->state = PROBE2;
        port->deadline_ns = announced_ns;
        say(vn2vn, port, LQ_FIP_PROBE_REQUEST, LQ_MAC_ALL_VN2VN, 0);
        break;
    case PROBE2:
        port->state = CLAIM;
        port->deadline_ns = announced_ns;
        claim(vn2vn, port);
        break;
    case CLAIM:
        port->state = UP;
        tell(vn2vn, (struct lq_vn2vn_event){.kind = LQ_VN2VN_UP,
                                            .port = (uint32_t)(port - vn2vn->ports),
                                            .fc_id = port->fc_id});
        beacon(vn2vn, port);
        break;
    case UP: beacon(vn2vn, port); break;
    }
}

void lq_vn2vn_expire(struct lq_vn2vn *vn2vn)
{
    uint64_t now_ns = vn2vn->env->now_ns;
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++)
        if (vn2vn->ports[i].deadline_ns <= now_ns)
            expire_port(vn2vn, &vn2vn->ports[i]);
    for (uint32_t i = 0; i < vn2vn->config.peers_max; i++)
        if (silence_ns(vn2vn, &vn2vn->peers[i]) <= now_ns)
            forget(vn2vn, &vn2vn->peers[i]);
}

struct lq_vn2vn_counts lq_vn2vn_counts(const struct lq_vn2vn *vn2vn)
{
    return vn2vn->counts;
}

void lq_vn2vn_digest(const struct lq_vn2vn *vn2vn, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < vn2vn->config.port_count; i++) {
        const struct port *port = &vn2vn->ports[i];
        lq_digest_two(digest, port->state, port->fc_id);
        lq_digest_word(digest, port->attempts);
        lq_digest_time(digest, port->deadline_ns);
        lq_digest_time(digest, port->claimed_ns);
    }
    for (uint32_t i = 0; i < vn2vn->config.peers_max; i++) {
        const struct peer *peer = &vn2vn->peers[i];
        lq_digest_two(digest, peer->is_used, peer->fc_id);
        lq_digest_two(digest, peer->enode_mac, peer->mac);
        lq_digest_word(digest, peer->name);
        lq_digest_time(digest, peer->is_used ? peer->heard_ns : LQ_NEVER);
    }
}
