/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initiator port of FCP: an N_Port behind an ENode, which has one link to the world's switch.
 *
 * Who uses it: the world that carries frames.
 */
#ifndef LQ_SIM_STAGE_PORT_FCP_H
#define LQ_SIM_STAGE_PORT_FCP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fc/initiator.h"
#include "proto/fcoe/enode.h"
#include "sim/stage/network.h"
#include "sim/stage/queue.h"

struct lq_actor;

enum { LQ_PORT_FCP_UNTOLD_MAX = 8 };

struct lq_port_fcp {
    struct lq_fc_initiator *initiator;
    struct lq_enode *enode;
    struct lq_connection link; /* what the actor has for a connection */
    struct lq_timer deadline;
    uint64_t deadline_ns;
    uint64_t port_name;
    uint32_t found_fc_id; /* the target's N_Port, as the directory has it; 0: not found */
    uint32_t data_bytes_max; /* that fabric and link carry */
    bool wants_login;     /* as soon as it is found */
    /* Requests that went out when they were asked for: the actor is told in its next turn. */
    struct {
        uint64_t id;
        uint16_t ox_id;
    } untold[LQ_PORT_FCP_UNTOLD_MAX];
    uint32_t untold_count;
    bool is_marked;       /* gets a turn at this instant */
};

/* A frame has arrived at ACTOR's link; its carrier came or went. A turn follows. */
void lq_port_fcp_frame(struct lq_actor *actor, const uint8_t *bytes, uint32_t size_bytes);
void lq_port_fcp_carrier(struct lq_actor *actor, bool is_up);

#endif
