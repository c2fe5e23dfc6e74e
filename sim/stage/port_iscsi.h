/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the iSCSI initiator port share, and nobody else uses. */
#ifndef LQ_SIM_STAGE_PORT_ISCSI_H
#define LQ_SIM_STAGE_PORT_ISCSI_H

#include <stdbool.h>

struct lq_actor;

/* Handles what ACTOR's endpoint has to tell. False when the connection is over now. */
bool lq_port_iscsi_events(struct lq_actor *actor);

#endif
