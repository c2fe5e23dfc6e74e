/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task management as initiators use it: to be rid of a command that does not answer, and at
 * random. When a function is answered, the commands that it covered are given up.
 */
#include "core/base/assert.h"
#include "sim/stage/state.h"

enum { RETRY_NS = 20 * 1000 * 1000 };

/* Serials of these have a space of their own: how many there are changes no other draw. */
#define ABORTS (UINT64_C(1) << 39)

static const uint8_t ordinary[] = {
    LQ_TM_ABORT_TASK,     LQ_TM_ABORT_TASK,     LQ_TM_ABORT_TASK,     LQ_TM_ABORT_TASK,
    LQ_TM_ABORT_TASK,     LQ_TM_ABORT_TASK_SET, LQ_TM_ABORT_TASK_SET, LQ_TM_ABORT_TASK_SET,
    LQ_TM_CLEAR_TASK_SET, LQ_TM_CLEAR_TASK_SET, LQ_TM_CLEAR_TASK_SET, LQ_TM_QUERY_TASK,
    LQ_TM_CLEAR_ACA,      LQ_TM_ABORT_TASK_SET, LQ_TM_ABORT_TASK,     LQ_TM_ABORT_TASK,
    LQ_TM_QUERY_TASK,     LQ_TM_QUERY_TASK_SET, LQ_TM_QUERY_ASYNCHRONOUS_EVENT,
    LQ_TM_I_T_NEXUS_RESET};

static const uint8_t resets[] = {LQ_TM_LOGICAL_UNIT_RESET,  LQ_TM_LOGICAL_UNIT_RESET,
                                 LQ_TM_LOGICAL_UNIT_RESET,  LQ_TM_LOGICAL_UNIT_RESET,
                                 LQ_TM_TARGET_WARM_RESET,   LQ_TM_TARGET_WARM_RESET,
                                 LQ_TM_TARGET_COLD_RESET};

static struct lq_actor_tm *free_slot(struct lq_actor *actor)
{
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        if (!actor->tms[i].in_use)
            return &actor->tms[i];
    return NULL;
}

struct lq_actor_tm *lq_actor_tm_of(struct lq_actor *actor, uint64_t serial)
{
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        if (actor->tms[i].in_use && actor->tms[i].serial == serial)
            return &actor->tms[i];
    return NULL;
}

static void record(const struct lq_actor_tm *tm, struct lq_event event)
{
    event.lun = tm->lun;
    event.serial = tm->serial;
    event.value = tm->referenced_tag;
    lq_actor_record(tm->actor, event);
}

static bool ask(struct lq_actor_tm *tm, uint32_t referenced_stamp)
{
    struct lq_actor *actor = tm->actor;
    const struct lq_port_tm request = {.id = tm->serial,
                                       .function = tm->function,
                                       .immediate = tm->is_immediate,
                                       .lun = tm->lun,
                                       .referenced_id = tm->referenced_serial,
                                       .referenced_tag = tm->referenced_tag,
                                       .referenced_stamp = referenced_stamp};
    tm->in_use = actor->port->task_management(actor, &request);
    tm->is_sent = false;
    return tm->in_use;
}

static bool refers_to_task(uint8_t function)
{
    return function == LQ_TM_ABORT_TASK || function == LQ_TM_QUERY_TASK;
}

/* The command that TM is to name, NULL: one that is not there (any more). */
static struct lq_actor_command *draw_command(struct lq_actor *actor, uint64_t serial)
{
    uint32_t sent = 0;
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        sent += actor->commands[i].place == LQ_COMMAND_SENT;
    if (sent == 0 || lq_actor_choose(actor, LQ_SITE_TM_ABSENT, serial, 8) == 7)
        return NULL;
    uint64_t drawn = lq_actor_choose(actor, LQ_SITE_TM_TASK, serial, sent);
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        if (actor->commands[i].place == LQ_COMMAND_SENT && drawn-- == 0)
            return &actor->commands[i];
    return NULL;
}

bool lq_actor_begin_tm(struct lq_actor *actor, uint64_t serial)
{
    struct lq_actor_tm *tm = free_slot(actor);
    if (tm == NULL)
        return false;
    bool is_reset = lq_actor_choose(actor, LQ_SITE_TM_RESET, serial, 16) >=
                    16 - lq_actor_option(actor, LQ_OPT_RESETS);
    uint64_t drawn = lq_actor_choose(actor, LQ_SITE_TM_FUNCTION, serial,
                                     is_reset ? sizeof resets : sizeof ordinary);
    tm->actor = actor;
    tm->serial = serial;
    tm->function = is_reset ? resets[drawn] : ordinary[drawn];
    tm->is_immediate = lq_actor_choose(actor, LQ_SITE_TM_IMMEDIATE, serial, 4) != 3;
    tm->lun = lq_actor_choose(actor, LQ_SITE_TM_LUN, serial, lq_actor_luns(actor)) << 48;
    tm->referenced_serial = 0;
    tm->referenced_tag = LQ_PORT_NO_TAG;
    if (!refers_to_task(tm->function))
        return ask(tm, 0);
    struct lq_actor_command *command = draw_command(actor, serial);
    if (command == NULL) {
        if (actor->ended == 0)
            return false;
        tm->referenced_tag = actor->old_tag;
        return ask(tm, actor->old_cmd_sn);
    }
    tm->lun = command->lun;
    tm->referenced_serial = command->serial;
    tm->referenced_tag = command->itt;
    command->abort_asked |= tm->function == LQ_TM_ABORT_TASK;
    return ask(tm, command->cmd_sn);
}

bool lq_actor_begin_function(struct lq_actor *actor, uint64_t serial, uint8_t function,
                             uint64_t lun, struct lq_actor_command *command, uint32_t tag,
                             uint32_t cmd_sn)
{
    struct lq_actor_tm *tm = free_slot(actor);
    if (tm == NULL)
        return false;
    tm->actor = actor;
    tm->serial = serial;
    tm->function = function;
    tm->is_immediate = true;
    tm->lun = lun;
    tm->referenced_serial = command == NULL ? 0 : command->serial;
    tm->referenced_tag = command == NULL ? tag : command->itt;
    if (command != NULL)
        command->abort_asked |= function == LQ_TM_ABORT_TASK;
    return ask(tm, command == NULL ? cmd_sn : command->cmd_sn);
}

void lq_actor_clear_aca(struct lq_actor *actor, uint64_t lun)
{
    uint64_t serial = lq_actor_serial(actor, ABORTS | ++actor->aborts);
    if (actor->state == LQ_ACTOR_UP &&
        lq_actor_begin_function(actor, serial, LQ_TM_CLEAR_ACA, lun, NULL, LQ_PORT_NO_TAG, 0))
        actor->port->mark(actor);
}

static void retry_fires(struct lq_timer *timer)
{
    lq_actor_abort(LQ_ELEMENT(timer, struct lq_actor_command, timeout));
}

void lq_actor_abort(struct lq_actor_command *command)
{
    struct lq_actor *actor = command->actor;
    if (command->place != LQ_COMMAND_SENT || actor->state != LQ_ACTOR_UP)
        return;
    struct lq_actor_tm *tm = free_slot(actor);
    bool asked = false;
    if (tm != NULL) {
        tm->actor = actor;
        tm->serial = lq_actor_serial(actor, ABORTS | ++actor->aborts);
        tm->function = LQ_TM_ABORT_TASK;
        tm->is_immediate = true;
        tm->lun = command->lun;
        tm->referenced_serial = command->serial;
        tm->referenced_tag = command->itt;
        asked = ask(tm, command->cmd_sn);
    }
    if (asked) {
        command->abort_asked = true;
        actor->port->mark(actor);
    } else {
        lq_queue_at(&actor->world->queue, &command->timeout,
                    actor->world->env.now_ns + RETRY_NS, retry_fires);
    }
}

static void timeout_fires(struct lq_timer *timer)
{
    struct lq_actor_tm *tm = LQ_ELEMENT(timer, struct lq_actor_tm, timeout);
    lq_actor_drop(tm->actor);
}

void lq_actor_tm_sent(struct lq_actor_tm *tm, uint32_t tag, uint32_t stamp)
{
    struct lq_actor *actor = tm->actor;
    tm->is_sent = true;
    tm->sent_order = actor->sent_count++;
    record(tm, (struct lq_event){.kind = LQ_I_TM,
                                 .tag = tag,
                                 .code = tm->function,
                                 .stamp = stamp,
                                 .flags = tm->is_immediate ? LQ_F_IMMEDIATE : 0});
    lq_queue_at(&actor->world->queue, &tm->timeout,
                actor->world->env.now_ns + actor->world->plan.tm_timeout_ns, timeout_fires);
}

static bool covers(const struct lq_actor_tm *tm, const struct lq_actor_command *command)
{
    if (command->place != LQ_COMMAND_SENT || command->sent_order > tm->sent_order)
        return false;
    switch (tm->function) {
    case LQ_TM_ABORT_TASK:
        return command->serial == tm->referenced_serial;
    case LQ_TM_ABORT_TASK_SET:
    case LQ_TM_CLEAR_TASK_SET:
    case LQ_TM_LOGICAL_UNIT_RESET:
        return command->lun == tm->lun;
    case LQ_TM_TARGET_WARM_RESET:
    case LQ_TM_TARGET_COLD_RESET:
    case LQ_TM_I_T_NEXUS_RESET:
        return true;
    case LQ_TM_CLEAR_ACA:
        return command->lun == tm->lun && command->attribute == LQ_ACA;
    default:
        return false;
    }
}

void lq_actor_tm_done(struct lq_actor_tm *tm, enum lq_tm_answer answer)
{
    struct lq_actor *actor = tm->actor;
    struct lq_world *world = actor->world;
    record(tm, (struct lq_event){.kind = LQ_I_TM_DONE, .code = (uint32_t)answer});
    lq_queue_cancel(&world->queue, &tm->timeout);
    tm->in_use = false;
    bool is_done = answer == LQ_TM_COMPLETE || answer == LQ_TM_TASK_ABSENT;
    /* Its status was lost, and no function reaches it: the session is given up. */
    if (answer == LQ_TM_INCORRECT_LUN && tm->function == LQ_TM_ABORT_TASK &&
        !actor->is_scripted && lq_actor_command_of(actor, tm->referenced_serial) != NULL) {
        lq_actor_drop(actor);
        return;
    }
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        struct lq_actor_command *command = &actor->commands[i];
        if (is_done && covers(tm, command)) {
            lq_actor_give_up(command, true);
        } else if (!is_done && command->place == LQ_COMMAND_SENT &&
                   command->serial == tm->referenced_serial) {
            command->abort_asked = false;
            if (!lq_timer_is_set(&command->timeout))
                lq_queue_at(&world->queue, &command->timeout, world->env.now_ns + RETRY_NS,
                            retry_fires);
        }
    }
    lq_actor_wake_in(actor, 0);
}

void lq_actor_tm_forget(struct lq_actor_tm *tm)
{
    if (tm->is_sent)
        record(tm, (struct lq_event){.kind = LQ_I_GAVE_UP});
    lq_queue_cancel(&tm->actor->world->queue, &tm->timeout);
    tm->in_use = false;
}
