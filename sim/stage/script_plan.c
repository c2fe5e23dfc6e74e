/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's world as a plan: the tamest options, and what the scenario says otherwise. */
#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/script_state.h"
#include "sim/stage/workload.h"

/* The least that a scenario's target has room for. */
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
    const struct lq_scn_store *first = &scenario->stores[0];
    uint64_t *options = plan->options;
    for (uint32_t i = 0; i < sizeof options_of / sizeof options_of[0]; i++)
        if (lq_scn_has(&scenario->limits, options_of[i].limit))
            options[options_of[i].option] = scenario->limits.values[options_of[i].limit];
    options[LQ_OPT_LUNS] = scenario->targets[0].lun_count;
    options[LQ_OPT_STORES] = scenario->store_count;
    options[LQ_OPT_NEXUSES] = scenario->initiator_count;
    options[LQ_OPT_THINK] = THINK_NS; /* of those who work by themselves */
    options[LQ_OPT_BLOCK_BYTES] = lq_scn_block_bytes(first);
    options[LQ_OPT_BLOCKS] = first->size_bytes / options[LQ_OPT_BLOCK_BYTES];
}

static uint32_t at_least(uint32_t least, uint32_t number)
{
    return number < least ? least : number;
}

static void set_limits(struct lq_limits *limits, const struct lq_scenario *scenario)
{
    const struct lq_scn_values *given = &scenario->limits;
    uint32_t initiators = scenario->initiator_count;
    limits->tasks = (uint32_t)lq_scn_value(given, LQ_SCN_TASKS, limits->tasks);
    limits->tasks_per_nexus =
        (uint32_t)lq_scn_value(given, LQ_SCN_TASKS_PER_NEXUS, limits->tasks_per_nexus);
    limits->aborts = (uint32_t)lq_scn_value(given, LQ_SCN_TM_FUNCTIONS, limits->aborts);
    limits->unit_attentions =
        (uint32_t)lq_scn_value(given, LQ_SCN_UNIT_ATTENTIONS, limits->unit_attentions);
    limits->commands_per_session =
        (uint32_t)lq_scn_value(given, LQ_SCN_COMMAND_WINDOW, limits->commands_per_session);
    limits->nexuses = at_least(NEXUSES, 4 * initiators);
    limits->sessions = at_least(SESSIONS, 2 * initiators);
    limits->connections = at_least(CONNECTIONS, 5 * initiators);
    limits->targets = scenario->target_count;
    limits->units = 0;
    for (uint32_t i = 0; i < scenario->target_count; i++)
        limits->units += scenario->targets[i].lun_count;
    /* What is removed keeps its place while a request of it is out. */
    for (uint32_t i = 0; i < scenario->statement_count; i++)
        limits->units += (scenario->statements[i].kind == LQ_SCN_CHANGE &&
                          scenario->statements[i].change.kind == LQ_SCN_ADD) ||
                         (scenario->statements[i].kind == LQ_SCN_FAULT &&
                          scenario->statements[i].fault.fault == LQ_FAULT_LUN_REMOVE);
}

static struct lq_plan_unit plan_unit(const struct lq_scenario *scenario, uint32_t target,
                                     uint32_t number)
{
    const struct lq_scn_lun *lun = &scenario->targets[target].luns[number];
    const struct lq_scn_store *store = &scenario->stores[lun->store];
    return (struct lq_plan_unit){.target = (uint16_t)target,
                                 .lun = (uint16_t)number,
                                 .store = lun->store,
                                 .is_absent = lun->is_absent,
                                 .nblocks = store->size_bytes / lq_scn_block_bytes(store)};
}

static void set_units(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    plan->unit_count = 0;
    for (uint32_t t = 0; t < scenario->target_count; t++)
        for (uint32_t i = 0; i < scenario->targets[t].lun_count; i++)
            plan->units[plan->unit_count++] = plan_unit(scenario, t, i);
}

static void set_disks(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->store_count; i++) {
        const struct lq_scn_values *given = &scenario->stores[i].disk;
        struct lq_disk_options *disk = &plan->disks[i];
        disk->nblocks = lq_scn_most_bytes(&scenario->stores[i]) / disk->block_bytes;
        disk->volatile_cache = lq_scn_value(given, LQ_SCN_CACHE, LQ_SCN_WRITETHROUGH) ==
                               LQ_SCN_WRITEBACK;
        disk->write_granule_blocks = (uint32_t)lq_scn_value(given, LQ_SCN_GRANULE, 1);
        disk->is_thin = lq_scn_has(given, LQ_SCN_THIN);
        disk->is_unfenced = lq_scn_has(given, LQ_SCN_UNFENCED);
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

static enum lq_digest_offer digest(const struct lq_scn_values *given, enum lq_scn_iscsi which,
                                   enum lq_digest_offer otherwise)
{
    static const uint8_t offers[LQ_SCN_DIGESTS] = {
        [LQ_SCN_DIGEST_NONE] = LQ_DIGEST_NONE,
        [LQ_SCN_DIGEST_CRC32C] = LQ_DIGEST_CRC32C,
        [LQ_SCN_DIGEST_PREFER_NONE] = LQ_DIGEST_PREFER_NONE,
        [LQ_SCN_DIGEST_PREFER_CRC32C] = LQ_DIGEST_PREFER_CRC32C};
    if (!lq_scn_has(given, (uint32_t)which))
        return otherwise;
    return (enum lq_digest_offer)offers[given->values[which]];
}

static void set_offer(struct lq_iscsi_offer *offer, const struct lq_scn_values *given)
{
    offer->initial_r2t = lq_scn_value(given, LQ_SCN_INITIAL_R2T, offer->initial_r2t) != 0;
    offer->immediate_data = lq_scn_value(given, LQ_SCN_IMMEDIATE_DATA, offer->immediate_data) != 0;
    offer->max_burst_length = longest_burst(given, offer->max_burst_length);
    offer->first_burst_length = burst(given, offer->max_burst_length, offer->first_burst_length);
    offer->max_recv_data_segment_length = (uint32_t)lq_scn_value(
        given, LQ_SCN_MAX_SEGMENT, offer->max_recv_data_segment_length);
    offer->max_outstanding_r2t =
        (uint16_t)lq_scn_value(given, LQ_SCN_MAX_R2T, offer->max_outstanding_r2t);
    offer->header_digest = digest(given, LQ_SCN_HEADER_DIGEST, offer->header_digest);
    offer->data_digest = digest(given, LQ_SCN_DATA_DIGEST, offer->data_digest);
}

/* Each target offers its own; what all have room for is the most that one of them says. */
static void set_targets(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    struct lq_iscsi_config *config = &plan->shard.iscsi;
    const struct lq_scn_values *given = &scenario->targets[0].iscsi;
    config->target_count = scenario->target_count;
    config->target_offers = plan->offers;
    config->portal_addresses = lq_plan_addresses;
    config->portals_of_target = plan->ports_of_target;
    uint16_t most_r2t = 1;
    for (uint32_t i = 0; i < scenario->target_count; i++) {
        const struct lq_scn_target *target = &scenario->targets[i];
        plan->offers[i] = config->offer;
        set_offer(&plan->offers[i], &target->iscsi);
        if (plan->offers[i].max_outstanding_r2t > most_r2t)
            most_r2t = plan->offers[i].max_outstanding_r2t;
        plan->ports_of_target[i] = at_least(1, target->port_count);
        config->portal_count = at_least(config->portal_count, target->port_count);
    }
    config->offer = plan->offers[0];
    config->offer.max_outstanding_r2t = most_r2t;
    config->first_stat_sn = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_SN, config->first_stat_sn);
    config->first_target_transfer_tag =
        (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_TAG, config->first_target_transfer_tag);
}

static void set_ways(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    uint64_t slowest = 0, longest = 0;
    for (uint32_t i = 0; i < scenario->initiator_count; i++) {
        const struct lq_scn_initiator *initiator = &scenario->initiators[i];
        const struct lq_scn_values *link = &initiator->link;
        struct lq_plan_way *way = &plan->ways[i];
        way->target = (uint16_t)initiator->target;
        way->port = (uint16_t)initiator->port;
        lq_workload_apply(initiator, way->options);
        if (lq_scn_has(link, LQ_SCN_LINK_LATENCY))
            way->tcp.latency_min_ns = way->tcp.latency_max_ns = way->link.latency_min_ns =
                way->link.latency_max_ns = link->values[LQ_SCN_LINK_LATENCY];
        if (lq_scn_has(link, LQ_SCN_LINK_BANDWIDTH))
            way->tcp.byte_ns_x16 = way->link.byte_ns_x16 =
                16 * S / link->values[LQ_SCN_LINK_BANDWIDTH];
        way->tcp.window_bytes =
            (uint32_t)lq_scn_value(link, LQ_SCN_LINK_WINDOW, way->tcp.window_bytes);
        if (way->tcp.latency_max_ns > slowest)
            slowest = way->tcp.latency_max_ns;
        if (way->options[LQ_OPT_COMMAND_TIMEOUT] > longest)
            longest = way->options[LQ_OPT_COMMAND_TIMEOUT];
    }
    /* A login takes several round trips, and so does what follows it. */
    plan->login_timeout_ns += 20 * slowest;
    plan->tm_timeout_ns += 20 * slowest;
    plan->liveness_ns += 100 * slowest + 2 * longest;
}

/* The safety phase may last as long as the timeline, and then some. */
static uint64_t length_of(const struct lq_scenario *scenario)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < scenario->moment_count; i++) {
        const struct lq_scn_moment *moment = &scenario->moments[i];
        if (moment->kind != LQ_SCN_AT)
            at += moment->time_ns + (moment->kind == LQ_SCN_AT_PLUS ? 0 : 120 * S);
        else if (moment->time_ns > at)
            at = moment->time_ns;
    }
    return at + 600 * S;
}

void lq_plan_from_scenario(struct lq_plan *plan, const struct lq_scenario *scenario)
{
    lq_plan_tame(plan);
    plan->transport = (enum lq_transport_kind)scenario->transport;
    set_options(plan, scenario);
    lq_plan_derive(plan);
    set_limits(&plan->shard.engine.limits, scenario);
    set_targets(plan, scenario);
    lq_plan_derive_frames(plan, scenario->target_count);
    plan->fcf_select_ns = 0; /* there is but one: logins take as long as over TCP */
    plan->shard.iscsi.limits = plan->shard.engine.limits;
    set_units(plan, scenario);
    set_disks(plan, scenario);
    set_ways(plan, scenario);
    plan->safety_ns = length_of(scenario);
    LQ_ASSERT(lq_limits_check(&plan->shard.engine.limits) == NULL);
    LQ_ASSERT(lq_iscsi_config_check(&plan->shard.iscsi) == NULL);
}

void lq_script_name(const struct lq_script *script, struct lq_actor *actor)
{
    const struct lq_scn_values *given = &script->scenario->initiators[actor->number - 1].iscsi;
    if (lq_scn_has(given, LQ_SCN_ISCSI_NAME)) {
        struct lq_slice name = lq_scn_string(script->scenario, given->values[LQ_SCN_ISCSI_NAME]);
        LQ_ASSERT(name.size_bytes < sizeof actor->name);
        memcpy(actor->name, name.bytes, name.size_bytes);
        actor->name[name.size_bytes] = '\0';
    }
    if (lq_scn_has(given, LQ_SCN_ISID))
        actor->isid = UINT64_C(0x800000000000) | given->values[LQ_SCN_ISID];
}

void lq_script_login(const struct lq_script *script, const struct lq_actor *actor,
                     struct lq_iscsi_initiator_login *login)
{
    const struct lq_scn_values *given = &script->scenario->initiators[actor->number - 1].iscsi;
    struct lq_iscsi_initiator_offer *offer = &login->offer;
    if (actor->is_scripted) /* else what is not given stays as it was drawn */
        *offer = lq_iscsi_initiator_offer_default;
    offer->initial_r2t = lq_scn_value(given, LQ_SCN_INITIAL_R2T, offer->initial_r2t) != 0;
    offer->immediate_data = lq_scn_value(given, LQ_SCN_IMMEDIATE_DATA, offer->immediate_data) != 0;
    offer->max_burst_length = longest_burst(given, offer->max_burst_length);
    offer->first_burst_length = burst(given, offer->max_burst_length, offer->first_burst_length);
    offer->max_recv_data_segment_length = (uint32_t)lq_scn_value(
        given, LQ_SCN_MAX_SEGMENT, offer->max_recv_data_segment_length);
    offer->max_outstanding_r2t =
        (uint16_t)lq_scn_value(given, LQ_SCN_MAX_R2T, offer->max_outstanding_r2t);
    offer->header_digest = digest(given, LQ_SCN_HEADER_DIGEST, offer->header_digest);
    offer->data_digest = digest(given, LQ_SCN_DATA_DIGEST, offer->data_digest);
    login->first_cmd_sn = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_SN, login->first_cmd_sn);
    login->first_itt = (uint32_t)lq_scn_value(given, LQ_SCN_FIRST_TAG, login->first_itt);
    if (actor->is_scripted)
        lq_script_say(script, actor, login);
}
