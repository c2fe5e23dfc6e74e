/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a table from operation to function; a table of virtual links, looked through. */
#include "proto/fcoe/fcf.h"

#include "core/base/assert.h"
#include "core/base/heap.h"

enum {
    NS_PER_MS = 1000000,
    PRIORITY_TAG = 3 << 13, /* FCoE's usual class of traffic, in a VLAN tag */
    F_CTL_REPLY = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                  LQ_FC_F_CTL_SEQUENCE_INITIATIVE
};

const struct lq_fcf_config lq_fcf_config_default = {
    .fc_map = LQ_FCF_FC_MAP,
    .priority = 128,
    .fka_adv_period_ms = LQ_FCF_FKA_MS,
    .fabric_provided = true,
    .server_provided = true,
    .links_max = LQ_FC_FABRIC_PORTS_MAX,
};

struct link {
    bool is_used;
    bool is_first; /* of its ENode: by FLOGI; the others by FDISC */
    uint64_t enode_mac, mac;
    uint32_t fc_id;
    uint64_t port_name;
    uint64_t enode_heard_ns, heard_ns; /* keep alives */
};

struct lq_fcf {
    struct lq_fcf_config config;
    struct lq_env *env;
    struct lq_fc_fabric *fabric;
    struct lq_fip_outbox *outbox;
    struct link *links;
    bool is_up;
    uint64_t advertise_ns;
    uint32_t refusals; /* logins that are to be refused */
    struct lq_fcf_counts counts;
};

struct lq_fcf *lq_fcf_make(struct lq_arena *arena, const struct lq_fcf_config *config,
                           struct lq_env *env, struct lq_fc_fabric *fabric,
                           struct lq_fip_outbox *outbox)
{
    struct lq_fcf *fcf = lq_arena_take(arena, 1, sizeof *fcf, true);
    struct link *links = lq_arena_take(arena, config->links_max, sizeof *links, true);
    if (fcf == NULL)
        return NULL;
    LQ_ASSERT(config->fabric_provided || config->server_provided);
    *fcf = (struct lq_fcf){.config = *config,
                           .env = env,
                           .fabric = fabric,
                           .outbox = outbox,
                           .links = links,
                           .advertise_ns = LQ_NEVER};
    return fcf;
}

/* --- sending --------------------------------------------------------------------------------- */

static struct lq_ethernet to(const struct lq_fcf *fcf, uint64_t destination)
{
    return (struct lq_ethernet){.destination = destination,
                                .source = fcf->config.mac,
                                .is_tagged = fcf->config.vlan != 0,
                                .tag = (uint16_t)(PRIORITY_TAG | fcf->config.vlan)};
}

/* Back to where it came from, in the same VLAN. */
static struct lq_ethernet back_to(const struct lq_fcf *fcf, const struct lq_ethernet *from)
{
    struct lq_ethernet ethernet = *from;
    ethernet.destination = from->source;
    ethernet.source = fcf->config.mac;
    return ethernet;
}

static uint16_t address_flags(const struct lq_fcf *fcf)
{
    return (uint16_t)((fcf->config.fabric_provided ? LQ_FIP_FP : 0) |
                      (fcf->config.server_provided ? LQ_FIP_SP : 0));
}

static void advertise(struct lq_fcf *fcf, struct lq_ethernet ethernet, uint16_t flags,
                      uint32_t padded_bytes)
{
    const struct lq_fip_message message = {
        .operation = LQ_FIP_ADVERTISEMENT,
        .flags = (uint16_t)(address_flags(fcf) | LQ_FIP_A | LQ_FIP_F | flags),
        .present = LQ_FIP_HAS(LQ_FIP_PRIORITY) | LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) |
                   LQ_FIP_HAS(LQ_FIP_FABRIC) | LQ_FIP_HAS(LQ_FIP_FKA_ADV_PERIOD),
        .priority = fcf->config.priority,
        .mac = fcf->config.mac,
        .name = fcf->config.switch_name,
        .fabric_fc_map = fcf->config.fc_map,
        .fabric_name = fcf->config.fabric_name,
        .fka_d = fcf->config.wants_no_keep_alive,
        .fka_adv_period_ms = fcf->config.fka_adv_period_ms};
    lq_fip_outbox_put(fcf->outbox, ethernet, &message, padded_bytes);
}

static void say_cleared(struct lq_fcf *fcf, const struct link *link)
{
    const struct lq_fip_message message = {
        .operation = LQ_FIP_CLEAR_LINKS,
        .flags = address_flags(fcf),
        .present = LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) | LQ_FIP_HAS(LQ_FIP_VN_PORT),
        .mac = fcf->config.mac,
        .name = fcf->config.switch_name,
        .vn_port = {.mac = link->mac, .fc_id = link->fc_id, .name = link->port_name}};
    lq_fip_outbox_put(fcf->outbox, to(fcf, link->enode_mac), &message, 0);
    fcf->counts.cleared++;
}

/* --- virtual links --------------------------------------------------------------------------- */

static void end_link(struct lq_fcf *fcf, struct link *link, bool say)
{
    if (say)
        say_cleared(fcf, link);
    lq_fc_fabric_detach(fcf->fabric, link->fc_id);
    *link = (struct link){0};
    fcf->counts.links--;
}

static void end_links_of(struct lq_fcf *fcf, uint64_t enode_mac, bool say)
{
    for (uint32_t i = 0; i < fcf->config.links_max; i++)
        if (fcf->links[i].is_used && fcf->links[i].enode_mac == enode_mac)
            end_link(fcf, &fcf->links[i], say);
}

static struct link *link_at(struct lq_fcf *fcf, uint32_t fc_id)
{
    for (uint32_t i = 0; i < fcf->config.links_max; i++)
        if (fcf->links[i].is_used && fcf->links[i].fc_id == fc_id)
            return &fcf->links[i];
    return NULL;
}

static struct link *free_link(struct lq_fcf *fcf)
{
    for (uint32_t i = 0; i < fcf->config.links_max; i++)
        if (!fcf->links[i].is_used)
            return &fcf->links[i];
    return NULL;
}

static bool has_logged_in(const struct lq_fcf *fcf, uint64_t enode_mac)
{
    for (uint32_t i = 0; i < fcf->config.links_max; i++)
        if (fcf->links[i].is_used && fcf->links[i].is_first &&
            fcf->links[i].enode_mac == enode_mac)
            return true;
    return false;
}

bool lq_fcf_accepts(struct lq_fcf *fcf, uint64_t source, uint32_t s_id)
{
    struct link *link = link_at(fcf, s_id);
    return link != NULL && link->mac == source;
}

uint64_t lq_fcf_mac(const struct lq_fcf *fcf, uint32_t link)
{
    return link < fcf->config.links_max && fcf->links[link].is_used ? fcf->links[link].mac : 0;
}

void lq_fcf_clear(struct lq_fcf *fcf, uint32_t fc_id)
{
    for (uint32_t i = 0; i < fcf->config.links_max; i++)
        if (fcf->links[i].is_used && (fc_id == 0 || fcf->links[i].fc_id == fc_id))
            end_link(fcf, &fcf->links[i], true);
}

void lq_fcf_link(struct lq_fcf *fcf, bool is_up)
{
    fcf->is_up = is_up;
    fcf->advertise_ns = is_up ? fcf->env->now_ns : LQ_NEVER;
    for (uint32_t i = 0; !is_up && i < fcf->config.links_max; i++)
        if (fcf->links[i].is_used)
            end_link(fcf, &fcf->links[i], false);
}

/* --- logins ---------------------------------------------------------------------------------- */

/* A request of an ENode, taken apart. */
struct login {
    const struct lq_ethernet *ethernet;
    const struct lq_fip_message *message;
    struct lq_fc_frame frame;
    struct lq_fc_els els;
};

/* Replies with ELS; an accept carries the granted address. */
static void reply(struct lq_fcf *fcf, const struct login *login, const struct lq_fc_els *els,
                  uint32_t d_id, uint64_t mac)
{
    uint8_t bytes[LQ_FC_HEADER_BYTES + LQ_FC_ELS_BYTES_MAX];
    const struct lq_fc_frame frame = {.r_ctl = LQ_FC_R_CTL_ELS_REPLY,
                                      .type = LQ_FC_TYPE_ELS,
                                      .d_id = d_id,
                                      .s_id = LQ_FC_FLOGI_ADDRESS,
                                      .f_ctl = F_CTL_REPLY,
                                      .ox_id = login->frame.ox_id,
                                      .rx_id = login->frame.rx_id};
    lq_fc_frame_encode(&frame, bytes);
    uint32_t payload_bytes = lq_fc_els_encode(els, bytes + LQ_FC_HEADER_BYTES);
    uint32_t kind = login->message->present & LQ_FIP_ELS;
    bool is_accept = els->command == LQ_FC_ELS_LS_ACC;
    uint16_t flags = login->message->flags & (LQ_FIP_FP | LQ_FIP_SP);
    if (is_accept) /* which kind it is */
        flags = mac == lq_fcoe_mac(fcf->config.fc_map, d_id) ? LQ_FIP_FP : LQ_FIP_SP;
    const struct lq_fip_message message = {
        .operation = LQ_FIP_LINK_REPLY,
        .flags = flags,
        .present = kind | (is_accept ? LQ_FIP_HAS(LQ_FIP_MAC) : 0),
        .mac = mac,
        .els = {bytes, LQ_FC_HEADER_BYTES + payload_bytes}};
    fcf->counts.rejects += is_accept ? 0 : 1;
    lq_fip_outbox_put(fcf->outbox, back_to(fcf, login->ethernet), &message, 0);
}

static void reject(struct lq_fcf *fcf, const struct login *login, uint8_t reason,
                   uint8_t explanation)
{
    struct lq_fc_els els;
    lq_fc_els_begin(&els, LQ_FC_ELS_LS_RJT, login->els.command);
    els.u.rjt.reason = reason;
    els.u.rjt.explanation = explanation;
    reply(fcf, login, &els, login->frame.s_id, 0);
}

/* The MAC address of the N_Port: ours where both sides can, else the one it asks for, which has to
 * be somebody's; 0: no agreement [FC-BB-5 7.8.3]. */
static uint64_t agreed_mac(const struct lq_fcf *fcf, const struct lq_fip_message *message,
                           uint32_t fc_id)
{
    uint16_t flags = message->flags & address_flags(fcf);
    if (flags & LQ_FIP_FP)
        return lq_fcoe_mac(fcf->config.fc_map, fc_id);
    bool is_good = message->mac != 0 && !(message->mac & LQ_MAC_GROUP_BIT);
    return (flags & LQ_FIP_SP) && is_good ? message->mac : 0;
}

void lq_fcf_refuse(struct lq_fcf *fcf, uint32_t count)
{
    fcf->refusals = count;
}

static void log_in(struct lq_fcf *fcf, const struct login *login, bool is_first)
{
    uint64_t enode_mac = login->ethernet->source;
    if (fcf->refusals > 0) {
        fcf->refusals--;
        reject(fcf, login, LQ_FC_REASON_LOGICAL_BUSY, LQ_FC_EXPLAIN_NOTHING);
        return;
    }
    if (is_first)
        end_links_of(fcf, enode_mac, false); /* implicit logout [FC-LS-2, FLOGI] */
    else if (!has_logged_in(fcf, enode_mac)) {
        reject(fcf, login, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_LOGIN_REQUIRED);
        return;
    }
    struct link *link = free_link(fcf);
    if (link == NULL || agreed_mac(fcf, login->message, 0) == 0) {
        reject(fcf, login, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_RESOURCES);
        return;
    }
    struct lq_fc_els answer;
    uint32_t fc_id = lq_fc_fabric_login(fcf->fabric, (uint32_t)(link - fcf->links), &login->els,
                                        &answer);
    if (fc_id == 0) {
        reply(fcf, login, &answer, login->frame.s_id, 0);
        return;
    }
    struct link *old = link_at(fcf, fc_id); /* the same name from another ENode */
    if (old != NULL) {
        say_cleared(fcf, old);
        *old = (struct link){0};
        fcf->counts.links--;
    }
    uint64_t now_ns = fcf->env->now_ns;
    *link = (struct link){.is_used = true,
                          .is_first = is_first,
                          .enode_mac = enode_mac,
                          .mac = agreed_mac(fcf, login->message, fc_id),
                          .fc_id = fc_id,
                          .port_name = login->els.u.login.port_name,
                          .enode_heard_ns = now_ns,
                          .heard_ns = now_ns};
    fcf->counts.links++;
    fcf->counts.logins++;
    reply(fcf, login, &answer, fc_id, link->mac);
}

static void log_out(struct lq_fcf *fcf, const struct login *login)
{
    struct link *link = link_at(fcf, login->frame.s_id);
    bool is_owner = link != NULL && (login->ethernet->source == link->enode_mac ||
                                     login->ethernet->source == link->mac);
    if (!is_owner) {
        reject(fcf, login, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_LOGIN_REQUIRED);
        return;
    }
    struct lq_fc_els els;
    lq_fc_els_begin(&els, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_LOGO);
    reply(fcf, login, &els, link->fc_id, link->mac);
    fcf->counts.logouts++;
    if (link->is_first)
        end_links_of(fcf, link->enode_mac, false);
    else
        end_link(fcf, link, false);
}

static void on_link_request(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                            const struct lq_fip_message *message)
{
    struct login login = {.ethernet = ethernet, .message = message};
    if (!lq_fc_frame_decode(&login.frame, message->els.bytes, message->els.size_bytes) ||
        !lq_fc_els_decode(&login.els, 0, login.frame.payload, login.frame.payload_bytes) ||
        ethernet->destination != fcf->config.mac) {
        fcf->counts.ignored++;
        return;
    }
    uint8_t command = login.els.command;
    if ((message->present & LQ_FIP_HAS(LQ_FIP_FLOGI)) && command == LQ_FC_ELS_FLOGI)
        log_in(fcf, &login, true);
    else if ((message->present & LQ_FIP_HAS(LQ_FIP_FDISC)) && command == LQ_FC_ELS_FDISC)
        log_in(fcf, &login, false);
    else if ((message->present & LQ_FIP_HAS(LQ_FIP_LOGO)) && command == LQ_FC_ELS_LOGO)
        log_out(fcf, &login);
    else
        reject(fcf, &login, LQ_FC_REASON_NOT_SUPPORTED, LQ_FC_EXPLAIN_NOTHING);
}

/* --- the other operations -------------------------------------------------------------------- */

/* Padded to the ENode's size, so that it knows that such frames pass [FC-BB-5 7.7.5.2]. */
static void on_solicitation(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                            const struct lq_fip_message *message)
{
    bool is_enode = !(message->flags & LQ_FIP_F);
    if (!is_enode || !(message->flags & address_flags(fcf)) || message->mac & LQ_MAC_GROUP_BIT) {
        fcf->counts.ignored++;
        return;
    }
    fcf->counts.solicitations++;
    struct lq_ethernet answer = back_to(fcf, ethernet);
    answer.destination = message->mac;
    advertise(fcf, answer, LQ_FIP_S, message->max_fcoe_bytes);
}

/*
 * Nobody here knows who says that it is alive: the word that its link had ended was lost, or this
 * FCF has started anew. It is told once more, and comes back at once instead of waiting for answers
 * to its frames, which go nowhere [FC-BB-6, Clear Virtual Links]. Without a VN_Port: all are meant.
 */
static void answer_stranger(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                            const struct lq_fip_message *message)
{
    uint32_t vn_port = message->present & LQ_FIP_HAS(LQ_FIP_VN_PORT);
    fcf->counts.ignored++;
    if ((message->mac & LQ_MAC_GROUP_BIT) != 0)
        return;
    const struct lq_fip_message clear = {
        .operation = LQ_FIP_CLEAR_LINKS,
        .flags = address_flags(fcf),
        .present = LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) | vn_port,
        .mac = fcf->config.mac,
        .name = fcf->config.switch_name,
        .vn_port = message->vn_port};
    struct lq_ethernet answer = back_to(fcf, ethernet);
    answer.destination = message->mac; /* the ENode's own; a VN_Port's may be the source */
    lq_fip_outbox_put(fcf->outbox, answer, &clear, 0);
    fcf->counts.cleared++;
}

static void on_keep_alive(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                          const struct lq_fip_message *message)
{
    bool is_port = (message->present & LQ_FIP_HAS(LQ_FIP_VN_PORT)) != 0;
    uint64_t now_ns = fcf->env->now_ns;
    bool is_known = false;
    for (uint32_t i = 0; i < fcf->config.links_max; i++) {
        struct link *link = &fcf->links[i];
        if (!link->is_used || link->enode_mac != message->mac)
            continue;
        if (!is_port && ethernet->source == link->enode_mac) {
            link->enode_heard_ns = now_ns;
            is_known = true;
        } else if (is_port && link->fc_id == message->vn_port.fc_id) {
            link->heard_ns = now_ns;
            is_known = true;
        }
    }
    if (!is_known)
        answer_stranger(fcf, ethernet, message);
}

static void on_vlan_request(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                            const struct lq_fip_message *message)
{
    const struct lq_fip_message answer = {
        .operation = LQ_FIP_VLAN_NOTIFICATION,
        .flags = (uint16_t)(message->flags & (LQ_FIP_FP | LQ_FIP_SP)),
        .present = LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_VLAN),
        .mac = fcf->config.mac,
        .vlan = fcf->config.vlan};
    lq_fip_outbox_put(fcf->outbox, back_to(fcf, ethernet), &answer, 0);
}

static const struct row {
    enum lq_fip_operation operation;
    void (*function)(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                     const struct lq_fip_message *message);
} rows[] = {
    {LQ_FIP_SOLICITATION, on_solicitation},
    {LQ_FIP_LINK_REQUEST, on_link_request},
    {LQ_FIP_KEEP_ALIVE, on_keep_alive},
    {LQ_FIP_VLAN_REQUEST, on_vlan_request},
};

void lq_fcf_fip(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                const struct lq_fip_message *message)
{
    bool is_for_us = ethernet->destination == fcf->config.mac ||
                     ethernet->destination == LQ_MAC_ALL_FCFS ||
                     ethernet->destination == LQ_MAC_ALL_FCOE;
    for (uint32_t i = 0; fcf->is_up && is_for_us && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].operation == message->operation) {
            rows[i].function(fcf, ethernet, message);
            return;
        }
    }
    fcf->counts.ignored++;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Two and a half periods [FC-BB-5 7.8.6]. */
static uint64_t patience_ns(uint64_t period_ms)
{
    return period_ms * NS_PER_MS * 5 / 2;
}

static uint64_t link_deadline(const struct lq_fcf *fcf, const struct link *link)
{
    if (!link->is_used || fcf->config.wants_no_keep_alive)
        return LQ_NEVER;
    uint64_t enode_ns = link->enode_heard_ns + patience_ns(fcf->config.fka_adv_period_ms);
    uint64_t port_ns = link->heard_ns + patience_ns(LQ_FIP_VN_KEEP_ALIVE_MS);
    return enode_ns < port_ns ? enode_ns : port_ns;
}

uint64_t lq_fcf_deadline(const struct lq_fcf *fcf)
{
    uint64_t deadline_ns = fcf->advertise_ns;
    for (uint32_t i = 0; i < fcf->config.links_max; i++) {
        uint64_t link_ns = link_deadline(fcf, &fcf->links[i]);
        if (link_ns < deadline_ns)
            deadline_ns = link_ns;
    }
    return deadline_ns;
}

void lq_fcf_expire(struct lq_fcf *fcf)
{
    uint64_t now_ns = fcf->env->now_ns;
    for (uint32_t i = 0; i < fcf->config.links_max; i++) {
        if (link_deadline(fcf, &fcf->links[i]) > now_ns)
            continue;
        fcf->counts.timeouts++;
        end_link(fcf, &fcf->links[i], true);
    }
    if (fcf->advertise_ns > now_ns)
        return;
    advertise(fcf, to(fcf, LQ_MAC_ALL_ENODES), 0, 0);
    fcf->advertise_ns = now_ns + (uint64_t)fcf->config.fka_adv_period_ms * NS_PER_MS;
}

struct lq_fcf_counts lq_fcf_counts(const struct lq_fcf *fcf)
{
    return fcf->counts;
}

void lq_fcf_digest(const struct lq_fcf *fcf, struct lq_digest *digest)
{
    lq_digest_two(digest, fcf->is_up, fcf->refusals);
    lq_digest_time(digest, fcf->advertise_ns);
    for (uint32_t i = 0; i < fcf->config.links_max; i++) {
        const struct link *link = &fcf->links[i];
        lq_digest_two(digest, link->is_used, link->is_first);
        if (!link->is_used)
            continue;
        lq_digest_two(digest, link->enode_mac, link->mac);
        lq_digest_two(digest, link->fc_id, link->port_name);
        lq_digest_time(digest, link->enode_heard_ns);
        lq_digest_time(digest, link->heard_ns);
    }
}
