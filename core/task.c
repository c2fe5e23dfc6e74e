/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a command: received, in its task set, enabled, run, ended, delivered, free.
 *
 * A command enters the task set when it is received, whatever of its Data-Out is still to come
 * [SAM-5 5.4.2.3]; its Data-Out is fetched at once, so that order costs no round trip. It runs when
 * its order allows it and its data is there.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"
#include "core/state.h"

static const struct lq_sense no_sense = {0, 0, 0};

static void tell(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                 struct lq_sense sense);

struct lq_engine_task *lq_task_of(struct lq_engine *engine, lq_handle handle)
{
    if (handle.index >= engine->config.limits.tasks)
        return NULL;
    struct lq_engine_task *task = &engine->tasks[handle.index];
    bool is_it = task->state != LQ_TASK_FREE && task->generation == handle.generation;
    return is_it ? task : NULL;
}

static struct lq_engine_task *take_slot(struct lq_engine *engine)
{
    struct lq_link *link = lq_list_take(&engine->free_tasks);
    if (link == NULL)
        return NULL;
    engine->tasks_free--;
    struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, work_link);
    LQ_ASSERT(task->state == LQ_TASK_FREE && task->waiters == 0);
    task->generation++;
    return task;
}

void lq_task_free(struct lq_engine *engine, struct lq_engine_task *task)
{
    LQ_ASSERT(task->state == LQ_TASK_ENDED || task->state == LQ_TASK_TERMINATING ||
              task->state == LQ_TASK_ORPHAN);
    LQ_ASSERT(task->waiters == 0 && !task->loss_waits);
    lq_record_task(engine, task, LQ_E_FREED);
    if (lq_link_is_linked(&task->nexus_link)) {
        lq_list_remove(&task->nexus_link);
        lq_nexus_give_slot(engine, task->nexus);
    }
    if (task->unit != NULL)
        task->unit->task_count--;
    lq_list_remove(&task->work_link);
    task->state = LQ_TASK_FREE;
    engine->tasks_free++;
    /* Last in, first out: the buffer is still in the processor's cache. */
    lq_list_push(&engine->free_tasks, &task->work_link);
}

void lq_task_make_ready(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->state == LQ_TASK_IN_SET && task->enabled && !task->data_wanted && !task->is_trigger &&
        !lq_link_is_linked(&task->work_link))
        lq_list_append(&engine->run, &task->work_link);
}

void lq_settle(struct lq_engine *engine)
{
    for (;;) {
        struct lq_link *link = lq_list_take(&engine->run);
        if (link != NULL) {
            lq_device_begin(engine, LQ_ELEMENT(link, struct lq_engine_task, work_link));
            continue;
        }
        link = lq_list_take(&engine->rescan);
        if (link != NULL) {
            lq_taskset_rescan(engine, LQ_ELEMENT(link, struct lq_unit, rescan_link));
            continue;
        }
        if (lq_qerr_next(engine))
            continue;
        link = lq_list_take(&engine->ended);
        if (link == NULL)
            return;
        lq_nexus_settle(engine, LQ_ELEMENT(link, struct lq_engine_nexus, ended_link));
    }
}

/* --- reception ------------------------------------------------------------------------------- */

static void fill_task(struct lq_engine *engine, struct lq_engine_task *task,
                      const struct lq_command *command, struct lq_engine_nexus *nexus)
{
    task->state = LQ_TASK_IN_SET;
    task->enabled = task->data_wanted = task->aborted = task->confirm = task->was_held = false;
    task->saves = task->is_saved = task->waits_for_save = false;
    task->linked_to_transport = true;
    task->is_alone = task->has_information = task->is_inverting = false;
    task->step = task->stepped = task->requests = 0;
    task->information = 0;
    task->cdb_byte = 0;
    task->owes_status = task->is_faulted = task->is_answered = task->is_trigger = false;
    task->fault = no_sense;
    task->aborted_by = LQ_TRIGGER_NONE;
    task->attribute = command->attribute;
    task->nexus = nexus;
    task->unit = lq_unit_of_lun(engine, nexus->target, command->lun);
    if (task->unit != NULL)
        task->unit->task_count++;
    task->lun = command->lun;
    task->tag = command->tag;
    task->serial = engine->next_serial++;
    task->stamp = command->order_stamp;
    task->cookie = command->cookie;
    task->refusal = no_sense;
    task->lba = 0;
    task->nblocks = 0;
    task->expected_in_bytes = command->expected_in_bytes;
    task->expected_out_bytes = command->expected_out_bytes;
    task->defined_bytes = 0;
    task->out_bytes = 0;
    task->reported = (struct lq_ua){0, 0};
    task->cdb_bytes = command->cdb_bytes;
    memcpy(task->cdb, command->cdb, command->cdb_bytes);
    /* Short CDBs are read up to 16 bytes by the table's rules. */
    if (task->cdb_bytes < 16)
        memset(task->cdb + task->cdb_bytes, 0, 16 - task->cdb_bytes);
}

/* ACA ACTIVE or BUSY by aca.c. Without room TASK SET FULL when the nexus has commands, which will
 * make room when they end, BUSY when it has none and others have all there is [SAM-5 5.3.1]. */
static bool refuse(struct lq_engine *engine, const struct lq_command *command,
                   struct lq_engine_nexus *nexus, uint64_t serial)
{
    const struct lq_unit *unit = lq_unit_of_lun(engine, nexus->target, command->lun);
    struct lq_command_complete complete = {.status = lq_aca_gate(engine, nexus, unit, command)};
    if (complete.status == LQ_GOOD && lq_nexus_slots(engine, nexus) > 0)
        return false;
    if (complete.status == LQ_GOOD)
        complete.status = nexus->task_count > 0 ? LQ_TASK_SET_FULL : LQ_BUSY;
    lq_record(engine, (struct lq_event){.kind = LQ_E_REFUSED,
                                        .target = nexus->target,
                                        .nexus = nexus->hash,
                                        .lun = command->lun,
                                        .tag = command->tag,
                                        .serial = serial,
                                        .stamp = command->order_stamp,
                                        .code = (uint32_t)complete.status});
    nexus->transport->command_complete(nexus->transport_context, command->cookie, &complete);
    return true;
}

/* Opens the Data-Out window, or finds that all of it came with the command. */
static void fetch_data_out(struct lq_engine_task *task, const struct lq_command *command)
{
    if (task->out_bytes == 0 || task->refusal.key != 0)
        return;
    uint32_t immediate = command->immediate_bytes < task->out_bytes ? command->immediate_bytes
                                                                    : task->out_bytes;
    if (immediate > 0)
        memcpy(task->buffer, command->immediate, immediate);
    if (immediate == task->out_bytes)
        return;
    task->data_wanted = true;
    task->nexus->transport->receive_data_out(task->nexus->transport_context, task->cookie, 0,
                                             task->out_bytes, task->buffer);
}

static void record_received(struct lq_engine *engine, const struct lq_command *command,
                            const struct lq_engine_nexus *nexus)
{
    uint64_t expected = command->expected_out_bytes > 0 ? command->expected_out_bytes
                                                        : command->expected_in_bytes;
    lq_record(engine, (struct lq_event){.kind = LQ_E_RECEIVED,
                                        .target = nexus->target,
                                        .nexus = nexus->hash,
                                        .lun = command->lun,
                                        .tag = command->tag,
                                        .serial = engine->next_serial,
                                        .stamp = command->order_stamp,
                                        .code = (uint32_t)command->attribute,
                                        .detail = command->cdb[0],
                                        .value = expected});
}

lq_task lq_engine_command(struct lq_engine *engine, const struct lq_command *command)
{
    struct lq_engine_nexus *nexus = lq_nexus_of(engine, command->nexus);
    LQ_ASSERT(nexus != NULL && nexus->established);
    LQ_ASSERT(command->cdb_bytes >= 1 && command->cdb_bytes <= LQ_CDB_BYTES_MAX);
    engine->commands_received++;
    if (engine->env->history != NULL)
        record_received(engine, command, nexus);
    if (refuse(engine, command, nexus, engine->next_serial)) {
        engine->next_serial++;
        return LQ_NO_HANDLE;
    }
    struct lq_engine_task *task = take_slot(engine);
    fill_task(engine, task, command, nexus);
    lq_list_append(&nexus->tasks, &task->nexus_link);
    lq_nexus_take_slot(engine, nexus);
    lq_opcode_decode(engine, task);
    lq_aca_enters(task);
    fetch_data_out(task, command);
    lq_handle handle = {task->index, task->generation};
    if (!(task->data_wanted && lq_core_wrong(engine, LQ_WRONG_ENTERS_AFTER_DATA_OUT)))
        lq_taskset_enter(engine, task);
    lq_settle(engine);
    return handle;
}

/* The window is closed; SENSE with a key: without its data. */
static void data_out_over(struct lq_engine *engine, lq_task handle, struct lq_sense sense)
{
    struct lq_engine_task *task = lq_task_of(engine, handle);
    if (task == NULL || !task->data_wanted)
        return;
    task->data_wanted = false;
    if (task->owes_status && task->state == LQ_TASK_TERMINATING) {
        task->state = LQ_TASK_ENDED;
        tell(engine, task, LQ_TASK_ABORTED, no_sense);
        return;
    }
    if (sense.key != 0)
        task->refusal = sense;
    if (task->unit != NULL && !lq_link_is_linked(&task->set_link))
        lq_taskset_enter(engine, task);
    lq_task_make_ready(engine, task);
    lq_settle(engine);
}

void lq_engine_data_out_received(struct lq_engine *engine, lq_task handle, uint32_t bytes)
{
    const struct lq_engine_task *task = lq_task_of(engine, handle);
    struct lq_sense sense = {0};
    if (task != NULL && bytes < task->out_bytes) /* not enough data [RFC 7143 11.4.7.2] */
        sense = (struct lq_sense){0x0b, 0x0c, 0x0d};
    data_out_over(engine, handle, sense);
}

void lq_engine_data_out_failed(struct lq_engine *engine, lq_task handle, uint8_t key, uint8_t asc,
                               uint8_t ascq)
{
    data_out_over(engine, handle, (struct lq_sense){key, asc, ascq});
}

/* --- the end --------------------------------------------------------------------------------- */

static void record_end(struct lq_engine *engine, const struct lq_engine_task *task,
                       enum lq_status status, struct lq_sense sense)
{
    if (engine->env->history == NULL)
        return;
    struct lq_event event = lq_task_event(engine, task, LQ_E_ENDED);
    event.code = (uint32_t)status;
    event.detail = (uint32_t)sense.key << 16 | (uint32_t)sense.asc << 8 | sense.ascq;
    lq_record(engine, event);
}

/* D_SENSE of the Control mode page decides the format [SPC-5 7.5.10]. */
static uint32_t build_sense(const struct lq_engine *engine, const struct lq_engine_task *task,
                            struct lq_sense sense, uint8_t *bytes)
{
    bool has_descriptors = task->unit != NULL && task->unit->control.d_sense &&
                           !lq_core_wrong(engine, LQ_WRONG_D_SENSE_IGNORED);
    struct lq_information information = {task->has_information, task->information,
                                         task->cdb_byte};
    return lq_sense_build(sense, information, has_descriptors, bytes);
}

void lq_task_leave(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                   struct lq_sense sense)
{
    if (status == LQ_CHECK_CONDITION)
        lq_aca_faulted(engine, task);
    record_end(engine, task, status, sense);
    lq_taskset_leave(engine, task);
    lq_list_remove(&task->work_link);
    task->state = LQ_TASK_ENDED;
    lq_overlap_left(engine, task);
}

/* The second half: it is told. */
static void tell(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                 struct lq_sense sense)
{
    task->confirm = task->reported.asc != 0;
    uint8_t bytes[LQ_SENSE_BYTES_MAX];
    bool is_out = task->opcode != NULL && task->opcode->direction == LQ_DIRECTION_OUT;
    struct lq_command_complete complete = {
        .status = status,
        .sense = bytes,
        .sense_bytes = sense.key == 0 ? 0 : build_sense(engine, task, sense, bytes),
        .in_bytes_defined = is_out ? 0 : task->defined_bytes,
        .out_bytes_defined = is_out ? task->defined_bytes : 0,
        .confirm = task->confirm,
    };
    LQ_ASSERT(task->linked_to_transport);
    task->nexus->transport->command_complete(task->nexus->transport_context, task->cookie,
                                             &complete);
}

void lq_task_end(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                 struct lq_sense sense)
{
    if (status == LQ_CHECK_CONDITION && lq_qerr_faults(engine, task, sense))
        return;
    lq_log_count(task, status, sense);
    lq_task_leave(engine, task, status, sense);
    tell(engine, task, status, sense);
}

void lq_task_end_data(struct lq_engine *engine, struct lq_engine_task *task, uint32_t bytes)
{
    task->defined_bytes = bytes;
    uint32_t moved = bytes < task->expected_in_bytes ? bytes : (uint32_t)task->expected_in_bytes;
    if (moved > 0)
        task->nexus->transport->send_data_in(task->nexus->transport_context, task->cookie, 0, moved,
                                             task->buffer);
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_task_end_aborted(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (engine->env->history != NULL) {
        struct lq_event event = lq_task_event(engine, task, LQ_E_ENDED);
        event.flags = LQ_F_ABORTED;
        event.code = (uint32_t)task->aborted_by;
        lq_record(engine, event);
    }
    lq_taskset_leave(engine, task);
    lq_list_remove(&task->work_link);
    lq_overlap_left(engine, task);
}

/* --- delivery -------------------------------------------------------------------------------- */

void lq_engine_command_delivered(struct lq_engine *engine, lq_task handle)
{
    struct lq_engine_task *task = lq_task_of(engine, handle);
    if (task == NULL || task->state != LQ_TASK_ENDED)
        return;
    lq_record_task(engine, task, LQ_E_DELIVERED);
    lq_task_free(engine, task);
}

void lq_engine_command_lost(struct lq_engine *engine, lq_task handle)
{
    struct lq_engine_task *task = lq_task_of(engine, handle);
    if (task == NULL || task->state != LQ_TASK_ENDED)
        return;
    lq_record_task(engine, task, LQ_E_STATUS_LOST);
    lq_ua_put_back(engine, task);
    lq_task_free(engine, task);
}

void lq_engine_data_terminated(struct lq_engine *engine, lq_task handle)
{
    struct lq_engine_task *task = lq_task_of(engine, handle);
    if (task == NULL || !task->data_wanted || !task->aborted)
        return;
    task->data_wanted = false;
    if (task->state != LQ_TASK_TERMINATING)
        return;
    lq_abort_release(engine, task);
    lq_task_free(engine, task);
    lq_settle(engine);
}

/* --- stores ---------------------------------------------------------------------------------- */

void lq_engine_store_done(struct lq_engine *engine, lq_handle handle, enum lq_block_status status)
{
    struct lq_engine_task *task = lq_task_of(engine, handle);
    if (task == NULL || (task->state != LQ_TASK_IN_STORE && task->state != LQ_TASK_ORPHAN)) {
        engine->stale_completions++;
        return;
    }
    task->unit->store->outstanding--;
    lq_store_noticed(engine, task->unit->store, task->request.op, status);
    bool is_blocked = task->state == LQ_TASK_IN_STORE && !task->aborted &&
                      lq_aca_blocks(engine, task);
    if (task->saves && !is_blocked)
        lq_saved_ended(engine, task, status);
    if (task->state == LQ_TASK_ORPHAN) {
        lq_quarantine_orphan_done(engine, task);
    } else if (task->aborted && task->owes_status) {
        task->defined_bytes = 0;
        lq_task_end(engine, task, LQ_TASK_ABORTED, no_sense);
        lq_abort_release(engine, task);
    } else if (task->aborted) {
        lq_task_end_aborted(engine, task);
        lq_abort_release(engine, task);
        /* What the transport still had of the data, if any, it lets go of by itself. */
        task->state = LQ_TASK_TERMINATING;
        if (!task->data_wanted)
            lq_task_free(engine, task);
    } else if (is_blocked) {
        task->is_answered = true;
        task->store_status = status;
        task->state = LQ_TASK_IN_SET;
    } else {
        lq_device_store_done(engine, task, status);
    }
    lq_settle(engine);
}
