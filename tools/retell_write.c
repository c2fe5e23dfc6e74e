/* SPDX-License-Identifier: Apache-2.0 */
/* What was heard of a run, as lines of a scenario. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store.h"
#include "faults/faults.h"
#include "tools/retell_state.h"

enum { STATEMENTS_MOST = 180, MOMENTS_MOST = 180, TEXT = 300, OUTLIER = 3 };

static const uint64_t BRIEF_NS = 20000 /* of a disk */, BEFORE_NS = 1000;

/* --- words ---------------------------------------------------------------------------------- */

/* A text that is put together piece by piece; what is too long is cut, and then refused as it does
 * not parse. */
struct words {
    char text[TEXT];
    size_t used;
};

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(words->text + words->used, TEXT - words->used, format, arguments);
    va_end(arguments);
    words->used += size < 0 ? 0 : (size_t)size;
    if (words->used >= TEXT)
        words->used = TEXT - 1;
}

/* In the greatest unit that divides it. */
static void say_time(struct words *words, uint64_t time_ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t i = 0;
    while (time_ns % units[i].ns != 0)
        i++;
    if (time_ns == 0)
        say(words, "0");
    else
        say(words, "%" PRIu64 "%s", time_ns / units[i].ns, units[i].name);
}

static void say_size(struct words *words, uint64_t bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    uint32_t unit = 0;
    for (; bytes != 0 && bytes % 1024 == 0 && unit < 4; unit++)
        bytes /= 1024;
    say(words, "%" PRIu64 "%s", bytes, units[unit]);
}

static void say_setting(struct words *words, const char *format, uint64_t value)
{
    say(words, "%s", words->used == 0 ? " { " : "; ");
    say(words, "%s ", format);
    say(words, "%" PRIu64, value);
}

static void say_duration(struct words *words, const char *name, uint64_t duration_ns)
{
    say(words, "%s%s ", words->used == 0 ? " { " : "; ", name);
    if (duration_ns == LQ_DURATION_NEVER)
        say(words, "never");
    else
        say_time(words, duration_ns);
}

static void close_block(struct words *words)
{
    if (words->used > 0)
        say(words, " }");
}

/* --- the world ------------------------------------------------------------------------------ */

static void write_limits(const struct lq_plan *plan, struct lq_lines *lines)
{
    static const struct {
        enum lq_option option;
        const char *name;
    } times[] = {{LQ_OPT_QUARANTINE_AFTER, "quarantine after"},
                 {LQ_OPT_LOGIN_QUARANTINE_AFTER, "login quarantine after"},
                 {LQ_OPT_BUSY_AFTER, "busy after"},
                 {LQ_OPT_LOGIN_TIMEOUT, "login timeout"},
                 {LQ_OPT_DATA_TIMEOUT, "data timeout"},
                 {LQ_OPT_NOP_INTERVAL, "nop interval"}};
    struct words words = {.used = 0};
    for (uint32_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t value = plan->options[times[i].option];
        if (value != lq_plan_option_row(times[i].option)->values[0])
            say_duration(&words, times[i].name, value);
    }
    const struct lq_limits *limits = &plan->shard.engine.limits;
    if (plan->options[LQ_OPT_LIMITS] != 0) {
        say_setting(&words, "tasks", limits->tasks);
        say_setting(&words, "tasks per nexus", limits->tasks_per_nexus);
        say_setting(&words, "task management functions", limits->aborts);
        say_setting(&words, "unit attentions", limits->unit_attentions);
        say_setting(&words, "command window", limits->commands_per_session);
    }
    close_block(&words);
    if (words.used > 0)
        lq_lines_add(lines, "limits%s", words.text);
}

/* The time that half of the requests of STORE take at most. */
static uint64_t usual_latency(const struct lq_retelling *told, uint32_t store)
{
    uint64_t least = 0;
    for (;;) { /* few requests: quadratic is good enough */
        uint64_t next = UINT64_MAX, below = 0, all = 0;
        for (uint32_t i = 0; i < told->command_count; i++) {
            const struct lq_told_command *command = &told->commands[i];
            if (command->completed_ns == 0 || command->store != store)
                continue;
            uint64_t latency = command->completed_ns - command->submitted_ns;
            all++;
            below += latency <= least;
            if (latency > least && latency < next)
                next = latency;
        }
        if (2 * below >= all || next == UINT64_MAX)
            return least;
        least = next;
    }
}

static uint64_t told_latency(const struct lq_retelling *told, uint32_t store,
                             uint32_t style)
{
    bool is_usual = (style & LQ_RETELL_EACH) == 0;
    uint64_t usual = is_usual ? usual_latency(told, store) / 1000 * 1000 : 0;
    return usual < BRIEF_NS ? 0 : usual;
}

static void say_disk(struct words *words, const struct lq_plan *plan, uint64_t latency_ns)
{
    const uint64_t *options = plan->options;
    uint64_t bytes = options[LQ_OPT_BLOCKS] * options[LQ_OPT_BLOCK_BYTES];
    say_size(words, bytes > UINT64_C(1) << 44 ? UINT64_C(1) << 44 : bytes);
    struct words block = {.used = 0};
    if (options[LQ_OPT_BLOCK_BYTES] != 512)
        say_setting(&block, "block", options[LQ_OPT_BLOCK_BYTES]);
    if (options[LQ_OPT_WRITE_GRANULE] != 1)
        say_setting(&block, "granule", options[LQ_OPT_WRITE_GRANULE]);
    if (options[LQ_OPT_VOLATILE_CACHE] != 0)
        say(&block, "%scache writeback", block.used == 0 ? " { " : "; ");
    if (latency_ns != 0)
        say_duration(&block, "latency", latency_ns);
    close_block(&block);
    say(words, "%s", block.text);
}

static void write_target(const struct lq_retelling *told, const struct lq_plan *plan,
                         uint32_t style, struct lq_lines *lines)
{
    uint32_t luns = (uint32_t)plan->options[LQ_OPT_LUNS];
    uint32_t stores = (uint32_t)plan->options[LQ_OPT_STORES];
    for (uint32_t i = 0; i < stores && stores < luns; i++) {
        struct words words = {.used = 0};
        say_disk(&words, plan, told_latency(told, i, style));
        lq_lines_add(lines, "disk d%" PRIu32 " %s", i, words.text);
    }
    lq_lines_add(lines, "target t {");
    for (uint32_t i = 0; i < luns; i++) {
        struct words words = {.used = 0};
        if (stores < luns)
            say(&words, "on d%" PRIu32, i % stores);
        else
            say(&words, "disk ");
        if (stores == luns)
            say_disk(&words, plan, told_latency(told, i % stores, style));
        lq_lines_add(lines, "lun %" PRIu32 " %s", i, words.text);
    }
    const struct lq_iscsi_config *config = &plan->shard.iscsi;
    struct words iscsi = {.used = 0};
    say_setting(&iscsi, "max-burst", config->offer.max_burst_length);
    say_setting(&iscsi, "first-burst", config->offer.first_burst_length);
    say_setting(&iscsi, "max-segment", config->offer.max_recv_data_segment_length);
    say_setting(&iscsi, "max-r2t", config->offer.max_outstanding_r2t);
    if (plan->options[LQ_OPT_NEAR_WRAP] != 0) {
        say_setting(&iscsi, "first-statsn", config->first_stat_sn);
        say_setting(&iscsi, "first-ttt", config->first_target_transfer_tag);
    }
    close_block(&iscsi);
    lq_lines_add(lines, "iscsi%s", iscsi.text);
    lq_lines_add(lines, "}");
}

static char name_of(uint32_t actor)
{
    return (char)('a' + actor - 1);
}

static void write_initiators(const struct lq_retelling *told, const struct lq_plan *plan,
                             struct lq_lines *lines)
{
    for (uint32_t actor = 1; actor <= plan->options[LQ_OPT_NEXUSES]; actor++) {
        const struct lq_told_offer *offer = &told->actors[actor].offer;
        struct words iscsi = {.used = 0};
        for (uint32_t i = 0; i < sizeof offer->keys / sizeof offer->keys[0]; i++)
            if (offer->keys[i][0] != '\0')
                say(&iscsi, "%s%s", iscsi.used == 0 ? " { " : "; ", offer->keys[i]);
        if (plan->options[LQ_OPT_SHARED_NAME] != 0 && actor <= 2) {
            say(&iscsi, "%sname \"iqn.2026-11.org.lunquake:i1\"", iscsi.used == 0 ? " { " : "; ");
            say_setting(&iscsi, "isid", actor);
        }
        if (plan->options[LQ_OPT_NEAR_WRAP] != 0) {
            say_setting(&iscsi, "first-cmdsn", UINT32_MAX - 10);
            say_setting(&iscsi, "first-itt", UINT32_MAX - 5);
        }
        close_block(&iscsi);
        lq_lines_add(lines, "initiator %c -> t%s%s%s", name_of(actor),
                     iscsi.used > 0 ? " { iscsi" : "", iscsi.text, iscsi.used > 0 ? " }" : "");
    }
}

/* --- the timeline --------------------------------------------------------------------------- */

static void say_label(struct words *words, uint32_t which)
{
    say(words, "c%" PRIu32, which + 1);
}

static bool is_medium(const struct lq_told_command *command, const struct lq_plan *plan)
{
    uint32_t flags = (uint32_t)LQ_F_MEDIUM_READ | (uint32_t)LQ_F_MEDIUM_WRITE;
    return (command->flags & flags) != 0 &&
           command->expected_bytes == command->nblocks * plan->options[LQ_OPT_BLOCK_BYTES];
}

/* A CDB's length by its group code [SPC-5 4.2.5.1]. */
static uint32_t cdb_bytes(uint8_t opcode)
{
    static const uint8_t lengths[8] = {6, 10, 10, 16, 16, 12, 16, 16};
    return lengths[opcode >> 5];
}

static void say_cdb(struct words *words, const struct lq_told_command *command)
{
    say(words, "cdb");
    for (uint32_t i = 0; i < cdb_bytes(command->cdb[0]); i++)
        say(words, " %02x", command->cdb[i]);
    if (command->writes && command->content_bytes > 0) {
        say(words, " content");
        for (uint32_t i = 0; i < command->content_bytes; i++)
            say(words, "%s%02x", i % 4 == 0 ? " " : "", command->content[i]);
    }
    if (command->expected_bytes > 0 && command->reads)
        say(words, " in %" PRIu64, command->expected_bytes);
    if (command->expected_bytes > 0 && command->writes)
        say(words, " out %" PRIu64, command->expected_bytes);
}

/* Verbs of commands without blocks. */
static const char *plain_verb(const struct lq_told_command *command)
{
    static const struct {
        uint32_t opcode;
        const char *verb;
    } verbs[] = {{0x00, "test-unit-ready"}, {0x03, "request-sense"}, {0x35, "synchronize-cache"}};
    for (uint32_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i].opcode == command->opcode)
            return verbs[i].verb;
    return NULL;
}

/* How its Data-Out came, when not all of it came with it. */
static void say_data(struct words *words, const struct lq_told_command *command, uint32_t style)
{
    uint64_t from_ns = (style & LQ_RETELL_HEARD) != 0 ? command->heard_ns : command->sent_ns;
    if (!command->has_cdb || !command->writes ||
        command->immediate_bytes >= command->expected_bytes)
        return;
    uint64_t late_ns = command->first_data_ns - from_ns;
    if ((style & LQ_RETELL_HEARD) != 0 && late_ns > 2 * BEFORE_NS)
        late_ns -= BEFORE_NS; /* before what was heard with it */
    if (command->first_data_ns > from_ns) {
        say(words, " data late ");
        say_time(words, late_ns);
    } else if (command->holds_data || (style & LQ_RETELL_WITHHELD) != 0) {
        say(words, " data withheld");
    }
}

static void say_command(struct words *words, const struct lq_retelling *told, uint32_t which,
                        const struct lq_plan *plan, uint32_t style)
{
    const struct lq_told_command *command = &told->commands[which];
    const char *verb = plain_verb(command);
    if (is_medium(command, plan))
        say(words, "%s lba %" PRIu64 " blocks %" PRIu32,
            (command->flags & LQ_F_MEDIUM_WRITE) != 0 ? "write" : "read", command->lba,
            command->nblocks);
    else if (verb != NULL || !command->has_cdb)
        say(words, "%s", verb != NULL ? verb : "inquiry");
    else
        say_cdb(words, command);
    if (command->lun != 0)
        say(words, " lun %" PRIu64, command->lun >> 48);
    if (command->attribute == LQ_ORDERED)
        say(words, " ordered");
    if (command->attribute == LQ_HEAD_OF_QUEUE)
        say(words, " head-of-queue");
    if ((command->flags & LQ_F_IMMEDIATE) != 0)
        say(words, " immediate");
    if (is_medium(command, plan) && (command->flags & LQ_F_FUA) != 0)
        say(words, " fua");
    say_data(words, command, style);
    if (command->is_named) {
        say(words, " as ");
        say_label(words, which);
    }
}

static void say_function(struct words *words, const struct lq_told_action *action)
{
    static const char *const verbs[LQ_TM_FUNCTIONS] = {
        [LQ_TM_ABORT_TASK] = "abort",
        [LQ_TM_QUERY_TASK] = "query-task",
        [LQ_TM_ABORT_TASK_SET] = "abort-task-set",
        [LQ_TM_CLEAR_TASK_SET] = "clear-task-set",
        [LQ_TM_LOGICAL_UNIT_RESET] = "lun-reset",
        [LQ_TM_TARGET_WARM_RESET] = "target-warm-reset",
        [LQ_TM_TARGET_COLD_RESET] = "target-cold-reset"};
    const char *verb = verbs[action->function];
    say(words, "%s", verb == NULL ? "ping" : verb);
    if (action->function == LQ_TM_ABORT_TASK || action->function == LQ_TM_QUERY_TASK) {
        say(words, " ");
        say_label(words, action->which);
    } else if (verb != NULL && action->lun != 0 && action->function < LQ_TM_TARGET_WARM_RESET) {
        say(words, " lun %" PRIu64, action->lun >> 48);
    }
}

static void say_plain_fault(struct words *words, const struct lq_retelling *told,
                            const struct lq_told_action *action)
{
    say(words, "fault %s", lq_fault_class((enum lq_fault)action->function)->name);
    if (action->actor != 0)
        say(words, " initiator %c", name_of(action->actor));
    say(words, " nth 1 as p%u", (unsigned)(action - told->actions) + 1);
}

static void say_change(struct words *words, const struct lq_told_action *action,
                       const struct lq_plan *plan)
{
    static const char *const verbs[] = {[0] = "add",
                                        [LQ_LUN_REMOVED] = "remove",
                                        [LQ_LUN_RESIZED] = "resize ",
                                        [LQ_LUN_ACCESS] = "access "};
    say(words, "t lun %" PRIu64 " %s", action->lun >> 48, verbs[action->function]);
    if (action->function == LQ_LUN_RESIZED)
        say_size(words, action->value * plan->options[LQ_OPT_BLOCK_BYTES]);
    if (action->function == LQ_LUN_ACCESS)
        say(words, "%s", action->value != 0 ? "read-only" : "read-write");
}

static void say_action(struct words *words, const struct lq_retelling *told,
                       const struct lq_told_action *action, const struct lq_plan *plan,
                       uint32_t style)
{
    static const char *const verbs[] = {[LQ_TOLD_LOGIN] = "login",
                                        [LQ_TOLD_RELOGIN] = "relogin",
                                        [LQ_TOLD_STALL] = "login stall after 100",
                                        [LQ_TOLD_LOGOUT] = "logout",
                                        [LQ_TOLD_VANISH] = "vanish",
                                        [LQ_TOLD_DROP] = "drop",
                                        [LQ_TOLD_CLOSE] = "close",
                                        [LQ_TOLD_PING] = "ping"};
    if (action->kind == LQ_TOLD_HEAL) {
        say(words, "heal");
        return;
    }
    if (action->kind == LQ_TOLD_FAULT) {
        say_plain_fault(words, told, action);
        return;
    }
    if (action->kind == LQ_TOLD_CHANGE) {
        say_change(words, action, plan);
        return;
    }
    say(words, "%c ", name_of(action->actor));
    if (action->kind == LQ_TOLD_COMMAND)
        say_command(words, told, action->which, plan, style);
    else if (action->kind == LQ_TOLD_TM)
        say_function(words, action);
    else
        say(words, "%s", verbs[action->kind]);
}

/* Of the requests to its LUN since COMMAND came its own is this one, from 1. */
static uint32_t place_in_store(const struct lq_retelling *told,
                               const struct lq_told_command *command)
{
    uint32_t place = 1;
    for (uint32_t i = 0; i < told->command_count; i++) {
        const struct lq_told_command *other = &told->commands[i];
        bool is_before = other->submitted_ns < command->submitted_ns ||
                         (other->submitted_ns == command->submitted_ns && other < command);
        place += other != command && other->was_in_store && other->lun == command->lun &&
                 other->submitted_ns >= command->heard_ns && is_before;
    }
    return place;
}

/* The fault that makes a command's request take as long as it did, or fail. */
static bool say_fault(struct words *words, const struct lq_retelling *told,
                      uint32_t which, uint32_t style)
{
    const struct lq_told_command *command = &told->commands[which];
    if (!command->was_in_store)
        return false;
    uint64_t usual = told_latency(told, command->store, style);
    uint64_t latency = command->completed_ns - command->submitted_ns;
    uint64_t most = usual == 0 ? BRIEF_NS : OUTLIER * usual;
    bool is_late = command->completed_ns == 0 || latency > most;
    const char *name = command->error == LQ_BLOCK_MEDIUM_ERROR ? "disk.medium-error"
                       : command->error != LQ_BLOCK_OK         ? "disk.failed"
                       : is_late                               ? "disk.hang"
                                                               : NULL;
    if (name == NULL)
        return false;
    say(words, "fault %s lun %" PRIu64 " nth %" PRIu32, name, command->lun >> 48,
        (style & LQ_RETELL_COUNTED) != 0 ? place_in_store(told, command) : 1);
    if (command->error == LQ_BLOCK_OK && command->completed_ns != 0) {
        say(words, " by ");
        say_time(words, latency);
    }
    say(words, " as f%" PRIu32, which + 1);
    return true;
}

/* The first action to tell, so that no more than the language holds are told: logins and the last
 * ones. */
static uint32_t first_to_tell(const struct lq_retelling *told)
{
    uint32_t statements = 0, moments = 0, at = told->action_count;
    uint64_t time_ns = UINT64_MAX;
    while (at > 0 && statements + 2 * LQ_TOLD_ACTORS_MAX < STATEMENTS_MOST &&
           moments + 2 * LQ_TOLD_ACTORS_MAX < MOMENTS_MOST) {
        const struct lq_told_action *action = &told->actions[--at];
        statements += action->kind == LQ_TOLD_COMMAND ? 2 : 1;
        moments += action->time_ns != time_ns;
        time_ns = action->time_ns;
    }
    return at;
}

/* A command that is named stands before who names it. */
static bool is_tellable(const struct lq_retelling *told, const struct lq_told_action *action,
                        uint32_t first)
{
    bool names = action->kind == LQ_TOLD_TM &&
                 (action->function == LQ_TM_ABORT_TASK || action->function == LQ_TM_QUERY_TASK);
    for (uint32_t i = first; names && i < told->action_count; i++)
        if (told->actions[i].kind == LQ_TOLD_COMMAND && told->actions[i].which == action->which)
            return true;
    bool is_lost = action->is_behind_cut && !action->is_heard &&
                   (action->kind == LQ_TOLD_COMMAND || action->kind == LQ_TOLD_TM ||
                    action->kind == LQ_TOLD_LOGOUT);
    return !names && !is_lost &&
           !(action->kind == LQ_TOLD_TM && action->function == LQ_TM_CLEAR_ACA);
}

static uint64_t time_of(const struct lq_retelling *told, const struct lq_told_action *action,
                        uint32_t style)
{
    uint64_t last_ns = action->connection == 0 ? 0 : told->last_heard_ns[action->connection] + 1;
    uint64_t time_ns = (style & LQ_RETELL_HEARD) != 0 ? action->heard_ns : action->sent_ns;
    return last_ns > time_ns ? last_ns : time_ns;
}

/* By time; at one time as it was heard. */
static void sort_actions(struct lq_retelling *told, uint32_t style)
{
    for (uint32_t i = 0; i < told->action_count; i++)
        told->actions[i].time_ns = time_of(told, &told->actions[i], style);
    for (uint32_t i = 1; i < told->action_count; i++) {
        struct lq_told_action action = told->actions[i];
        uint32_t at = i;
        for (; at > 0 && told->actions[at - 1].time_ns > action.time_ns; at--)
            told->actions[at] = told->actions[at - 1];
        told->actions[at] = action;
    }
}

void lq_retelling_write(struct lq_retelling *told, const struct lq_plan *plan,
                        uint32_t style, const char *title, struct lq_lines *lines)
{
    sort_actions(told, style);
    lines->count = 0;
    lines->overflowed = false;
    lq_lines_add(lines, "scenario \"%s\"", title);
    if (plan->transport == LQ_OVER_FCP)
        lq_lines_add(lines, "transport fcp");
    write_limits(plan, lines);
    write_target(told, plan, style, lines);
    write_initiators(told, plan, lines);
    uint64_t time_ns = UINT64_MAX;
    bool is_healed = false;
    uint32_t first = first_to_tell(told);
    for (uint32_t i = 0; i < told->action_count; i++) {
        const struct lq_told_action *action = &told->actions[i];
        bool is_told = i >= first || action->kind == LQ_TOLD_LOGIN;
        if (!is_told || !is_tellable(told, action, first))
            continue;
        if (action->time_ns != time_ns) {
            struct words moment = {.used = 0};
            say_time(&moment, action->time_ns);
            lq_lines_add(lines, "at %s", moment.text);
        }
        time_ns = action->time_ns;
        struct words fault = {.used = 0}, words = {.used = 0};
        is_healed |= action->kind == LQ_TOLD_HEAL;
        if (action->kind == LQ_TOLD_COMMAND && !is_healed &&
            say_fault(&fault, told, action->which, style))
            lq_lines_add(lines, "%s", fault.text);
        say_action(&words, told, action, plan, style);
        lq_lines_add(lines, "%s", words.text);
    }
}
