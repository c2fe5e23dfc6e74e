/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one state for the way to an FCF, one for each VN_Port; each waits for one deadline. What
 * comes and goes as FIP is enode_fip.c.
 */
#include "proto/fcoe/enode.h"

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "proto/fcoe/enode_state.h"

enum { FRAMES_MAX = 16 };

const struct lq_enode_config lq_enode_config_default = {
    .port_count = 1,
    .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
    .select_ns = UINT64_C(100) * LQ_NS_PER_MS,
    .retry_ns = UINT64_C(1000) * LQ_NS_PER_MS,
    .login_timeout_ns = UINT64_C(2000) * LQ_NS_PER_MS,
    .login_tries = 3,
    .vn_keep_alive_ns = UINT64_C(90000) * LQ_NS_PER_MS,
    .first_ox_id = 1,
};

struct lq_enode *lq_enode_make(struct lq_arena *arena, const struct lq_enode_config *config,
                               struct lq_env *env)
{
    struct lq_enode *enode = lq_arena_take(arena, 1, sizeof *enode, true);
    struct lq_fip_outbox outbox;
    lq_fip_outbox_make(&outbox, arena, FRAMES_MAX);
    if (enode == NULL)
        return NULL;
    LQ_ASSERT(config->port_count >= 1 && config->port_count <= LQ_ENODE_PORTS_MAX);
    *enode = (struct lq_enode){.config = *config,
                               .env = env,
                               .outbox = outbox,
                               .deadline_ns = LQ_NEVER,
                               .keep_alive_ns = LQ_NEVER,
                               .vlan = config->vlan,
                               .next_ox_id = config->first_ox_id};
    for (uint32_t i = 0; i < LQ_ENODE_PORTS_MAX; i++)
        enode->ports[i] = (struct lq_enode_port){.state = i < config->port_count ? PORT_WAITING
                                                                                 : PORT_OFF,
                                        .deadline_ns = LQ_NEVER};
    return enode;
}

/* --- events ---------------------------------------------------------------------------------- */

void lq_enode_tell(struct lq_enode *enode, struct lq_enode_event event)
{
    LQ_ASSERT(enode->event_count < LQ_ENODE_EVENTS_MAX);
    enode->events[(enode->event_first + enode->event_count++) % LQ_ENODE_EVENTS_MAX] = event;
}

bool lq_enode_next(struct lq_enode *enode, struct lq_enode_event *event)
{
    if (enode->event_count == 0)
        return false;
    *event = enode->events[enode->event_first];
    enode->event_first = (enode->event_first + 1) % LQ_ENODE_EVENTS_MAX;
    enode->event_count--;
    return true;
}

/* --- states ---------------------------------------------------------------------------------- */

bool lq_enode_has_address(const struct lq_enode_port *port)
{
    return port->state == PORT_UP || port->state == PORT_LOGOUT;
}

void lq_enode_take_down(struct lq_enode *enode, struct lq_enode_port *port,
                        enum lq_enode_port_state next)
{
    if (lq_enode_has_address(port))
        lq_enode_tell(enode, (struct lq_enode_event){.kind = LQ_ENODE_DOWN,
                                            .port = (uint32_t)(port - enode->ports),
                                            .fc_id = port->fc_id});
    *port = (struct lq_enode_port){.state = next, .deadline_ns = LQ_NEVER};
}

/* Those that were logged out stay so. */
static void take_all_down(struct lq_enode *enode)
{
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        struct lq_enode_port *port = &enode->ports[i];
        bool stays_off = port->state == PORT_OFF || port->state == PORT_LOGOUT;
        lq_enode_take_down(enode, port, stays_off ? PORT_OFF : PORT_WAITING);
    }
}

void lq_enode_begin(struct lq_enode *enode)
{
    take_all_down(enode);
    enode->fcf_count = 0;
    enode->keep_alive_ns = LQ_NEVER;
    enode->deadline_ns = enode->env->now_ns + enode->config.retry_ns;
    if (enode->config.discovers_vlan) {
        enode->state = LQ_ENODE_ST_VLAN;
        lq_enode_ask_for_vlan(enode);
    } else {
        enode->state = LQ_ENODE_ST_SOLICIT;
        lq_enode_solicit(enode, LQ_MAC_ALL_FCFS);
    }
}

void lq_enode_link(struct lq_enode *enode, bool is_up)
{
    if (is_up == (enode->state != LQ_ENODE_ST_DOWN))
        return;
    if (is_up) {
        for (uint32_t i = 0; i < enode->config.port_count; i++)
            enode->ports[i].state = PORT_WAITING;
        lq_enode_begin(enode);
        return;
    }
    take_all_down(enode);
    enode->state = LQ_ENODE_ST_DOWN;
    enode->deadline_ns = enode->keep_alive_ns = LQ_NEVER;
    while (enode->outbox.count > 0)
        lq_fip_outbox_take(&enode->outbox);
}

/* The first VN_Port, and when it has its address, the others. */
void lq_enode_log_in_waiting(struct lq_enode *enode)
{
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        struct lq_enode_port *port = &enode->ports[i];
        if (port->state == PORT_WAITING && (i == 0 || enode->ports[0].state == PORT_UP))
            lq_enode_send_login(enode, port);
    }
}

/* The best of those who answered: the lowest number, and of equals the first. */
static void choose(struct lq_enode *enode)
{
    uint32_t best = LQ_ENODE_FCFS_MAX;
    for (uint32_t i = 0; i < enode->fcf_count; i++)
        if (enode->fcfs[i].is_solicited &&
            (best == LQ_ENODE_FCFS_MAX || enode->fcfs[i].priority < enode->fcfs[best].priority))
            best = i;
    LQ_ASSERT(best < LQ_ENODE_FCFS_MAX);
    enode->chosen = best;
    enode->state = LQ_ENODE_ST_CHOSEN;
    const struct lq_enode_fcf *fcf = &enode->fcfs[best];
    enode->deadline_ns = LQ_NEVER;
    enode->keep_alive_ns = fcf->wants_no_keep_alive
                               ? LQ_NEVER
                               : enode->env->now_ns + (uint64_t)fcf->fka_ms * LQ_NS_PER_MS;
    lq_enode_log_in_waiting(enode);
}

void lq_enode_logout(struct lq_enode *enode, uint32_t number)
{
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        struct lq_enode_port *port = &enode->ports[i];
        if (i != number && number != 0)
            continue;
        if (port->state == PORT_UP && i == number) {
            port->tries = 0;
            lq_enode_send_logout(enode, port);
        } else if (port->state != PORT_LOGOUT) {
            lq_enode_take_down(enode, port, PORT_OFF);
        }
    }
}

void lq_enode_login(struct lq_enode *enode, uint32_t number)
{
    if (enode->ports[number].state == PORT_OFF)
        enode->ports[number].state = PORT_WAITING;
    if (enode->state == LQ_ENODE_ST_CHOSEN)
        lq_enode_log_in_waiting(enode);
}

/* --- frames ---------------------------------------------------------------------------------- */

static uint32_t take_fcoe(struct lq_enode *enode, const struct lq_ethernet *ethernet,
                          const uint8_t *bytes, uint32_t size_bytes, struct lq_fc_frame *frame)
{
    struct lq_fcoe fcoe;
    if (enode->state != LQ_ENODE_ST_CHOSEN || ethernet->source != lq_enode_fcf_mac(enode) ||
        lq_fcoe_decode(&fcoe, bytes, size_bytes, NULL) != LQ_FCOE_OK ||
        !lq_fcoe_is_class_3(&fcoe.fc))
        return LQ_ENODE_NO_PORT;
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        const struct lq_enode_port *port = &enode->ports[i];
        if (lq_enode_has_address(port) && port->mac == ethernet->destination &&
            port->fc_id == fcoe.fc.d_id) {
            *frame = fcoe.fc;
            return i;
        }
    }
    return LQ_ENODE_NO_PORT;
}

uint32_t lq_enode_feed(struct lq_enode *enode, const uint8_t *bytes, uint32_t size_bytes,
                       struct lq_fc_frame *frame)
{
    struct lq_ethernet ethernet;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    bool is_ours = skip > 0 && (ethernet.is_tagged ? ethernet.tag & 0x0fff : 0) == enode->vlan;
    if (is_ours && ethernet.type == LQ_ETHERTYPE_FIP) {
        if (!lq_enode_take_fip(enode, &ethernet, bytes + skip, size_bytes - skip))
            enode->counts.dropped++;
        return LQ_ENODE_NO_PORT;
    }
    uint32_t port = LQ_ENODE_NO_PORT;
    if (is_ours && ethernet.type == LQ_ETHERTYPE_FCOE)
        port = take_fcoe(enode, &ethernet, bytes + skip, size_bytes - skip, frame);
    enode->counts.dropped += port == LQ_ENODE_NO_PORT ? 1 : 0;
    return port;
}

struct lq_slice lq_enode_emit(struct lq_enode *enode)
{
    return lq_fip_outbox_first(&enode->outbox);
}

void lq_enode_sent(struct lq_enode *enode)
{
    lq_fip_outbox_take(&enode->outbox);
}

bool lq_enode_encapsulate(const struct lq_enode *enode, uint32_t number,
                          const struct lq_fc_frame *frame, struct lq_fcoe_ends *ends)
{
    const struct lq_enode_port *port = &enode->ports[number];
    if (!lq_enode_has_address(port))
        return false;
    struct lq_ethernet ethernet = lq_enode_from_to(enode, port->mac, lq_enode_fcf_mac(enode));
    ethernet.type = LQ_ETHERTYPE_FCOE;
    const struct lq_fcoe fcoe = {.fc = *frame};
    lq_fcoe_encode(&ethernet, &fcoe, NULL, ends);
    return true;
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the chosen FCF has been silent for too long [FC-BB-5 7.8.6]. */
static uint64_t silence_ns(const struct lq_enode *enode)
{
    const struct lq_enode_fcf *fcf = &enode->fcfs[enode->chosen];
    if (enode->state != LQ_ENODE_ST_CHOSEN || fcf->wants_no_keep_alive)
        return LQ_NEVER;
    return fcf->heard_ns + (uint64_t)fcf->fka_ms * LQ_NS_PER_MS * 5 / 2;
}

uint64_t lq_enode_deadline(const struct lq_enode *enode)
{
    uint64_t deadline_ns = least(enode->deadline_ns, enode->keep_alive_ns);
    deadline_ns = least(deadline_ns, silence_ns(enode));
    for (uint32_t i = 0; i < enode->config.port_count; i++)
        deadline_ns = least(deadline_ns, enode->ports[i].deadline_ns);
    return deadline_ns;
}

static void expire_state(struct lq_enode *enode)
{
    enode->deadline_ns = enode->env->now_ns + enode->config.retry_ns;
    switch (enode->state) {
    case LQ_ENODE_ST_VLAN: lq_enode_ask_for_vlan(enode); break;
    case LQ_ENODE_ST_SOLICIT: lq_enode_solicit(enode, LQ_MAC_ALL_FCFS); break;
    case LQ_ENODE_ST_SELECT: choose(enode); break;
    case LQ_ENODE_ST_DOWN:
    case LQ_ENODE_ST_CHOSEN: enode->deadline_ns = LQ_NEVER; break;
    }
}

/* False: the way to an FCF begins anew. */
static bool expire_port(struct lq_enode *enode, struct lq_enode_port *port)
{
    switch (port->state) {
    case PORT_UP:
        lq_enode_keep_alive(enode, port);
        port->deadline_ns = enode->env->now_ns + enode->config.vn_keep_alive_ns;
        return true;
    case PORT_LOGIN:
        if (port->tries < enode->config.login_tries) {
            lq_enode_send_login(enode, port);
            return true;
        }
        enode->counts.timeouts++;
        if (port == &enode->ports[0]) {
            lq_enode_begin(enode);
            return false;
        }
        port->tries = 0;
        lq_enode_send_login(enode, port);
        return true;
    case PORT_LOGOUT: lq_enode_take_down(enode, port, PORT_OFF); return true;
    case PORT_OFF:
    case PORT_WAITING: port->deadline_ns = LQ_NEVER; return true;
    }
    return true;
}

void lq_enode_expire(struct lq_enode *enode)
{
    uint64_t now_ns = enode->env->now_ns;
    if (silence_ns(enode) <= now_ns) {
        enode->counts.timeouts++;
        lq_enode_begin(enode);
        return;
    }
    if (enode->deadline_ns <= now_ns)
        expire_state(enode);
    if (enode->keep_alive_ns <= now_ns) {
        lq_enode_keep_alive(enode, NULL);
        enode->keep_alive_ns = now_ns + (uint64_t)enode->fcfs[enode->chosen].fka_ms * LQ_NS_PER_MS;
    }
    for (uint32_t i = 0; i < enode->config.port_count; i++)
        if (enode->ports[i].deadline_ns <= now_ns && !expire_port(enode, &enode->ports[i]))
            return;
}

struct lq_enode_counts lq_enode_counts(const struct lq_enode *enode)
{
    return enode->counts;
}

uint32_t lq_enode_address(const struct lq_enode *enode, uint32_t port)
{
    return lq_enode_has_address(&enode->ports[port]) ? enode->ports[port].fc_id : 0;
}

void lq_enode_digest(const struct lq_enode *enode, struct lq_digest *digest)
{
    lq_digest_two(digest, enode->state, enode->vlan);
    lq_digest_time(digest, enode->deadline_ns);
    lq_digest_time(digest, enode->keep_alive_ns);
    lq_digest_two(digest, enode->fcf_count, enode->chosen);
    for (uint32_t i = 0; i < enode->fcf_count; i++) {
        const struct lq_enode_fcf *fcf = &enode->fcfs[i];
        lq_digest_two(digest, fcf->mac, fcf->name);
        lq_digest_two(digest, fcf->priority, fcf->is_solicited);
        lq_digest_two(digest, fcf->wants_no_keep_alive, fcf->fka_ms);
        lq_digest_time(digest, fcf->heard_ns);
    }
    for (uint32_t i = 0; i < enode->config.port_count; i++) {
        const struct lq_enode_port *port = &enode->ports[i];
        lq_digest_two(digest, port->state, port->tries);
        lq_digest_two(digest, port->ox_id, port->fc_id);
        lq_digest_word(digest, port->mac);
        lq_digest_time(digest, port->deadline_ns);
    }
    lq_digest_two(digest, enode->next_ox_id, enode->event_count);
    lq_fip_outbox_digest(&enode->outbox, digest);
}
