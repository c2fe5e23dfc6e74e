/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The medium and its motor: PRE-FETCH, START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL [SBC-4 r22
 * 5.8, 5.10, 5.31]. A unit is stopped or its medium ejected for everybody; each I_T nexus prevents
 * removal for itself.
 */
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

enum { TEST_UNIT_READY = 0x00, START_STOP_UNIT = 0x1b, READ_CAPACITY_10 = 0x25,
       SERVICE_ACTION_IN = 0x9e };

bool lq_medium_is_missed(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    uint8_t code = task->opcode->code;
    bool uses = code != START_STOP_UNIT &&
                (task->opcode->medium != LQ_MEDIUM_NONE || code == TEST_UNIT_READY);
    bool asks = code == READ_CAPACITY_10 || code == SERVICE_ACTION_IN;
    if (unit->is_ejected && (uses || asks)) {
        lq_check_condition(engine, task, 0x02, 0x3a, 0x00); /* MEDIUM NOT PRESENT */
        return true;
    }
    if (unit->is_stopped && uses) {
        lq_check_condition(engine, task, 0x02, 0x04, 0x02); /* INITIALIZING COMMAND REQUIRED */
        return true;
    }
    return false;
}

/* There is no cache of blocks that were read: none has to be fetched, and all of them would fit. */
void lq_prefetch(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_task_end(engine, task, LQ_CONDITION_MET, no_sense);
}

/* --- PREVENT ALLOW MEDIUM REMOVAL ------------------------------------------------------------ */

static bool is_prevented(const struct lq_engine *engine, const struct lq_unit *unit)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++)
        if (engine->nexuses[i].known && engine->nexuses[i].attentions[unit->slot].prevents_removal)
            return true;
    return false;
}

void lq_prevent_allow(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t prevent = task->cdb[4] & 0x03;
    if (prevent > 1) { /* obsolete */
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    task->nexus->attentions[task->unit->slot].prevents_removal = prevent == 1;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_medium_nexus_ended(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; i < engine->config.limits.units; i++)
        nexus->attentions[i].prevents_removal = false;
}

void lq_medium_reset(struct lq_engine *engine, struct lq_unit *unit)
{
    unit->is_stopped = false;
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++)
        if (engine->nexuses[i].known)
            engine->nexuses[i].attentions[unit->slot].prevents_removal = false;
}

/* --- START STOP UNIT ------------------------------------------------------------------------- */

enum { LOEJ = 2, START = 1, NO_FLUSH = 4 };

/* MEDIUM MAY HAVE CHANGED, to whom has not changed it. */
static void tell_others(struct lq_engine *engine, const struct lq_engine_task *task)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->known && nexus->target == task->unit->target && nexus != task->nexus)
            lq_ua_establish(engine, nexus, task->unit, (struct lq_ua){0x28, 0x00});
    }
}

static void start(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    bool loads = (task->cdb[4] & LOEJ) != 0;
    if (unit->is_ejected && !loads) {
        lq_check_condition(engine, task, 0x02, 0x3a, 0x00); /* MEDIUM NOT PRESENT */
        return;
    }
    if (unit->is_ejected)
        tell_others(engine, task);
    unit->is_stopped = unit->is_ejected = false;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

static void stop(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    unit->is_stopped = true;
    unit->is_ejected = unit->is_ejected || (task->cdb[4] & LOEJ) != 0;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_start_stop(struct lq_engine *engine, struct lq_engine_task *task)
{
    /* POWER CONDITION [SBC-4 r22 t105]: by name and by number; all conditions serve everything. */
    enum { START_VALID = 0, ACTIVE = 1, IDLE = 2, STANDBY = 3, LU_CONTROL = 7 };
    uint8_t flags = task->cdb[4], condition = flags >> 4;
    bool is_known = condition <= STANDBY || condition == LU_CONTROL;
    bool is_fixed = condition == START_VALID && (flags & LOEJ) != 0 && !task->unit->removable;
    if (!is_known || is_fixed) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
    } else if (condition != START_VALID) {
        task->unit->is_stopped = task->unit->is_ejected;
        lq_task_end(engine, task, LQ_GOOD, no_sense);
    } else if ((flags & LOEJ) != 0 && is_prevented(engine, task->unit)) {
        lq_check_condition(engine, task, 0x05, 0x53, 0x02); /* MEDIUM REMOVAL PREVENTED */
    } else if ((flags & START) != 0) {
        start(engine, task);
    } else if ((flags & NO_FLUSH) != 0 || !lq_has_write_cache(engine, task->unit)) {
        stop(engine, task);
    } else {
        lq_synchronize_cache(engine, task); /* first what is cached, then the motor */
    }
}

void lq_start_stop_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    if ((task->cdb[4] & LOEJ) != 0 && is_prevented(engine, task->unit)) /* meanwhile */
        lq_check_condition(engine, task, 0x05, 0x53, 0x02);
    else
        stop(engine, task);
}
