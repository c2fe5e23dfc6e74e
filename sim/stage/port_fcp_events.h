/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the FCP initiator port share, and nobody else uses. */
#ifndef LQ_SIM_STAGE_PORT_FCP_EVENTS_H
#define LQ_SIM_STAGE_PORT_FCP_EVENTS_H

#include <stdbool.h>

struct lq_actor;

/* Handles what ACTOR's endpoints have to tell. True when there was something. */
bool lq_port_fcp_events(struct lq_actor *actor);

#endif
