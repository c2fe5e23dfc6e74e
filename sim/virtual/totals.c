/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the few commands that are alive in the engine are kept in a small array, found by the
 * engine's serial from the youngest on; their state is what the records have said so far.
 */
#include "sim/virtual/totals.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/plan.h"
#include "sim/stage/print.h"

static const struct {
    uint8_t code;
    const char *name;
} opcodes[LQ_TOTAL_OPCODES] = {
    {0x00, "TEST UNIT READY"},   {0x03, "REQUEST SENSE"},     {0x08, "READ(6)"},
    {0x0a, "WRITE(6)"},          {0x12, "INQUIRY"},           {0x1a, "MODE SENSE(6)"},
    {0x16, "RESERVE(6)"},        {0x17, "RELEASE(6)"},        {0x56, "RESERVE(10)"},
    {0x57, "RELEASE(10)"},       {0x5e, "PERSISTENT RESERVE IN"},
    {0x5f, "PERSISTENT RESERVE OUT"},
    {0x25, "READ CAPACITY(10)"}, {0x28, "READ(10)"},          {0x2a, "WRITE(10)"},
    {0x35, "SYNCHRONIZE CACHE(10)"}, {0x5a, "MODE SENSE(10)"}, {0x88, "READ(16)"},
    {0x8a, "WRITE(16)"},         {0x91, "SYNCHRONIZE CACHE(16)"}, {0x9e, "SERVICE ACTION IN(16)"},
    {0xa0, "REPORT LUNS"},       {0x2e, "WRITE AND VERIFY(10)"}, {0x2f, "VERIFY(10)"},
    {0x7f, "variable length"},   {0x8e, "WRITE AND VERIFY(16)"}, {0x8f, "VERIFY(16)"},
    {0xa8, "READ(12)"},          {0xaa, "WRITE(12)"},         {0xae, "WRITE AND VERIFY(12)"},
    {0xaf, "VERIFY(12)"},        {0x41, "WRITE SAME(10)"},    {0x42, "UNMAP"},
    {0x93, "WRITE SAME(16)"},    {0x1b, "START STOP UNIT"},
    {0x1e, "PREVENT ALLOW"},     {0x34, "PRE-FETCH(10)"},     {0x89, "COMPARE AND WRITE"},
    {0x8b, "ORWRITE(16)"},       {0x1d, "SEND DIAGNOSTIC"},   {0x37, "READ DEFECT DATA(10)"},
    {0xff, "invalid FFh"},       {0x02, "other invalid"}};

static const char *const attribute_names[] = {"SIMPLE", "ORDERED", "HEAD OF QUEUE"};

static const struct {
    uint32_t code; /* enum lq_tm_function */
    uint32_t trigger;
    const char *name;
} functions[LQ_TOTAL_FUNCTIONS] = {
    {LQ_TM_ABORT_TASK, LQ_TRIGGER_ABORT_TASK, "ABORT TASK"},
    {LQ_TM_ABORT_TASK_SET, LQ_TRIGGER_ABORT_TASK_SET, "ABORT TASK SET"},
    {LQ_TM_CLEAR_TASK_SET, LQ_TRIGGER_CLEAR_TASK_SET, "CLEAR TASK SET"},
    {LQ_TM_LOGICAL_UNIT_RESET, LQ_TRIGGER_LOGICAL_UNIT_RESET, "LOGICAL UNIT RESET"},
    {LQ_TM_TARGET_WARM_RESET, LQ_TRIGGER_TARGET_WARM_RESET, "TARGET WARM RESET"},
    {LQ_TM_TARGET_COLD_RESET, LQ_TRIGGER_TARGET_COLD_RESET, "TARGET COLD RESET"}};

static const struct {
    uint32_t trigger;
    const char *name;
} teardowns[LQ_TOTAL_TEARDOWNS] = {{LQ_TRIGGER_NEXUS_LOSS, "nexus loss"},
                                   {LQ_TRIGGER_LOGOUT, "logout"},
                                   {LQ_TRIGGER_REINSTATEMENT, "reinstatement"}};

static const char *const state_names[LQ_TOTAL_STATES] = {
    "dormant", "waiting for data", "in store", "held", "delivering", "no command"};

static const char *const quarantine_names[LQ_TOTAL_QUARANTINE] = {
    [LQ_TOTAL_ORPHANED] = "requests orphaned",
    [LQ_TOTAL_ORPHANS_ENDED] = "orphans ended",
    [LQ_TOTAL_HELD] = "commands held",
    [LQ_TOTAL_HELD_BUSY] = "held commands ended BUSY",
    [LQ_TOTAL_RELEASED] = "held commands released",
    [LQ_TOTAL_QUARANTINED_ANSWERS] = "TM answers with orphans left"};

static const struct {
    const char *name;
    bool required;
} other_names[LQ_TOTAL_OTHERS] = {
    [LQ_TOTAL_COMMANDS] = {"commands ended", true},
    [LQ_TOTAL_GOOD] = {"GOOD", true},
    [LQ_TOTAL_CHECK_CONDITION] = {"CHECK CONDITION", true},
    [LQ_TOTAL_BUSY] = {"BUSY", true},
    [LQ_TOTAL_RESERVATION_CONFLICT] = {"RESERVATION CONFLICT", true},
    [LQ_TOTAL_TASK_SET_FULL] = {"TASK SET FULL", true},
    [LQ_TOTAL_GIVEN_UP] = {"given up", true},
    [LQ_TOTAL_LOGINS] = {"logins", true},
    [LQ_TOTAL_REINSTATEMENTS] = {"reinstatements", true},
    [LQ_TOTAL_CONNECTION_REINSTATEMENTS] = {"connection reinstatements", true},
    [LQ_TOTAL_LOGINS_FAILED] = {"logins refused", false},
    [LQ_TOTAL_LOGOUTS] = {"logouts", true},
    [LQ_TOTAL_CONNECTIONS_LOST] = {"connections lost", true},
    [LQ_TOTAL_UA_POWER_ON] = {"unit attention: power on", true},
    [LQ_TOTAL_UA_RESET] = {"unit attention: reset", true},
    [LQ_TOTAL_UA_NEXUS_LOSS] = {"unit attention: nexus loss", true},
    [LQ_TOTAL_UA_CLEARED] = {"unit attention: commands cleared", true},
    [LQ_TOTAL_UA_RESERVATIONS_PREEMPTED] = {"unit attention: reservations preempted", true},
    [LQ_TOTAL_UA_RESERVATIONS_RELEASED] = {"unit attention: reservations released", true},
    [LQ_TOTAL_UA_REGISTRATIONS_PREEMPTED] = {"unit attention: registrations preempted", true},
    [LQ_TOTAL_PREEMPTED] = {"commands ended by PREEMPT AND ABORT", true},
    [LQ_TOTAL_UA_PUT_BACK] = {"unit attention put back", true},
    [LQ_TOTAL_FATES_KEPT] = {"unflushed writes kept", true},
    [LQ_TOTAL_FATES_LOST] = {"unflushed writes lost", true},
    [LQ_TOTAL_FATES_TORN] = {"unflushed writes torn", true},
    [LQ_TOTAL_RESTARTS] = {"starts of the target after its end", true},
    [LQ_TOTAL_PROTOCOL_ERRORS] = {NULL, false}};

/* --- tasks ---------------------------------------------------------------------------------- */

/* TASK has come, or moved: where it is looked for first. */
static void note_place(struct lq_totals *totals, const struct lq_total_task *task)
{
    totals->place_of[task->serial % LQ_TOTAL_TASKS] = (uint16_t)(task - totals->tasks);
}

static struct lq_total_task *task_of(struct lq_totals *totals, uint64_t serial)
{
    uint32_t place = totals->place_of[serial % LQ_TOTAL_TASKS];
    if (place < totals->task_count && totals->tasks[place].serial == serial)
        return &totals->tasks[place];
    for (uint32_t i = totals->task_count; i > 0; i--)
        if (totals->tasks[i - 1].serial == serial)
            return &totals->tasks[i - 1];
    return NULL;
}

static void drop_task(struct lq_totals *totals, uint64_t serial)
{
    struct lq_total_task *task = task_of(totals, serial);
    if (task == NULL)
        return;
    *task = totals->tasks[--totals->task_count];
    note_place(totals, task);
}

static enum lq_total_state state_of(const struct lq_total_task *task)
{
    if (task->ended)
        return LQ_STATE_DELIVERING;
    if (task->held)
        return LQ_STATE_HELD;
    if (task->in_store)
        return LQ_STATE_IN_STORE;
    return task->enabled ? LQ_STATE_WAITING_FOR_DATA : LQ_STATE_DORMANT;
}

static void received(struct lq_totals *totals, const struct lq_event *event)
{
    LQ_ASSERT(totals->task_count < LQ_TOTAL_TASKS);
    struct lq_total_task *task = &totals->tasks[totals->task_count++];
    *task = (struct lq_total_task){.serial = event->serial,
                                   .nexus = event->nexus,
                                   .lun = event->lun,
                                   .tag = event->tag,
                                   .attribute = (uint8_t)event->code};
    note_place(totals, task);
}

static void entered(struct lq_totals *totals, const struct lq_event *event)
{
    struct lq_total_task *task = task_of(totals, event->serial);
    if (task == NULL)
        return;
    for (uint32_t i = 0; i < totals->task_count; i++) {
        const struct lq_total_task *older = &totals->tasks[i];
        if (older->lba < event->lba + event->nblocks && event->lba < older->lba + older->nblocks &&
            older->in_set && !older->ended && older->unit == event->value &&
            older->attribute < LQ_TOTAL_ATTRIBUTES && task->attribute < LQ_TOTAL_ATTRIBUTES)
            totals->counts.pairs[older->attribute * LQ_TOTAL_ATTRIBUTES + task->attribute]++;
    }
    task->in_set = true;
    task->unit = event->value;
    task->lba = event->lba;
    task->nblocks = event->nblocks;
}

/* --- ends from outside ---------------------------------------------------------------------- */

static void count_trigger(struct lq_totals *totals, uint32_t trigger, enum lq_total_state state)
{
    for (uint32_t i = 0; i < LQ_TOTAL_FUNCTIONS; i++)
        if (functions[i].trigger == trigger)
            totals->counts.functions[i * LQ_TOTAL_STATES + (uint32_t)state]++;
    for (uint32_t i = 0; i < LQ_TOTAL_TEARDOWNS; i++)
        if (teardowns[i].trigger == trigger)
            totals->counts.teardowns[i * LQ_TOTAL_STATES + (uint32_t)state]++;
}

static uint32_t trigger_of_function(uint32_t code)
{
    for (uint32_t i = 0; i < LQ_TOTAL_FUNCTIONS; i++)
        if (functions[i].code == code)
            return functions[i].trigger;
    return LQ_TRIGGER_NONE;
}

static struct lq_total_tm *tm_of(struct lq_totals *totals, uint64_t serial)
{
    for (uint32_t i = 0; i < totals->tm_count; i++)
        if (totals->tms[i].serial == serial)
            return &totals->tms[i];
    return NULL;
}

static bool is_in_scope(const struct lq_event *event, const struct lq_total_task *task)
{
    switch (event->code) {
    case LQ_TM_ABORT_TASK:
        return task->nexus == event->nexus && task->tag == event->value;
    case LQ_TM_ABORT_TASK_SET:
        return task->nexus == event->nexus && task->lun == event->lun;
    case LQ_TM_CLEAR_TASK_SET:
    case LQ_TM_LOGICAL_UNIT_RESET:
        return task->lun == event->lun;
    default:
        return true;
    }
}

static void tm_received(struct lq_totals *totals, const struct lq_event *event)
{
    uint32_t trigger = trigger_of_function(event->code);
    if (totals->tm_count == LQ_TOTAL_TMS || trigger == LQ_TRIGGER_NONE)
        return;
    totals->tms[totals->tm_count++] =
        (struct lq_total_tm){.serial = event->serial, .function = event->code};
    for (uint32_t i = 0; i < totals->task_count; i++)
        if (totals->tasks[i].ended && is_in_scope(event, &totals->tasks[i]))
            count_trigger(totals, trigger, LQ_STATE_DELIVERING);
}

static void tm_answered(struct lq_totals *totals, const struct lq_event *event)
{
    if ((event->flags & LQ_F_QUARANTINED) != 0)
        totals->counts.quarantine[LQ_TOTAL_QUARANTINED_ANSWERS]++;
    struct lq_total_tm *tm = tm_of(totals, event->serial);
    if (tm == NULL)
        return;
    if (!tm->affected)
        count_trigger(totals, trigger_of_function(tm->function), LQ_STATE_ABSENT);
    *tm = totals->tms[--totals->tm_count];
}

static void affected(struct lq_totals *totals, const struct lq_event *event)
{
    if (event->code == LQ_TRIGGER_PREEMPT_AND_ABORT)
        totals->counts.others[LQ_TOTAL_PREEMPTED]++;
    const struct lq_total_task *task = task_of(totals, event->serial);
    if (task != NULL)
        count_trigger(totals, event->code, state_of(task));
    struct lq_total_tm *tm = tm_of(totals, event->value);
    if (tm != NULL)
        tm->affected = true;
}

static void nexus_lost(struct lq_totals *totals, const struct lq_event *event)
{
    bool any = false;
    for (uint32_t i = 0; i < totals->task_count; i++) {
        const struct lq_total_task *task = &totals->tasks[i];
        if (task->nexus != event->nexus)
            continue;
        any |= !task->ended;
        if (task->ended)
            count_trigger(totals, event->code, LQ_STATE_DELIVERING);
    }
    if (!any)
        count_trigger(totals, event->code, LQ_STATE_ABSENT);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void other(struct lq_totals *totals, enum lq_total_other row)
{
    totals->counts.others[row]++;
}

static void count_status(struct lq_totals *totals, const struct lq_event *event)
{
    other(totals, LQ_TOTAL_COMMANDS);
    switch (event->code) {
    case 0x00:
        other(totals, LQ_TOTAL_GOOD);
        break;
    case 0x02:
        other(totals, LQ_TOTAL_CHECK_CONDITION);
        break;
    case 0x08:
        other(totals, LQ_TOTAL_BUSY);
        break;
    case 0x18:
        other(totals, LQ_TOTAL_RESERVATION_CONFLICT);
        break;
    case 0x28:
        other(totals, LQ_TOTAL_TASK_SET_FULL);
        break;
    default:
        break;
    }
    switch (event->detail) {
    case 0x062901:
    case 0x062900:
        other(totals, LQ_TOTAL_UA_POWER_ON);
        break;
    case 0x062902:
    case 0x062903:
        other(totals, LQ_TOTAL_UA_RESET);
        break;
    case 0x062907:
        other(totals, LQ_TOTAL_UA_NEXUS_LOSS);
        break;
    case 0x062f00:
        other(totals, LQ_TOTAL_UA_CLEARED);
        break;
    case 0x062a03:
    case 0x062a04:
    case 0x062a05:
        other(totals, (enum lq_total_other)(LQ_TOTAL_UA_RESERVATIONS_PREEMPTED + event->detail -
                                            0x062a03));
        break;
    default:
        break;
    }
}

static void count_opcode(struct lq_totals *totals, const struct lq_event *event)
{
    uint32_t i = 0;
    while (i < LQ_TOTAL_OPCODES - 1 && opcodes[i].code != event->detail)
        i++;
    totals->counts.opcodes[i]++;
}

static void logged_in(struct lq_totals *totals, const struct lq_event *event)
{
    other(totals, LQ_TOTAL_LOGINS);
    if (event->actor >= LQ_TOTAL_ACTORS)
        return;
    if (totals->tsih[event->actor] == event->value)
        other(totals, LQ_TOTAL_CONNECTION_REINSTATEMENTS);
    totals->tsih[event->actor] = event->value;
}

static void task_ended(struct lq_totals *totals, const struct lq_event *event)
{
    struct lq_total_task *task = task_of(totals, event->serial);
    if (task == NULL)
        return;
    if (task->held && event->code == 0x08 && (event->flags & LQ_F_ABORTED) == 0)
        totals->counts.quarantine[LQ_TOTAL_HELD_BUSY]++;
    task->ended = true;
    task->held = false;
}

/* Records that set or clear one mark of a task. */
static void mark(struct lq_totals *totals, const struct lq_event *event)
{
    struct lq_total_task *task = task_of(totals, event->serial);
    if (task == NULL)
        return;
    switch (event->kind) {
    case LQ_E_ENABLED:
        task->enabled = true;
        break;
    case LQ_E_HELD:
        task->held = true;
        totals->counts.quarantine[LQ_TOTAL_HELD]++;
        break;
    case LQ_E_RELEASED:
        task->held = false;
        totals->counts.quarantine[LQ_TOTAL_RELEASED]++;
        break;
    default:
        task->in_store = event->kind == LQ_S_SUBMITTED;
        break;
    }
}

static void take_engine_event(struct lq_totals *totals, const struct lq_event *event)
{
    switch (event->kind) {
    case LQ_E_RECEIVED:
        received(totals, event);
        break;
    case LQ_E_REFUSED:
    case LQ_E_FREED:
        drop_task(totals, event->serial);
        break;
    case LQ_E_ENTERED:
        entered(totals, event);
        break;
    case LQ_E_ENDED:
        task_ended(totals, event);
        break;
    case LQ_E_AFFECTED:
        affected(totals, event);
        break;
    case LQ_E_TM_RECEIVED:
        tm_received(totals, event);
        break;
    case LQ_E_TM_ANSWERED:
        tm_answered(totals, event);
        break;
    case LQ_E_NEXUS_LOST:
        nexus_lost(totals, event);
        if (event->code == LQ_TRIGGER_REINSTATEMENT)
            other(totals, LQ_TOTAL_REINSTATEMENTS);
        break;
    case LQ_E_ORPHANED:
        totals->counts.quarantine[LQ_TOTAL_ORPHANED]++;
        break;
    case LQ_E_ORPHAN_ENDED:
        totals->counts.quarantine[LQ_TOTAL_ORPHANS_ENDED]++;
        break;
    case LQ_E_UA_PUT_BACK:
        other(totals, LQ_TOTAL_UA_PUT_BACK);
        break;
    default:
        mark(totals, event);
        break;
    }
}

/* With its target, all that it was doing has ended. */
static void power(struct lq_totals *totals, const struct lq_event *event)
{
    if (event->code == LQ_POWER_CUT || event->code == LQ_POWER_CRASH)
        totals->task_count = totals->tm_count = 0;
    else if (event->code == LQ_POWER_ON)
        other(totals, LQ_TOTAL_RESTARTS);
}

static void take_event(void *context, const struct lq_event *event)
{
    struct lq_totals *totals = context;
    switch (event->kind) {
    case LQ_W_FAULT:
        if (event->code < LQ_FAULTS)
            totals->counts.faults[event->code]++;
        if ((event->flags & LQ_F_PDU) != 0)
            lq_tampered_note(&totals->tampered, event);
        break;
    case LQ_W_POWER:
        power(totals, event);
        break;
    case LQ_S_FATE:
        if (event->detail >= LQ_FATE_KEPT && event->detail <= LQ_FATE_TORN)
            other(totals, (enum lq_total_other)(LQ_TOTAL_FATES_KEPT + event->detail -
                                                LQ_FATE_KEPT));
        break;
    case LQ_I_COMMAND:
        count_opcode(totals, event);
        break;
    case LQ_I_STATUS:
        count_status(totals, event);
        break;
    case LQ_I_GAVE_UP:
        other(totals, LQ_TOTAL_GIVEN_UP);
        break;
    case LQ_I_LOGGED_IN:
        logged_in(totals, event);
        break;
    case LQ_I_LOGIN_FAILED:
        other(totals, LQ_TOTAL_LOGINS_FAILED);
        break;
    case LQ_I_LOGOUT_DONE:
        other(totals, LQ_TOTAL_LOGOUTS);
        break;
    case LQ_I_LOST:
        other(totals, LQ_TOTAL_CONNECTIONS_LOST);
        break;
    case LQ_I_PROTOCOL:
        if (!lq_tampered_excuses(&totals->tampered, event))
            other(totals, LQ_TOTAL_PROTOCOL_ERRORS);
        break;
    case LQ_E_ENABLED:
    case LQ_E_HELD:
    case LQ_E_RELEASED:
    case LQ_S_SUBMITTED:
    case LQ_S_COMPLETED:
        mark(totals, event);
        break;
    default:
        if (event->kind >= LQ_E_NEXUS_ESTABLISHED && event->kind <= LQ_E_UA_CLEARED)
            take_engine_event(totals, event);
        break;
    }
}

struct lq_history_sink lq_totals_sink(struct lq_totals *totals)
{
    return (struct lq_history_sink){.event = take_event, .context = totals};
}

void lq_totals_init(struct lq_totals *totals)
{
    memset(&totals->counts, 0, sizeof totals->counts);
    lq_totals_next_run(totals);
}

void lq_totals_next_run(struct lq_totals *totals)
{
    totals->task_count = totals->tm_count = 0;
    totals->tampered.count = 0;
    totals->tampered.hits = 0;
    memset(totals->tsih, 0, sizeof totals->tsih);
    memset(totals->place_of, 0, sizeof totals->place_of);
}

/* --- rows ----------------------------------------------------------------------------------- */

static void name_pair(struct lq_total_row *row, const char *first, const char *second)
{
    struct lq_print print = lq_print_into(row->name, sizeof row->name);
    lq_print_text(&print, first);
    lq_print_text(&print, ", ");
    lq_print_text(&print, second);
}

static bool triggered_row(const uint64_t *counts, uint32_t index, const char *group,
                          const char *first, bool required, struct lq_total_row *row)
{
    uint32_t state = index % LQ_TOTAL_STATES;
    row->group = group;
    row->count = counts[index];
    row->required = required;
    name_pair(row, first, state_names[state]);
    return true;
}

static bool plain_row(const char *group, const char *name, uint64_t count, bool required,
                      struct lq_total_row *row)
{
    row->group = group;
    row->count = count;
    row->required = required;
    struct lq_print print = lq_print_into(row->name, sizeof row->name);
    lq_print_text(&print, name);
    return true;
}

static bool pair_row(const struct lq_counts *counts, uint32_t index, struct lq_total_row *row)
{
    row->group = "overlapping commands, older then younger";
    row->count = counts->pairs[index];
    row->required = true;
    name_pair(row, attribute_names[index / LQ_TOTAL_ATTRIBUTES],
              attribute_names[index % LQ_TOTAL_ATTRIBUTES]);
    return true;
}

/* The transport of the runs is told by what struck: frames, or not. */
static enum lq_transport_kind transport_of(const struct lq_counts *counts)
{
    bool is_fcp = false;
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        is_fcp |= lq_fault_class((enum lq_fault)i)->place == LQ_FAULT_PLACE_FRAME &&
                  counts->faults[i] > 0;
    return is_fcp ? LQ_OVER_FCP : LQ_OVER_ISCSI;
}

/* Of the run's own counts; what iSCSI's command window forestalls, or FCP does not have. */
static bool requires_other(const struct lq_counts *counts, enum lq_total_other row)
{
    bool is_fcp = transport_of(counts) == LQ_OVER_FCP;
    if (row == LQ_TOTAL_TASK_SET_FULL || row == LQ_TOTAL_CONNECTION_REINSTATEMENTS)
        return is_fcp == (row == LQ_TOTAL_TASK_SET_FULL);
    return other_names[row].required;
}

bool lq_total_row(const struct lq_counts *counts, uint32_t index, struct lq_total_row *row)
{
    if (index < LQ_TOTAL_OTHERS && other_names[index].name == NULL)
        return false;
    if (index < LQ_TOTAL_OTHERS)
        return plain_row("run", other_names[index].name, counts->others[index],
                         requires_other(counts, (enum lq_total_other)index), row);
    index -= LQ_TOTAL_OTHERS;
    if (index < LQ_TOTAL_OPCODES)
        return plain_row("operation code", opcodes[index].name, counts->opcodes[index], true, row);
    index -= LQ_TOTAL_OPCODES;
    if (index < LQ_TOTAL_ATTRIBUTES * LQ_TOTAL_ATTRIBUTES)
        return pair_row(counts, index, row);
    index -= LQ_TOTAL_ATTRIBUTES * LQ_TOTAL_ATTRIBUTES;
    if (index < LQ_TOTAL_FUNCTIONS * LQ_TOTAL_STATES)
        return triggered_row(counts->functions, index, "task management, state of the command",
                             functions[index / LQ_TOTAL_STATES].name,
                             transport_of(counts) == LQ_OVER_ISCSI || /* FCP has no COLD RESET */
                                 functions[index / LQ_TOTAL_STATES].code != LQ_TM_TARGET_COLD_RESET,
                             row);
    index -= LQ_TOTAL_FUNCTIONS * LQ_TOTAL_STATES;
    if (index < LQ_TOTAL_TEARDOWNS * LQ_TOTAL_STATES)
        return triggered_row(counts->teardowns, index, "teardown, state of the command",
                             teardowns[index / LQ_TOTAL_STATES].name, true, row);
    index -= LQ_TOTAL_TEARDOWNS * LQ_TOTAL_STATES;
    if (index < LQ_TOTAL_QUARANTINE)
        return plain_row("quarantine", quarantine_names[index], counts->quarantine[index], true,
                         row);
    index -= LQ_TOTAL_QUARANTINE;
    LQ_ASSERT(index < LQ_FAULTS);
    if (index == LQ_FAULT_NONE)
        return false;
    return plain_row("fault fired", lq_fault_class((enum lq_fault)index)->name,
                     counts->faults[index],
                     lq_plan_has_fault(transport_of(counts), (enum lq_fault)index), row);
}
