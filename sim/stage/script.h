/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario at work: its timeline, its initiators' actions, its faults, and whether what it
 * expects came true. The world calls this where a seed would draw.
 *
 * What this is not: the language (scenarios/lang) or a judge of the standards (conformance).
 *
 * Who uses it: the stage's files. A script lives from lq_script_make to lq_script_free and
 * serves one scenario after another.
 */
#ifndef LQ_SIM_STAGE_SCRIPT_H
#define LQ_SIM_STAGE_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/choice.h"
#include "faults/faults.h"
#include "proto/iscsi/initiator.h"
#include "scenarios/lang/scenario.h"
#include "sim/stage/memory.h"
#include "sim/stage/plan.h"
#include "sim/stage/stage.h"

struct lq_script;
struct lq_actor;

struct lq_script *lq_script_make(const struct lq_allocator *allocator);
void lq_script_free(struct lq_script *script, const struct lq_allocator *allocator);

/* --- the world's steps, in this order ------------------------------------------------------- */

/* The plan of a world as SCENARIO describes it; what it does not say is tame. */
void lq_plan_from_scenario(struct lq_plan *plan, const struct lq_scenario *scenario);

/* For a new run. Returns the run's choice: benign, but for the odds of faults, which are the
 * seed's. */
struct lq_choice *lq_script_begin(struct lq_script *script, struct lq_world *world,
                                  const struct lq_scenario *scenario);

/* The world's deciders of faults exist: they ask this script's rules, none of them armed yet. */
void lq_script_arm(struct lq_script *script);
struct lq_faults *lq_script_disk_faults(struct lq_script *script, uint32_t store);

/* Everything is built: the first moment comes. */
void lq_script_start(struct lq_script *script);

/* All moments have been, and nothing that was begun is under way, or patience has ended. */
bool lq_script_is_over(const struct lq_script *script);

/* --- exploring: what stands behind `explore' happens in any order of the initiators --------- */

/* The timeline has come to `explore'. */
bool lq_script_is_exploring(const struct lq_script *script);

/* What went before has come to rest. */
void lq_script_begin_exploring(struct lq_script *script);

/* INITIATOR (its place) can be told its next action; telling returns the statement's place. */
bool lq_script_has_next(const struct lq_script *script, uint32_t initiator);
uint32_t lq_script_tell_next(struct lq_script *script, uint32_t initiator);

/* Nothing of a scenario's initiators is under way. */
bool lq_script_is_quiet(const struct lq_script *script);

/* Heal: no rule strikes any more. */
void lq_script_disarm(struct lq_script *script);

/* The timeline is over: what still waits is aborted in time, sessions are logged out. */
void lq_script_finish(struct lq_script *script);

/* The run is over: notes what was not met. */
void lq_script_judge(struct lq_script *script);

uint32_t lq_script_unmet_count(const struct lq_script *script);
const struct lq_unmet *lq_script_unmet(const struct lq_script *script, uint32_t index);

/* The rules of the scenario's faults, by statement. */
const struct lq_fault_rule *lq_script_rules(const struct lq_script *script);

/* Some fault of the scenario is about PDUs. */
bool lq_script_has_pdu_faults(const struct lq_script *script);

/* --- for actors ----------------------------------------------------------------------------- */

/* ACTOR's name and ISID. */
void lq_script_name(const struct lq_script *script, struct lq_actor *actor);

/* Initiator number NUMBER works by itself. */
bool lq_script_works(const struct lq_script *script, uint32_t number);

/* What ACTOR offers. */
void lq_script_login(const struct lq_script *script, const struct lq_actor *actor,
                     struct lq_iscsi_initiator_login *login);

/* The target has answered a login of ACTOR, or a question for targets, with these pairs. */
void lq_script_hear(struct lq_script *script, const struct lq_actor *actor, struct lq_slice text,
                    bool is_discovery);

/* A PDU answers the raw one of SERIAL; when it is a Reject, for REASON. */
void lq_script_answered(struct lq_script *script, uint64_t serial, bool is_reject,
                        uint32_t reason);

/* ACTOR may be able to go on. */
void lq_script_wake(struct lq_script *script, struct lq_actor *actor);

#endif
