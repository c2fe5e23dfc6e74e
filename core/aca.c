/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACA, the auto contingent allegiance condition [SAM-5 5.9]: what a CHECK CONDITION establishes
 * when its command had NACA 1. Until it is cleared, nothing of the faulted task set goes on: what
 * has been enabled is blocked, an answer of the store waits, and new commands are refused. Only the
 * faulted I_T nexus may send a command with the ACA attribute, one at a time. With TST 001b other
 * nexuses are not concerned.
 */
#include "core/device.h"
#include "core/state.h"

static bool has_aca(const struct lq_engine_nexus *nexus, const struct lq_unit *unit)
{
    return nexus->attentions[unit->slot].has_aca;
}

/* PERSISTENT RESERVE OUT with PREEMPT AND ABORT can end the condition [SPC-4 5.13.11.2.6]. */
static bool is_preempt_and_abort(const uint8_t *cdb)
{
    return cdb[0] == 0x5f && (cdb[1] & 0x1f) == 0x05;
}

static void record(struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                   const struct lq_unit *unit, uint32_t code, uint64_t serial)
{
    lq_record(engine, (struct lq_event){.kind = LQ_E_ACA,
                                        .target = unit->target,
                                        .nexus = nexus->hash,
                                        .lun = lq_lun_of_unit(unit),
                                        .serial = serial,
                                        .code = code});
}

/* --- who may come, and who goes on ----------------------------------------------------------- */

static bool has_aca_command(const struct lq_engine_nexus *nexus, const struct lq_unit *unit)
{
    LQ_LIST_EACH(link, &unit->tasks)
    {
        const struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, set_link);
        if (task->nexus == nexus && task->attribute == LQ_ACA)
            return true;
    }
    return false;
}

/* NACA of a command that is not decoded yet: bit 2 of the CONTROL byte [SAM-5 5.2]. */
static bool has_naca(const uint8_t *cdb, uint32_t cdb_bytes)
{
    static const uint8_t bytes_of_group[8] = {6, 10, 10, 0, 16, 12, 0, 0}; /* [SPC-5 4.2.5.1] */
    uint32_t bytes = bytes_of_group[cdb[0] >> 5];
    if (cdb[0] == 0x7f)
        return cdb_bytes > 1 && (cdb[1] & 0x04) != 0;
    return bytes != 0 && bytes <= cdb_bytes && (cdb[bytes - 1] & 0x04) != 0;
}

enum lq_status lq_aca_gate(const struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                           const struct lq_unit *unit, const struct lq_command *command)
{
    if (unit == NULL || unit->acas == 0 || lq_core_wrong(engine, LQ_WRONG_ACA_LETS_COMMANDS_IN))
        return LQ_GOOD;
    if (has_aca(nexus, unit)) {
        bool may = command->attribute == LQ_ACA && !has_aca_command(nexus, unit) &&
                   !unit->control.tmf_only;
        return may ? LQ_GOOD : LQ_ACA_ACTIVE;
    }
    if (lq_taskset_is_per_nexus(engine, unit) || is_preempt_and_abort(command->cdb))
        return LQ_GOOD;
    bool knows_aca = command->attribute == LQ_ACA || has_naca(command->cdb, command->cdb_bytes);
    return knows_aca ? LQ_ACA_ACTIVE : LQ_BUSY;
}

void lq_aca_enters(struct lq_engine_task *task)
{
    task->has_naca = has_naca(task->cdb, task->cdb_bytes);
    if (task->attribute == LQ_ACA && task->unit != NULL && !has_aca(task->nexus, task->unit))
        task->refusal = (struct lq_sense){0x05, 0x49, 0x00}; /* INVALID MESSAGE ERROR */
}

bool lq_aca_passes(const struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    return unit->acas > 0 && ((task->attribute == LQ_ACA && has_aca(task->nexus, unit)) ||
                              (is_preempt_and_abort(task->cdb) && !has_aca(task->nexus, unit)));
}

bool lq_aca_blocks(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    if (unit == NULL || unit->acas == 0 || !unit->is_there || lq_aca_passes(task) ||
        lq_core_wrong(engine, LQ_WRONG_ACA_BLOCKS_NOTHING))
        return false;
    return has_aca(task->nexus, unit) || !lq_taskset_is_per_nexus(engine, unit);
}

/* --- its beginning and its end --------------------------------------------------------------- */

void lq_aca_clear(struct lq_engine *engine, struct lq_unit *unit, struct lq_engine_nexus *nexus)
{
    if (!has_aca(nexus, unit))
        return;
    nexus->attentions[unit->slot].has_aca = false;
    unit->acas--;
    record(engine, nexus, unit, 0, 0);
    lq_taskset_changed(engine, unit);
    LQ_LIST_EACH(link, &unit->tasks)
    lq_task_make_ready(engine, LQ_ELEMENT(link, struct lq_engine_task, set_link));
}

void lq_aca_clear_unit(struct lq_engine *engine, struct lq_unit *unit)
{
    for (uint32_t i = 0; unit->acas > 0 && i < engine->config.limits.nexuses; i++)
        lq_aca_clear(engine, unit, &engine->nexuses[i]);
}

void lq_aca_clear_nexus(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (engine->units[i].acas > 0)
            lq_aca_clear(engine, &engine->units[i], nexus);
}

void lq_aca_faulted(struct lq_engine *engine, const struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    if (unit == NULL || !unit->is_there)
        return;
    if (task->attribute == LQ_ACA)
        lq_aca_clear(engine, unit, task->nexus);
    if (!task->has_naca || has_aca(task->nexus, unit) ||
        lq_core_wrong(engine, LQ_WRONG_NACA_IGNORED))
        return;
    task->nexus->attentions[unit->slot].has_aca = true;
    unit->acas++;
    record(engine, task->nexus, unit, 1, task->serial);
}

enum lq_tm_answer lq_aca_check_clear(struct lq_engine *engine, struct lq_engine_nexus *nexus,
                                     struct lq_unit *unit)
{
    if (has_aca(nexus, unit) || unit->acas == 0 || lq_taskset_is_per_nexus(engine, unit))
        return LQ_TM_COMPLETE;
    if (lq_core_wrong(engine, LQ_WRONG_CLEAR_ACA_BY_ANYBODY)) {
        lq_aca_clear_unit(engine, unit);
        return LQ_TM_COMPLETE;
    }
    return LQ_TM_REJECTED; /* the condition is another nexus's */
}
