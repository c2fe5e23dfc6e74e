/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage's canonical digests: initiators and the script; disks have theirs in disk.h. A world
 * that explores puts them together with its own network's.
 *
 * Who uses it: sim/virtual.
 */
#ifndef LQ_SIM_STAGE_DIGEST_H
#define LQ_SIM_STAGE_DIGEST_H

#include "core/base/digest.h"
#include "sim/stage/state.h"

/* What ACTOR has in mind, its endpoint included; which connection it has is the world's to say. */
void lq_actor_digest(const struct lq_actor *actor, struct lq_digest *digest);

/* What initiators are still told, rules of faults, and what expectations look at. */
void lq_script_digest(const struct lq_script *script, struct lq_digest *digest);

#endif
