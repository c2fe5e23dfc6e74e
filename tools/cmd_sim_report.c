/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_report.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/iscsi/pdu.h"
#include "sim/shard/shard.h"

static const char *name_in(const char *const *names, uint32_t count, uint32_t index)
{
    return index < count && names[index] != NULL ? names[index] : "?";
}

#define NAME_IN(names, index) name_in(names, sizeof(names) / sizeof((names)[0]), index)

static const char *const attributes[] = {"SIMPLE", "ORDERED", "HEAD OF QUEUE", "ACA"};

static const char *const functions[] = {
    [LQ_TM_ABORT_TASK] = "ABORT TASK",
    [LQ_TM_ABORT_TASK_SET] = "ABORT TASK SET",
    [LQ_TM_CLEAR_ACA] = "CLEAR ACA",
    [LQ_TM_CLEAR_TASK_SET] = "CLEAR TASK SET",
    [LQ_TM_LOGICAL_UNIT_RESET] = "LOGICAL UNIT RESET",
    [LQ_TM_TARGET_WARM_RESET] = "TARGET WARM RESET",
    [LQ_TM_TARGET_COLD_RESET] = "TARGET COLD RESET",
    [LQ_TM_TASK_REASSIGN] = "TASK REASSIGN",
    [LQ_TM_QUERY_TASK] = "QUERY TASK",
    [LQ_TM_QUERY_TASK_SET] = "QUERY TASK SET",
    [LQ_TM_I_T_NEXUS_RESET] = "I_T NEXUS RESET",
    [LQ_TM_QUERY_ASYNCHRONOUS_EVENT] = "QUERY ASYNCHRONOUS EVENT"};

static const char *const answers[] = {
    [LQ_TM_COMPLETE] = "complete",           [LQ_TM_TASK_ABSENT] = "task does not exist",
    [LQ_TM_INCORRECT_LUN] = "incorrect LUN", [LQ_TM_NOT_SUPPORTED] = "not supported",
    [LQ_TM_REJECTED] = "rejected",           [LQ_TM_SUCCEEDED] = "succeeded"};

static const char *const triggers[] = {[LQ_TRIGGER_NONE] = "nothing",
                                       [LQ_TRIGGER_ABORT_TASK] = "ABORT TASK",
                                       [LQ_TRIGGER_ABORT_TASK_SET] = "ABORT TASK SET",
                                       [LQ_TRIGGER_CLEAR_TASK_SET] = "CLEAR TASK SET",
                                       [LQ_TRIGGER_LOGICAL_UNIT_RESET] = "LOGICAL UNIT RESET",
                                       [LQ_TRIGGER_TARGET_WARM_RESET] = "TARGET WARM RESET",
                                       [LQ_TRIGGER_TARGET_COLD_RESET] = "TARGET COLD RESET",
                                       [LQ_TRIGGER_PREEMPT_AND_ABORT] = "PREEMPT AND ABORT",
                                       [LQ_TRIGGER_I_T_NEXUS_RESET] = "I_T NEXUS RESET",
                                       [LQ_TRIGGER_CLEAR_ACA] = "CLEAR ACA",
                                       [LQ_TRIGGER_QERR] = "QERR",
                                       [LQ_TRIGGER_NEXUS_LOSS] = "nexus loss",
                                       [LQ_TRIGGER_LOGOUT] = "logout",
                                       [LQ_TRIGGER_REINSTATEMENT] = "reinstatement"};

static const char *const phases[] = {[LQ_PHASE_SAFETY] = "safety",
                                     [LQ_PHASE_HEAL] = "heal",
                                     [LQ_PHASE_LIVENESS] = "liveness",
                                     [LQ_PHASE_END] = "end"};

static const char *const operations[] = {[1] = "read", [2] = "write", [3] = "flush"};

static const char *const pools[] = {[LQ_POOL_TASKS] = "tasks",
                                    [LQ_POOL_TASK_MANAGEMENT] = "task management functions",
                                    [LQ_POOL_TRANSPORT_COMMANDS] = "transport commands",
                                    [LQ_POOL_SESSIONS] = "sessions",
                                    [LQ_POOL_CONNECTIONS] = "connections"};

static const char *const closes[] = {[LQ_CLOSE_FIN] = "FIN of the initiator",
                                     [LQ_CLOSE_RESET] = "RST",
                                     [LQ_CLOSE_TIMEOUT] = "timeout",
                                     [LQ_CLOSE_BY_TARGET] = "by the target"};

/* The class, and of a PDU its kind, direction and size. */
static void print_fault(FILE *to, const struct lq_event *event)
{
    fprintf(to, " %s/%" PRIx64,
            event->code < LQ_FAULTS ? lq_fault_class((enum lq_fault)event->code)->name : "?",
            event->value);
    if ((event->flags & LQ_F_PDU) == 0)
        return;
    const struct lq_pdu_kind *kind = NULL;
    for (uint32_t i = 0; kind == NULL && lq_shard_pdus[i] != NULL; i++)
        kind = lq_pdu_kind_by_code(lq_shard_pdus[i], event->detail);
    fprintf(to, " of %s, %" PRIu64 " bytes, %s", kind == NULL ? "an unknown PDU" : kind->name,
            event->lba, (event->flags & LQ_F_FROM_TARGET) != 0 ? "from the target"
                                                               : "to the target");
}

static void print_task_set(FILE *to, const struct lq_event *event)
{
    if (event->kind == LQ_E_ACA)
        fprintf(to, event->code != 0 ? " established" : " cleared");
    else
        fprintf(to, " control %08" PRIx32 " caching %02" PRIx32, event->code, event->detail);
}

/* What the code and detail of this kind of record say. */
static void print_meaning(FILE *to, const struct lq_event *event)
{
    switch (event->kind) {
    case LQ_I_COMMAND:
    case LQ_E_RECEIVED:
        fprintf(to, " %s opcode %02" PRIx32 "h expects %" PRIu64 " bytes",
                NAME_IN(attributes, event->code), event->detail, event->value);
        break;
    case LQ_I_WRITE_DATA:
    case LQ_I_READ_DATA:
        fprintf(to, " content %016" PRIx64, event->value);
        break;
    case LQ_I_STATUS:
    case LQ_E_REFUSED:
        fprintf(to, " status %02" PRIx32 "h sense %06" PRIx32 "h", event->code, event->detail);
        break;
    case LQ_E_ENDED:
        if ((event->flags & LQ_F_ABORTED) != 0)
            fprintf(to, " aborted by %s", NAME_IN(triggers, event->code));
        else
            fprintf(to, " status %02" PRIx32 "h sense %06" PRIx32 "h", event->code,
                    event->detail);
        break;
    case LQ_I_TM:
    case LQ_E_TM_RECEIVED:
        fprintf(to, " %s of tag %" PRIx64 "h", NAME_IN(functions, event->code), event->value);
        break;
    case LQ_I_TM_DONE:
    case LQ_E_TM_ANSWERED:
        fprintf(to, " %s%s", NAME_IN(answers, event->code),
                (event->flags & LQ_F_QUARANTINED) != 0 ? ", orphans left" : "");
        break;
    case LQ_E_AFFECTED:
        fprintf(to, " by %s serial %" PRIu64, NAME_IN(triggers, event->code), event->value);
        break;
    case LQ_E_NEXUS_LOST:
    case LQ_E_NEXUS_ENDED:
        fprintf(to, " by %s", NAME_IN(triggers, event->code));
        break;
    case LQ_E_ACA:
    case LQ_E_MODES:
        print_task_set(to, event);
        break;
    case LQ_E_UA_ESTABLISHED:
    case LQ_E_UA_REPORTED:
    case LQ_E_UA_PUT_BACK:
    case LQ_E_UA_CLEARED:
        fprintf(to, " %02" PRIx32 "/%02" PRIx32, event->detail >> 8, event->detail & 0xff);
        break;
    case LQ_W_PHASE:
        fprintf(to, " %s", NAME_IN(phases, event->code));
        break;
    case LQ_W_FAULT:
        print_fault(to, event);
        break;
    case LQ_W_ACCOUNT:
        fprintf(to, " %s %" PRIu64 " of %" PRIu64 " free", NAME_IN(pools, event->detail),
                event->value, event->lba);
        break;
    case LQ_W_CLOSE:
        fprintf(to, " %s", NAME_IN(closes, event->code));
        break;
    case LQ_S_SUBMITTED:
    case LQ_S_EFFECT:
    case LQ_S_DURABLE:
    case LQ_S_COMPLETED:
        fprintf(to, " %s on store %" PRIu32, NAME_IN(operations, event->detail), event->code);
        if (event->kind == LQ_S_COMPLETED && event->stamp != 0)
            fprintf(to, " error %" PRIu64, event->stamp);
        break;
    default:
        if (event->code != 0)
            fprintf(to, " code %" PRIu32, event->code);
        if (event->detail != 0)
            fprintf(to, " detail %" PRIu32, event->detail);
        if (event->value != 0)
            fprintf(to, " value %" PRIx64 "h", event->value);
        break;
    }
}

static void print_names(FILE *to, const struct lq_event *event)
{
    if (event->kind >= LQ_I_COMMAND && event->kind < LQ_S_SUBMITTED)
        fprintf(to, " lun %" PRIu64, event->lun >> 48);
    if (event->tag != 0)
        fprintf(to, " tag %" PRIx64 "h", event->tag);
    if (event->serial != 0)
        fprintf(to, " serial %" PRIx64 "h", event->serial);
    if (event->stamp != 0 && event->kind != LQ_S_COMPLETED)
        fprintf(to, " stamp %" PRIu64, event->stamp);
    if (event->nblocks != 0)
        fprintf(to, " blocks %" PRIu64 "..%" PRIu64, event->lba, event->lba + event->nblocks - 1);
    if (event->nexus != 0)
        fprintf(to, " nexus %04" PRIx64, event->nexus >> 48);
    if (event->connection != 0)
        fprintf(to, " connection %" PRIu32, event->connection);
}

static void print_time(FILE *to, uint64_t time_ns)
{
    fprintf(to, "%4" PRIu64 ".%09" PRIu64 "s", time_ns / 1000000000, time_ns % 1000000000);
}

void lq_report_event(FILE *to, const struct lq_event *event, int indent)
{
    fprintf(to, "%*s", indent, "");
    print_time(to, event->time_ns);
    if (event->kind == LQ_EVENT_NONE) {
        fprintf(to, "  PDU %s the target, opcode %02" PRIx32 "h tag %" PRIx64
                    "h connection %" PRIu32 "\n",
                event->detail == LQ_TO_TARGET ? "to" : "from", event->code, event->tag,
                event->connection);
        return;
    }
    if (event->kind >= LQ_I_LOGIN && event->kind <= LQ_I_PROTOCOL)
        fprintf(to, "  initiator %-2u", (unsigned)event->actor);
    else
        fprintf(to, "  %-12s", event->kind >= LQ_S_SUBMITTED            ? "disk"
                               : event->kind >= LQ_E_NEXUS_ESTABLISHED ? "target"
                                                                       : "world");
    fprintf(to, " %-20s", lq_event_kind_name(event->kind) + 2);
    print_meaning(to, event);
    print_names(to, event);
    fputc('\n', to);
}

enum { TEXT_MAX = 512 };

void lq_report_event_text(const struct lq_event *event, char *text, size_t size)
{
    char whole[TEXT_MAX] = "";
    text[0] = '\0';
    FILE *to = fmemopen(whole, sizeof whole, "w");
    if (to == NULL)
        return;
    for (const char *at = lq_event_kind_name(event->kind) + 2; *at != '\0'; at++)
        fputc(*at == '_' ? ' ' : *at, to);
    print_meaning(to, event);
    if (event->kind >= LQ_I_COMMAND && event->kind < LQ_S_SUBMITTED && event->lun != 0)
        fprintf(to, " lun %" PRIu64, event->lun >> 48);
    if (event->tag != 0)
        fprintf(to, " itt %" PRIx64 "h", event->tag);
    if (event->nblocks != 0)
        fprintf(to, " blocks %" PRIu64 "..%" PRIu64, event->lba, event->lba + event->nblocks - 1);
    fclose(to);
    whole[sizeof whole - 1] = '\0';
    bool is_cut = strlen(whole) >= size;
    snprintf(text, size, "%.*s%s", (int)(is_cut ? size - sizeof "..." : size), whole,
             is_cut ? "..." : "");
}

static void trace_event(void *context, const struct lq_event *event)
{
    lq_report_event(context, event, 0);
}

static void print_bytes(FILE *to, const char *where, const struct lq_tap *tap)
{
    print_time(to, tap->time_ns);
    fprintf(to, "  %s %s %" PRIu32 ", %" PRIu32 " bytes:",
            tap->direction == LQ_TO_TARGET ? "------------>" : "<------------", where,
            tap->connection, tap->size_bytes);
    for (uint32_t i = 0; i < tap->size_bytes && i < 24; i++)
        fprintf(to, "%s%02x", i % 4 == 0 ? " " : "", tap->bytes[i]);
    fputs(tap->size_bytes > 24 ? " ...\n" : "\n", to);
}

static void trace_tap(void *context, const struct lq_tap *tap)
{
    print_bytes(context, "connection", tap);
}

static void trace_frame(void *context, const struct lq_tap *frame)
{
    print_bytes(context, "frame device", frame);
}

struct lq_history_sink lq_report_trace(FILE *to)
{
    return (struct lq_history_sink){
        .event = trace_event, .tap = trace_tap, .frame = trace_frame, .context = to};
}

void lq_report_plan(FILE *to, const struct lq_plan *plan)
{
    char text[81];
    fprintf(to, "seed %" PRIu64 "\n", plan->seed);
    for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
        lq_plan_option_text(plan, (enum lq_option)i, text);
        fprintf(to, "  %s\n", text);
    }
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        if (plan->odds[i] != 0)
            fprintf(to, "  fault %s %" PRIu32 " of 1000\n",
                    lq_fault_class((enum lq_fault)i)->name, plan->odds[i]);
}

static uint32_t print_zeros(FILE *to, const struct lq_counts *counts)
{
    uint32_t missing = 0;
    struct lq_total_row row;
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++) {
        if (!lq_total_row(counts, i, &row) || row.count != 0)
            continue;
        fprintf(to, "never happened%s: %s: %s\n", row.required ? "" : " (not required)",
                row.group, row.name);
        missing += row.required;
    }
    return missing;
}

uint32_t lq_report_counts(FILE *to, const struct lq_counts *counts)
{
    uint32_t missing = print_zeros(to, counts);
    const char *group = "";
    struct lq_total_row row;
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++) {
        if (!lq_total_row(counts, i, &row) || row.count == 0)
            continue;
        if (strcmp(group, row.group) != 0)
            fprintf(to, "%s\n", row.group);
        group = row.group;
        fprintf(to, "  %-40s %12" PRIu64 "\n", row.name, row.count);
    }
    return missing;
}

/* --- speed ---------------------------------------------------------------------------------- */

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

void lq_report_bench(FILE *to, int whom, uint64_t commands, bool is_unjudged)
{
    struct rusage usage;
    getrusage(whom, &usage);
    uint64_t us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
    fprintf(to, "bench: %" PRIu64 " commands, %" PRIu64 ".%03" PRIu64 " processor seconds, %" PRIu64
            " commands per processor second%s\n", commands, us / 1000000, us / 1000 % 1000,
            us == 0 ? 0 : commands * 1000000 / us, is_unjudged ? ", nobody judged" : "");
}
