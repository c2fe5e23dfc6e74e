/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's world as a plan: the tamest options, and what the scenario says otherwise. */
#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/script_state.h"

enum { THINK_NS = 2000000, NEXUSES = 16, SESSIONS = 12, CONNECTIONS = 30 };

#define S UINT64_C(1000000000)

/* Limits that are options, and their option. */
static const struct {
    enum lq_scn_limit limit;
    enum lq_option option;
} options_of[] = {{LQ_SCN_QUARANTINE_AFTER, LQ_OPT_QUARANTINE_AFTER},
                  {LQ_SCN_LOGIN_QUARANTINE_AFTER, LQ_OPT_LOGIN_QUARANTINE_AFTER},
                  {LQ_SCN_BUSY_AFTER, LQ_OPT_BUSY_AFTER},
                  {LQ_SCN_LOGIN_TIMEOUT, LQ_OPT_LOGIN_TIMEOUT},
                  {LQ_SCN_DATA_TIMEOUT, LQ_OPT_DATA_TIMEOUT},
                  {LQ_SCN_NOP_INTERVAL, LQ_OPT_NOP_INTERVAL}};

static void set_options(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    const struct lq_scn_target *target = &scenario->target;
    uint64_t *options = plan->options;
    for (uint32_t i = 0; i < sizeof options_of / sizeof options_of[0]; i++)
        if (lq_scn_has(&scenario->limits, options_of[i].limit))
            options[options_of[i].option] = scenario->limits.values[options_of[i].limit];
    options[LQ_OPT_LUNS] = options[LQ_OPT_STORES] = target->lun_count;
    options[LQ_OPT_NEXUSES] = scenario->initiator_count;
    options[LQ_OPT_THINK] = THINK_NS; /* of those who work by themselves */
    options[LQ_OPT_BLOCK_BYTES] = lq_scn_value(&target->luns[0].disk, LQ_SCN_BLOCK, 512);
    options[LQ_OPT_BLOCKS] = target->luns[0].size_bytes / options[LQ_OPT_BLOCK_BYTES];
}

static void set_limits(struct lq_limits *limits, const struct lq_scn_values *given)
{
    limits->tasks = (uint32_t)lq_scn_value(given, LQ_SCN_TASKS, limits->tasks);
    limits->tasks_per_nexus =
        (uint32_t)lq_scn_value(given, LQ_SCN_TASKS_PER_NEXUS, limits->tasks_per_nexus);
    limits->aborts = (uint32_t)lq_scn_value(given, LQ_SCN_TM_FUNCTIONS, limits->aborts);
    limits->unit_attentions =
        (uint32_t)lq_scn_value(given, LQ_SCN_UNIT_ATTENTIONS, limits->unit_attentions);
    limits->commands_per_session =
        (uint32_t)lq_scn_value(given, LQ_SCN_COMMAND_WINDOW, limits->commands_per_session);
    limits->nexuses = NEXUSES;
    limits->sessions = SESSIONS;
    limits->connections = CONNECTIONS;
}

static void set_disks(struct lq_plan *plan, const struct lq_scn_target *target)
{
    for (uint32_t i = 0; i < target->lun_count; i++) {
        const struct lq_scn_values *given = &target->luns[i].disk;
        struct lq_disk_options *disk = &plan->disks[i];
        disk->nblocks = target->luns[i].size_bytes / disk->block_bytes;
        disk->volatile_cache = lq_scn_value(given, LQ_SCN_CACHE, LQ_SCN_WRITETHROUGH) ==
                               LQ_SCN_WRITEBACK;
        disk->write_granule_blocks = (uint32_t)lq_scn_value(given, LQ_SCN_GRANULE, 1);
        disk->latency_min_ns = lq_scn_value(given, LQ_SCN_LATENCY, disk->latency_min_ns);
        if (disk->latency_max_ns < disk->latency_min_ns)
            disk->latency_max_ns = disk->latency_min_ns;
    }
}

/* Keys that are not given are as OFFER has them, cut down to fit those that are. */
static uint32_t burst(const struct lq_scn_values *given, uint32_t longest, uint32_t otherwise)
{
    if (lq_scn_has(given, LQ_SCN_FIRST_BURST))
        return (uint32_t)given->values[LQ_SCN_FIRST_BURST];
    return otherwise < longest ? otherwise : longest;
}

static uint32_t longest_burst(const struct lq_scn_values *given, uint32_t otherwise)
{
    uint64_t first = lq_scn_value(given, LQ_SCN_FIRST_BURST, 0);
    return (uint32_t)lq_scn_value(given, LQ_SCN_MAX_BURST, first > otherwise ? first : otherwise);
}

static void set_target(struct lq_iscsi_config *config, const struct lq_scn_values *given)
{
    struct lq_iscsi_offer *offer = &config->offer;
    offer->initial_r2t = lq_scn_value(given, LQ_SCN_INITIAL_R2T, offer->initial_r2t) != 0;
    offer->immediate_data = lq_scn_value(given, LQ_SCN_IMMEDIATE_DATA, offer->immediate_data) != 0;
    offer->max_burst_length = longest_burst(given, offer->max_burst_length);
    offer->first_burst_length = burst(given, offer->max_burst_length, offer->first_burst_length);
    offer->max_recv_data_segment_length = (uint32_t)lq_scn_value(
        given, LQ_SCN_MAX_SEGMENT, offer->max_recv_data_segment_length);
    offer->max_outstanding_r2t =
        (uint16_t)lq_scn_value(given, LQ_SCN_MAX_R2T, offer->max_outstanding_r2t);
    config->first_stat_sn = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_SN, config->first_stat_sn);
    config->first_target_transfer_tag =
        (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_TAG, config->first_target_transfer_tag);
}

/* The safety phase may last as long as the timeline, and then some. */
static uint64_t length_of(const struct lq_scenario *scenario)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < scenario->moment_count; i++) {
        const struct lq_scn_moment *moment = &scenario->moments[i];
        if (moment->kind != LQ_SCN_AT)
            at += moment->time_ns + (moment->kind == LQ_SCN_AFTER ? 120 * S : 0);
        else if (moment->time_ns > at)
            at = moment->time_ns;
    }
    return at + 600 * S;
}

void lq_plan_from_scenario(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    lq_plan_tame(plan);
    set_options(plan, scenario);
    lq_plan_derive(plan);
    set_limits(&plan->shard.engine.limits, &scenario->limits);
    set_target(&plan->shard.iscsi, &scenario->target.iscsi);
    plan->shard.iscsi.limits = plan->shard.engine.limits;
    set_disks(plan, &scenario->target);
    plan->safety_ns = length_of(scenario);
    LQ_ASSERT(lq_limits_check(&plan->shard.engine.limits) == NULL);
    LQ_ASSERT(lq_iscsi_config_check(&plan->shard.iscsi) == NULL);
}

void lq_script_name(const struct lq_script *script, struct lq_actor *actor)
{
    const struct lq_scn_initiator *initiator = &script->scenario->initiators[actor->number - 1];
    if (initiator->iqn[0] != '\0')
        memcpy(actor->name, initiator->iqn, sizeof initiator->iqn);
    if (initiator->has_isid)
        actor->isid = UINT64_C(0x800000000000) | initiator->isid;
}

bool lq_script_works(const struct lq_script *script, uint32_t number)
{
    return number > 0 && number <= script->scenario->initiator_count &&
           script->scenario->initiators[number - 1].works;
}

void lq_script_login(const struct lq_script *script, const struct lq_actor *actor,
                     struct lq_iscsi_initiator_login *login)
{
    const struct lq_scn_values *given = &script->scenario->initiators[actor->number - 1].iscsi;
    struct lq_iscsi_initiator_offer *offer = &login->offer;
    *offer = lq_iscsi_initiator_offer_default;
    offer->initial_r2t = lq_scn_value(given, LQ_SCN_INITIAL_R2T, offer->initial_r2t) != 0;
    offer->immediate_data = lq_scn_value(given, LQ_SCN_IMMEDIATE_DATA, offer->immediate_data) != 0;
    offer->max_burst_length = longest_burst(given, offer->max_burst_length);
    offer->first_burst_length = burst(given, offer->max_burst_length, offer->first_burst_length);
    offer->max_recv_data_segment_length = (uint32_t)lq_scn_value(
        given, LQ_SCN_MAX_SEGMENT, offer->max_recv_data_segment_length);
    offer->max_outstanding_r2t =
        (uint16_t)lq_scn_value(given, LQ_SCN_MAX_R2T, offer->max_outstanding_r2t);
    login->first_cmd_sn = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_SN, login->first_cmd_sn);
    login->first_itt = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_TAG, login->first_itt);
}
