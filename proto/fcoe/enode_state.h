/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the ENode: enode.c (states, frames, time) and enode_fip.c (what is said by FIP). */
#ifndef LQ_PROTO_FCOE_ENODE_STATE_H
#define LQ_PROTO_FCOE_ENODE_STATE_H

#include "proto/fcoe/enode.h"
#include "proto/fcoe/outbox.h"

enum {
    LQ_ENODE_FCFS_MAX = 4,
    LQ_ENODE_EVENTS_MAX = 4 * LQ_ENODE_PORTS_MAX,
    LQ_NS_PER_MS = 1000000
};

enum lq_enode_state {
    LQ_ENODE_ST_DOWN,
    LQ_ENODE_ST_VLAN,    /* a VLAN request is out */
    LQ_ENODE_ST_SOLICIT, /* solicitations are out */
    LQ_ENODE_ST_SELECT,  /* somebody answered: the others have until deadline_ns */
    LQ_ENODE_ST_CHOSEN   /* there is an FCF */
};

enum lq_enode_port_state { PORT_OFF, PORT_WAITING, PORT_LOGIN, PORT_UP, PORT_LOGOUT };

struct lq_enode_fcf {
    uint64_t mac, name;
    uint8_t priority;
    bool is_solicited;
    bool wants_no_keep_alive;
    uint32_t fka_ms;
    uint64_t heard_ns;
};

struct lq_enode_port {
    enum lq_enode_port_state state;
    uint64_t deadline_ns; /* of a login or logout; of UP: the next VN_Port keep alive */
    uint32_t tries;
    uint16_t ox_id;
    uint32_t fc_id;
    uint64_t mac;
};

struct lq_enode {
    struct lq_enode_config config;
    struct lq_env *env;
    struct lq_fip_outbox outbox;
    enum lq_enode_state state;
    uint64_t deadline_ns;
    uint64_t keep_alive_ns; /* LQ_ENODE_ST_CHOSEN: the next ENode keep alive */
    uint16_t vlan;
    struct lq_enode_fcf fcfs[LQ_ENODE_FCFS_MAX];
    uint32_t fcf_count, chosen;
    struct lq_enode_port ports[LQ_ENODE_PORTS_MAX];
    uint16_t next_ox_id;
    struct lq_enode_event events[LQ_ENODE_EVENTS_MAX];
    uint32_t event_first, event_count;
    struct lq_enode_counts counts;
};

/* enode.c */
void lq_enode_tell(struct lq_enode *enode, struct lq_enode_event event);
bool lq_enode_has_address(const struct lq_enode_port *port);

/* PORT has no address any more and is in state NEXT. */
void lq_enode_take_down(struct lq_enode *enode, struct lq_enode_port *port,
                        enum lq_enode_port_state next);

/* Looks for an FCF; all ports are down. */
void lq_enode_begin(struct lq_enode *enode);

/* The first VN_Port, and when it has its address, the others. */
void lq_enode_log_in_waiting(struct lq_enode *enode);

/* enode_fip.c */
struct lq_ethernet lq_enode_from_to(const struct lq_enode *enode, uint64_t source,
                                    uint64_t destination);
uint64_t lq_enode_fcf_mac(const struct lq_enode *enode);
void lq_enode_solicit(struct lq_enode *enode, uint64_t destination);
void lq_enode_ask_for_vlan(struct lq_enode *enode);
void lq_enode_send_login(struct lq_enode *enode, struct lq_enode_port *port);
void lq_enode_send_logout(struct lq_enode *enode, struct lq_enode_port *port);

/* PORT NULL: of the ENode itself. */
void lq_enode_keep_alive(struct lq_enode *enode, const struct lq_enode_port *port);

/* A FIP operation behind ETHERNET; false: it was dropped. */
bool lq_enode_take_fip(struct lq_enode *enode, const struct lq_ethernet *ethernet,
                       const uint8_t *bytes, uint32_t size_bytes);

#endif
