/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario to text: one statement a line, in the order in which the parser reads them. */
#include "scenarios/lang/internal.h"

static void put_string(struct lq_scn_text *to, const struct lq_scenario *scenario, uint64_t value)
{
    struct lq_slice string = lq_scn_string(scenario, value);
    lq_scn_put(to, "\"");
    lq_scn_put_bytes(to, (const char *)string.bytes, string.size_bytes);
    lq_scn_put(to, "\"");
}

static void put_name_and_value(struct lq_scn_text *to, const struct lq_scenario *scenario,
                               const struct lq_scn_row *row, uint64_t value)
{
    lq_scn_put(to, row->name);
    if (row->unit == LQ_SCN_FLAG)
        return;
    lq_scn_put(to, " ");
    if (row->unit == LQ_SCN_STRING)
        put_string(to, scenario, value);
    else
        lq_scn_put_value(to, row->unit, value);
}

void lq_scn_print_clauses(struct lq_scn_text *to, const struct lq_scenario *scenario,
                          const struct lq_scn_row *rows, const struct lq_scn_values *values)
{
    for (uint32_t i = 0; rows[i].name != NULL; i++) {
        if (!lq_scn_has(values, i))
            continue;
        lq_scn_put(to, " ");
        put_name_and_value(to, scenario, &rows[i], values->values[i]);
    }
}

static void put_settings(struct lq_scn_text *to, const struct lq_scenario *scenario,
                         const struct lq_scn_row *rows, const struct lq_scn_values *values)
{
    const char *before = "{ ";
    for (uint32_t i = 0; rows[i].name != NULL; i++) {
        if (!lq_scn_has(values, i))
            continue;
        lq_scn_put(to, before);
        put_name_and_value(to, scenario, &rows[i], values->values[i]);
        before = "; ";
    }
    lq_scn_put(to, " }");
}

/* --- statements ----------------------------------------------------------------------------- */

void lq_scn_print_event(const struct lq_scenario *scenario, const struct lq_scn_event *event,
                        struct lq_scn_text *to)
{
    static const char *const suffixes[] = {[LQ_SCN_NO_EVENT] = "",
                                           [LQ_SCN_ENDED] = "",
                                           [LQ_SCN_SENT] = " sent",
                                           [LQ_SCN_FATE_KNOWN] = " fate known",
                                           [LQ_SCN_FIRED] = " fired"};
    if (event->kind < LQ_SCN_LOGIN) {
        lq_scn_put(to, scenario->statements[event->which].label);
        lq_scn_put(to, suffixes[event->kind]);
        return;
    }
    lq_scn_put(to, scenario->initiators[event->which].name);
    lq_scn_put(to, ".");
    lq_scn_put(to, lq_scn_word_of(lq_scn_initiator_events, event->kind));
    if (event->kind == LQ_SCN_GOT)
        lq_scn_put_status(to, event->status, event->sense, event->sense_mask);
}

static void put_action(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_action *action)
{
    const struct lq_scn_verb_row *row = &lq_scn_verb_rows[action->verb];
    lq_scn_put(to, scenario->initiators[action->initiator].name);
    lq_scn_put(to, " ");
    lq_scn_put(to, row->name);
    if (row->names_command) {
        lq_scn_put(to, " ");
        lq_scn_put(to, scenario->statements[action->subject].label);
    }
    lq_scn_put_login(to, scenario, action);
    if (action->verb == LQ_SCN_RAW) {
        lq_scn_put_raw(to, scenario, action);
        return;
    }
    lq_scn_put_hex_bytes(to, lq_scn_string(scenario, action->cdb));
    if (action->content != 0) {
        lq_scn_put(to, " content");
        lq_scn_put_hex_bytes(to, lq_scn_string(scenario, action->content));
    }
    struct lq_scn_values clauses = action->clauses;
    clauses.given &= ~LQ_SCN_BIT(LQ_SCN_TO);
    lq_scn_print_clauses(to, scenario, lq_scn_clause_rows, &clauses);
    if (lq_scn_has(&action->clauses, LQ_SCN_TO)) {
        lq_scn_put(to, " to ");
        lq_scn_put(to, scenario->initiators[action->clauses.values[LQ_SCN_TO]].name);
    }
}

static void put_statement(struct lq_scn_text *to, const struct lq_scenario *scenario,
                          const struct lq_scn_statement *statement)
{
    switch (statement->kind) {
    case LQ_SCN_ACTION:
        put_action(to, scenario, &statement->action);
        break;
    case LQ_SCN_FAULT:
        lq_scn_print_fault(scenario, &statement->fault, to);
        break;
    case LQ_SCN_STRIKE:
        lq_scn_print_strike(to, scenario, &statement->fault);
        break;
    case LQ_SCN_DISARM:
        lq_scn_put(to, "disarm ");
        lq_scn_put(to, scenario->statements[statement->rule].label);
        break;
    case LQ_SCN_HEAL:
        lq_scn_put(to, "heal");
        break;
    case LQ_SCN_CHANGE:
        lq_scn_put_change(to, scenario, &statement->change);
        break;
    case LQ_SCN_FABRIC:
        lq_scn_put_fabric(to, scenario, &statement->fabric);
        break;
    case LQ_SCN_EXPLORE:
        lq_scn_put(to, "explore");
        break;
    default:
        lq_scn_print_expect(scenario, &statement->expect, to);
        break;
    }
    if (statement->label[0] != '\0') {
        lq_scn_put(to, " as ");
        lq_scn_put(to, statement->label);
    }
}

static void put_moment(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_moment *moment)
{
    static const char *const headings[] = {[LQ_SCN_AT] = "at ",
                                           [LQ_SCN_AT_PLUS] = "at +",
                                           [LQ_SCN_AFTER] = "after ",
                                           [LQ_SCN_WHEN] = "when ",
                                           [LQ_SCN_WHEN_EVERY] = "when every "};
    lq_scn_put(to, headings[moment->kind]);
    if (moment->kind < LQ_SCN_AFTER) {
        lq_scn_put_value(to, LQ_SCN_DURATION, moment->time_ns);
        return;
    }
    lq_scn_print_event(scenario, &moment->event, to);
    if (moment->time_ns != 0) {
        lq_scn_put(to, " +");
        lq_scn_put_value(to, LQ_SCN_DURATION, moment->time_ns);
    }
}

void lq_scenario_print_statement(const struct lq_scenario *scenario, uint32_t place,
                                 char text[LQ_SCN_LINE_MAX])
{
    struct lq_scn_text to = lq_scn_text_into(text, LQ_SCN_LINE_MAX);
    put_statement(&to, scenario, &scenario->statements[place]);
}

void lq_scenario_print_moment(const struct lq_scenario *scenario, uint32_t place,
                              char text[LQ_SCN_LINE_MAX])
{
    struct lq_scn_text to = lq_scn_text_into(text, LQ_SCN_LINE_MAX);
    put_moment(&to, scenario, &scenario->moments[place]);
}

/* --- the file ------------------------------------------------------------------------------- */

static void put_heading(struct lq_scn_text *to, const struct lq_scenario *scenario)
{
    lq_scn_put(to, "scenario \"");
    lq_scn_put(to, scenario->title);
    lq_scn_put(to, "\"\n");
    for (uint32_t i = 0; i < scenario->requires_count; i++) {
        lq_scn_put(to, i == 0 ? "requires " : ", ");
        lq_scn_put(to, scenario->requires[i]);
    }
    lq_scn_put(to, scenario->requires_count > 0 ? "\n" : "");
    lq_scn_put(to, "transport ");
    lq_scn_put(to, lq_scenario_transport_name(scenario->transport));
    lq_scn_put(to, "\n");
    if (scenario->limits.given != 0) {
        lq_scn_put(to, "limits ");
        put_settings(to, scenario, lq_scn_limit_rows, &scenario->limits);
        lq_scn_put(to, "\n");
    }
}

/* SIZE { ... } */
static void put_store(struct lq_scn_text *to, const struct lq_scenario *scenario,
                      const struct lq_scn_store *store)
{
    lq_scn_put_value(to, LQ_SCN_SIZE, store->size_bytes);
    if (store->disk.given != 0) {
        lq_scn_put(to, " ");
        put_settings(to, scenario, lq_scn_disk_rows, &store->disk);
    }
    lq_scn_put(to, "\n");
}

static void put_disks(struct lq_scn_text *to, const struct lq_scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->store_count; i++) {
        const struct lq_scn_store *store = &scenario->stores[i];
        if (store->name[0] == '\0')
            continue;
        lq_scn_put(to, "disk ");
        lq_scn_put(to, store->name);
        lq_scn_put(to, " ");
        put_store(to, scenario, store);
    }
}

static void put_lun(struct lq_scn_text *to, const struct lq_scenario *scenario, uint32_t number,
                    const struct lq_scn_lun *lun)
{
    const struct lq_scn_store *store = &scenario->stores[lun->store];
    lq_scn_put(to, "    lun ");
    lq_scn_put_number(to, number);
    lq_scn_put(to, lun->is_absent ? " absent" : "");
    if (store->name[0] == '\0') {
        lq_scn_put(to, " disk ");
        put_store(to, scenario, store);
        return;
    }
    lq_scn_put(to, " on ");
    lq_scn_put(to, store->name);
    lq_scn_put(to, "\n");
}

static void put_target(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_target *target)
{
    lq_scn_put(to, "target ");
    lq_scn_put(to, target->name);
    lq_scn_put(to, " {\n");
    if (target->iscsi.given != 0) {
        lq_scn_put(to, "    iscsi ");
        put_settings(to, scenario, lq_scn_target_iscsi_rows, &target->iscsi);
        lq_scn_put(to, "\n");
    }
    for (uint32_t i = 0; i < target->port_count; i++) {
        lq_scn_put(to, "    port ");
        lq_scn_put(to, target->ports[i]);
        lq_scn_put(to, "\n");
    }
    for (uint32_t i = 0; i < target->lun_count; i++)
        put_lun(to, scenario, i, &target->luns[i]);
    lq_scn_put(to, "}\n");
}

static void put_workload(struct lq_scn_text *to, const struct lq_scn_initiator *initiator)
{
    lq_scn_put(to, initiator->setting_count > 0 ? " workload { " : " workload;");
    for (uint32_t i = 0; i < initiator->setting_count; i++) {
        lq_scn_put(to, i == 0 ? "" : "; ");
        lq_scn_put_named(to, &initiator->settings[i]);
    }
    lq_scn_put(to, initiator->setting_count > 0 ? " };" : "");
}

static void put_initiator(struct lq_scn_text *to, const struct lq_scenario *scenario,
                          const struct lq_scn_initiator *initiator)
{
    lq_scn_put(to, "initiator ");
    lq_scn_put(to, initiator->name);
    lq_scn_put(to, " -> ");
    const struct lq_scn_target *target = &scenario->targets[initiator->target];
    lq_scn_put(to, target->name);
    if (target->port_count > 0) {
        lq_scn_put(to, " port ");
        lq_scn_put(to, target->ports[initiator->port]);
    }
    bool has_block = initiator->works || initiator->link.given != 0 || initiator->iscsi.given != 0;
    if (has_block)
        lq_scn_put(to, " {");
    if (initiator->works)
        put_workload(to, initiator);
    if (initiator->link.given != 0) {
        lq_scn_put(to, " link ");
        put_settings(to, scenario, lq_scn_link_rows, &initiator->link);
    }
    if (initiator->iscsi.given != 0) {
        lq_scn_put(to, " iscsi ");
        put_settings(to, scenario, lq_scn_initiator_iscsi_rows, &initiator->iscsi);
    }
    lq_scn_put(to, has_block ? " }\n" : "\n");
}

bool lq_scenario_print(const struct lq_scenario *scenario, char *text, uint32_t size_bytes)
{
    struct lq_scn_text to = lq_scn_text_into(text, size_bytes);
    put_heading(&to, scenario);
    if (scenario->swarm.is_given) {
        lq_scn_print_swarm(&scenario->swarm, &to);
        return !to.overflowed;
    }
    lq_scn_put(&to, "\n");
    put_disks(&to, scenario);
    for (uint32_t i = 0; i < scenario->target_count; i++)
        put_target(&to, scenario, &scenario->targets[i]);
    for (uint32_t i = 0; i < scenario->initiator_count; i++)
        put_initiator(&to, scenario, &scenario->initiators[i]);
    uint32_t next = 0;
    for (uint32_t moment = 0; moment < scenario->moment_count; moment++) {
        lq_scn_put(&to, "\n");
        put_moment(&to, scenario, &scenario->moments[moment]);
        lq_scn_put(&to, "\n");
        for (; next < scenario->statement_count && scenario->statements[next].moment == moment;
             next++) {
            lq_scn_put(&to, "    ");
            put_statement(&to, scenario, &scenario->statements[next]);
            lq_scn_put(&to, "\n");
        }
    }
    return !to.overflowed;
}
