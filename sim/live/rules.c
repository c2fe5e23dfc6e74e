/* SPDX-License-Identifier: Apache-2.0 */
/* The guest is there to know the time. */
#include "sim/live/rules.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/choice.h"
#include "core/base/heap.h"
#include "sim/live/loop.h"

enum { PARCELS = 48, SEED = 1 /* of rules with odds */ };

struct lq_live_rules {
    uint64_t now_ns;
    struct lq_choice_seeded choice;
    struct lq_faults faults;
    struct lq_fault_rules rules;
    struct lq_fault_rule table[LQ_SCN_STATEMENTS_MAX];
    void *memory; /* of the filter */
    uint64_t memory_bytes;
    struct lq_filter *filter;
    struct lq_loop_guest guest;
    uint32_t connections; /* so far */
};

/* --- the guest -------------------------------------------------------------------------------- */

static void set_now(void *context, uint64_t now_ns)
{
    ((struct lq_live_rules *)context)->now_ns = now_ns;
}

static uint64_t deadline(const void *context)
{
    (void)context;
    return LQ_NEVER;
}

static void turn(void *context)
{
    (void)context;
}

static struct lq_live_peer accepted(void *context, int fd)
{
    (void)fd;
    return (struct lq_live_peer){.number = ++((struct lq_live_rules *)context)->connections};
}

/* --- life ------------------------------------------------------------------------------------- */

static uint32_t nobody(void *context, uint32_t connection)
{
    (void)context, (void)connection;
    return 0;
}

static void arm(struct lq_live_rules *rules, const struct lq_scenario *scenario,
                struct lq_history *history)
{
    rules->now_ns = lq_live_now_ns();
    lq_choice_seeded_init(&rules->choice, SEED);
    lq_faults_init(&rules->faults, &rules->choice.choice, history, &rules->now_ns);
    for (uint32_t i = 0; i < scenario->statement_count; i++) {
        const struct lq_scn_fault *fault = &scenario->statements[i].fault;
        rules->table[i] = lq_scenario_rule(
            fault, lq_scenario_table(lq_shard_pdus, scenario->transport));
        lq_scenario_arm(&rules->table[i], fault, rules->now_ns);
    }
    rules->rules = (struct lq_fault_rules){
        .rules = rules->table, .count = scenario->statement_count, .actor_of = nobody};
    lq_faults_follow(&rules->faults, &rules->rules, 0);
}

static bool make_filter(struct lq_live_rules *rules, const struct lq_limits *limits)
{
    const struct lq_filter_config config = {
        .connections = limits->connections,
        .parcels = PARCELS,
        .pdu_bytes = limits->segment_bytes_max + LQ_FILTER_AROUND_BYTES};
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    (void)lq_filter_make(&arena, &config, &rules->faults);
    uint64_t bytes = arena.used_bytes;
    void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    if (memory == MAP_FAILED)
        return false;
    rules->memory = memory;
    rules->memory_bytes = bytes;
    lq_arena_init(&arena, memory, bytes);
    rules->filter = lq_filter_make(&arena, &config, &rules->faults);
    return true;
}

struct lq_live_rules *lq_live_rules_make(const struct lq_scenario *scenario,
                                         const struct lq_limits *limits,
                                         struct lq_history *history)
{
    struct lq_live_rules *rules = calloc(1, sizeof *rules);
    if (rules == NULL)
        return NULL;
    rules->guest = (struct lq_loop_guest){set_now, deadline, turn, accepted, rules};
    arm(rules, scenario, history);
    if (make_filter(rules, limits))
        return rules;
    lq_live_rules_free(rules);
    return NULL;
}

void lq_live_rules_free(struct lq_live_rules *rules)
{
    if (rules->memory != NULL)
        munmap(rules->memory, (size_t)rules->memory_bytes);
    free(rules);
}

struct lq_filter *lq_live_rules_filter(struct lq_live_rules *rules)
{
    return rules->filter;
}

const struct lq_loop_guest *lq_live_rules_guest(const struct lq_live_rules *rules)
{
    return &rules->guest;
}

const struct lq_fault_rule *lq_live_rules_table(const struct lq_live_rules *rules)
{
    return rules->table;
}
