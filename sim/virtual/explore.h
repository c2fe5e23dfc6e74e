/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario's world as a transition system: from the statement `explore' on, whoever drives it
 * decides what happens next, one step at a time.
 *
 * What can happen next:
 *   action   an initiator's next action behind `explore'; late Data-Out of one
 *   message  the next PDU of a direction of a connection arrives, or its end (FIN), or a RST, or a
 *            step of a connection's beginning: each direction is first in, first out
 *   frame    over FCP: the next frame from one station to another arrives
 *   kept     what a fault of PDUs delays, holds or has overtaken goes on
 *   store    a store request's next step: its effect, its end; requests overtake each other
 *   clock    the target's earliest deadline comes: of the engine's, and of the endpoint's when the
 *            scenario's limits name one of them (login timeout, data timeout, nop interval)
 *
 * Messages and store steps take a nanosecond and may be as slow as they like, so the clock may
 * overtake any of them. All clocks are one: no deadline comes before an earlier one, and those that
 * are but some steps apart come together. Initiators' and TCP's own patience never ends here; what
 * they wait for then is what heal ends.
 *
 * Which of them happens, and whether a fault with odds strikes, are draws of one choice provider: a
 * step is a number of draws, the first of which says what happens.
 *
 * Who uses it: tools (sim --exhaust), the fuzzer, tests.
 */
#ifndef LQ_SIM_VIRTUAL_EXPLORE_H
#define LQ_SIM_VIRTUAL_EXPLORE_H

#include "core/base/digest.h"
#include "sim/virtual/world.h"

/* Builds the world of REQUEST, which has a scenario and explores, and runs it up to `explore' and
 * until what went before has come to rest. DRAWS decides from there on. False: it never came to
 * `explore', or not to rest. */
bool lq_world_explore(struct lq_world *world, const struct lq_run_request *request,
                      struct lq_choice *draws);

/* One step. False: nothing can happen any more but heal. */
bool lq_world_step(struct lq_world *world);

/* What the last step was, for people. */
const char *lq_world_step_text(struct lq_world *world);

/* Mixes in all that the future of the world depends on. */
void lq_world_digest(struct lq_world *world, struct lq_digest *digest);

/* Heals and ends the run, by time as any other. */
void lq_world_explored(struct lq_world *world, struct lq_run_result *result);

#endif
