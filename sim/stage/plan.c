/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/plan.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "proto/fcoe/enode.h"
#include "sim/stage/print.h"

const char *const lq_plan_target_names[LQ_PLAN_TARGETS_MAX] = {
    "iqn.2026-11.org.lunquake:t0", "iqn.2026-11.org.lunquake:t1", "iqn.2026-11.org.lunquake:t2",
    "iqn.2026-11.org.lunquake:t3"};
const char *const lq_plan_addresses[LQ_PLAN_PORTS_MAX] = {"192.0.2.1:3260", "192.0.2.2:3260",
                                                          "192.0.2.3:3260", "192.0.2.4:3260"};

enum { SPARE_UNITS = 2 };

enum { FAULT_ARMED_IN = 4, ADMINISTERS_IN = 3, SITE_FAULT_ARMED = 1000, SITE_FAULT_ODDS = 2000,
       SITE_MEDDLES = 3000, /* whether the network meddles with PDUs */
       SITE_ADMINISTERS     /* whether LUNs change */ };

/* Short names for the table. */
#define UNIT_COUNT LQ_UNIT_COUNT
#define UNIT_BYTES LQ_UNIT_BYTES
#define UNIT_BLOCKS LQ_UNIT_BLOCKS
#define UNIT_TIME LQ_UNIT_TIME
#define UNIT_OF_16 LQ_UNIT_OF_16
#define UNIT_OF_64 LQ_UNIT_OF_64

#define NEAR_WRAP (UINT32_MAX - 2)
#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

static const struct lq_plan_option_row rows[LQ_OPTIONS] = {
    [LQ_OPT_LUNS] = {"luns", UNIT_COUNT, 4, {1, 2, 2, 3}},
    [LQ_OPT_STORES] = {"stores", UNIT_COUNT, 2, {1, 2}},
    [LQ_OPT_NEXUSES] = {"nexuses", UNIT_COUNT, 4, {2, 3, 4, 3}},
    [LQ_OPT_SHARED_NAME] = {"shared-name", UNIT_COUNT, 2, {0, 1}},
    [LQ_OPT_LIMITS] = {"limits", UNIT_COUNT, 4, {0, 0, 1, 2}},
    [LQ_OPT_BLOCK_BYTES] = {"block-bytes", UNIT_BYTES, 6, {512, 512, 512, 4096, 1024, 2048}},
    [LQ_OPT_BLOCKS] = {"blocks", UNIT_BLOCKS, 4,
                       {4096, 65536, UINT64_C(0x100000001), UINT64_C(1) << 34}},
    [LQ_OPT_PHYSICAL_EXPONENT] = {"physical-exponent", UNIT_COUNT, 4, {0, 3, 0, 1}},
    [LQ_OPT_WRITE_GRANULE] = {"write-granule", UNIT_BLOCKS, 4, {1, 1, 4, 8}},
    [LQ_OPT_VOLATILE_CACHE] = {"volatile-cache", UNIT_COUNT, 2, {0, 1}},
    [LQ_OPT_DISK_LATENCY] = {"disk-latency", UNIT_TIME, 4, {100 * US, 500 * US, 3 * MS, 20 * MS}},
    [LQ_OPT_HANG] = {"hang", UNIT_TIME, 4, {1 * S, 300 * MS, 5 * S, 20 * S}},
    [LQ_OPT_QUARANTINE_AFTER] = {"quarantine-after", UNIT_TIME, 6,
                                 {3 * S, 100 * MS, 1 * S, 300 * MS, 20 * MS, LQ_DURATION_NEVER}},
    [LQ_OPT_LOGIN_QUARANTINE_AFTER] = {"login-quarantine-after", UNIT_TIME, 6,
                                       {0, 0, 0, 200 * MS, 2 * S, LQ_DURATION_NEVER}},
    [LQ_OPT_BUSY_AFTER] = {"busy-after", UNIT_TIME, 5,
                           {10 * S, 50 * MS, 500 * MS, 200 * MS, LQ_DURATION_NEVER}},
    [LQ_OPT_LOGIN_TIMEOUT] = {"login-timeout", UNIT_TIME, 2, {15 * S, 2 * S}},
    [LQ_OPT_DATA_TIMEOUT] = {"data-timeout", UNIT_TIME, 3, {30 * S, 2 * S, 5 * S}},
    [LQ_OPT_NOP_INTERVAL] = {"nop-interval", UNIT_TIME, 4, {0, 30 * S, 1 * S, 200 * MS}},
    [LQ_OPT_TARGET_SEGMENT] = {"target-segment", UNIT_BYTES, 4, {16384, 8192, 512, 1020}},
    [LQ_OPT_TARGET_BURST] = {"target-burst", UNIT_BYTES, 4, {65536, 16384, 2048, 4000}},
    [LQ_OPT_TARGET_R2T] = {"target-r2t", UNIT_COUNT, 4, {1, 1, 2, 4}},
    [LQ_OPT_NEAR_WRAP] = {"near-wrap", UNIT_COUNT, 3, {0, 0, 1}},
    [LQ_OPT_NET_LATENCY] = {"net-latency", UNIT_TIME, 4, {50 * US, 200 * US, 1 * MS, 10 * MS}},
    [LQ_OPT_NET_BYTE_TIME] = {"net-byte-time", UNIT_COUNT, 3, {0, 13, 128}},
    [LQ_OPT_NET_WINDOW] = {"net-window", UNIT_BYTES, 4, {65536, 16384, 4096, 8192}},
    [LQ_OPT_DEPTH] = {"depth", UNIT_COUNT, 5, {4, 1, 8, 16, 8}},
    [LQ_OPT_THINK] = {"think", UNIT_TIME, 4, {0, 200 * US, 2 * MS, 20 * MS}},
    [LQ_OPT_HOT_BLOCKS] = {"hot-blocks", UNIT_BLOCKS, 4, {16, 4, 64, 8}},
    [LQ_OPT_HOT_ODDS] = {"hot-odds", UNIT_OF_16, 4, {12, 16, 8, 15}},
    [LQ_OPT_COMMAND_BLOCKS] = {"command-blocks", UNIT_BLOCKS, 4, {8, 1, 16, 4}},
    [LQ_OPT_WRITES] = {"writes", UNIT_OF_16, 4, {8, 4, 12, 8}},
    [LQ_OPT_OTHERS] = {"others", UNIT_OF_64, 3, {8, 2, 24}},
    [LQ_OPT_BAD] = {"bad", UNIT_OF_64, 4, {0, 2, 4, 8}},
    [LQ_OPT_TM] = {"tm", UNIT_OF_64, 6, {0, 1, 2, 3, 6, 2}},
    [LQ_OPT_RESETS] = {"resets", UNIT_OF_16, 4, {0, 4, 2, 8}},
    [LQ_OPT_ORDERED] = {"ordered", UNIT_OF_16, 4, {0, 2, 4, 8}},
    [LQ_OPT_HEAD_OF_QUEUE] = {"head-of-queue", UNIT_OF_16, 4, {0, 1, 2, 4}},
    [LQ_OPT_COMMAND_TIMEOUT] = {"command-timeout", UNIT_TIME, 4, {8 * S, 1 * S, 3 * S, 30 * S}},
    [LQ_OPT_NEW_ISID] = {"new-isid", UNIT_OF_16, 3, {0, 2, 6}},
    [LQ_OPT_DIGESTS] = {"digests", UNIT_COUNT, 8, {0, 3, 0, 1, 0, 2, 0, 3}},
    [LQ_OPT_RESERVATIONS] = {"reservations", UNIT_OF_64, 8, {0, 0, 0, 0, 0, 2, 6, 12}},
    [LQ_OPT_RESERVES] = {"reserves", UNIT_OF_64, 8, {0, 0, 0, 0, 0, 0, 1, 3}},
    [LQ_OPT_NACA] = {"naca", UNIT_OF_64, 8, {0, 0, 0, 0, 0, 2, 8, 24}},
    [LQ_OPT_MODE_SELECTS] = {"mode-selects", UNIT_OF_64, 8, {0, 0, 0, 0, 0, 1, 2, 4}},
    [LQ_OPT_FENCE_WAITS] = {"fence-waits", UNIT_COUNT, 2, {0, 1}},
    [LQ_OPT_THIN] = {"thin", UNIT_COUNT, 2, {0, 1}},
    [LQ_OPT_APTPL] = {"aptpl", UNIT_OF_16, 4, {0, 4, 12, 15}},
};

const struct lq_plan_option_row *lq_plan_option_row(enum lq_option option)
{
    LQ_ASSERT(option < LQ_OPTIONS);
    return &rows[option];
}

static uint64_t draw(struct lq_choice *choice, uint32_t site, uint64_t n)
{
    return lq_choose(choice, LQ_STREAM_PLAN, site, 0, n);
}

static void draw_options(struct lq_plan *plan, struct lq_choice *choice)
{
    for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
        LQ_ASSERT(rows[i].count > 0 && rows[i].count <= LQ_OPTION_VALUES_MAX);
        plan->options[i] = rows[i].values[draw(choice, i + 1, rows[i].count)];
    }
    /* A network of loopback speed with deep queues and a slow disk would only fill memory. */
    if (plan->options[LQ_OPT_STORES] > plan->options[LQ_OPT_LUNS])
        plan->options[LQ_OPT_STORES] = plan->options[LQ_OPT_LUNS];
    bool meddles = draw(choice, SITE_MEDDLES, 2) == 1;
    bool administers = draw(choice, SITE_ADMINISTERS, ADMINISTERS_IN) == 1;
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        const struct lq_fault_class *row = lq_fault_class((enum lq_fault)i);
        bool is_admin = i >= LQ_FAULT_LUN_REMOVE && i <= LQ_FAULT_LUN_ACCESS;
        if (!lq_plan_has_fault(plan->transport, (enum lq_fault)i) ||
            (row->place == LQ_FAULT_PLACE_PDU && !meddles) || (is_admin && !administers))
            continue;
        bool armed = draw(choice, SITE_FAULT_ARMED + i, FAULT_ARMED_IN) == 1;
        plan->odds[i] = armed ? 1 + (uint32_t)draw(choice, SITE_FAULT_ODDS + i, row->odds_max) : 0;
    }
}

/* tasks, tasks per nexus, TM functions, commands per session, unit attentions, buffer */
static const uint32_t limits_by_size[3][6] = {
    {64, 32, 16, 32, 8, 32768}, {12, 6, 4, 8, 4, 16384}, {4, 2, 2, 2, 2, 8192}};

static void make_limits(const struct lq_plan *plan, struct lq_limits *limits)
{
    const uint32_t *sizes = limits_by_size[plan->options[LQ_OPT_LIMITS]];
    uint32_t nexuses = (uint32_t)plan->options[LQ_OPT_NEXUSES];
    *limits = lq_limits_virtual;
    limits->targets = 1;
    /* What is removed keeps its place while a request of it is out. */
    limits->units = (uint32_t)plan->options[LQ_OPT_LUNS] + SPARE_UNITS;
    limits->stores = (uint32_t)plan->options[LQ_OPT_STORES];
    limits->tasks = sizes[0];
    limits->tasks_per_nexus = sizes[1];
    limits->aborts = sizes[2];
    limits->commands_per_session = sizes[3];
    limits->unit_attentions = sizes[4];
    limits->transfer_bytes_max = sizes[5];
    limits->nexuses = nexuses * 4;
    limits->sessions = nexuses * 2;
    limits->connections = nexuses * 5;
    limits->segment_bytes_max = 16384;
    limits->login_text_bytes_max = 8192;
}

static void make_iscsi(const struct lq_plan *plan, struct lq_iscsi_config *config)
{
    const uint64_t *options = plan->options;
    *config = lq_iscsi_config_default;
    config->target_count = 1;
    config->target_names = lq_plan_target_names;
    config->login_timeout_ns = options[LQ_OPT_LOGIN_TIMEOUT];
    config->data_timeout_ns = options[LQ_OPT_DATA_TIMEOUT];
    config->nop_interval_ns = options[LQ_OPT_NOP_INTERVAL];
    config->nop_timeout_ns = 5 * S;
    if (options[LQ_OPT_NEAR_WRAP]) {
        config->first_stat_sn = config->first_target_transfer_tag = UINT32_MAX - 20;
        config->first_tsih = UINT16_MAX - 1;
        config->first_generation = NEAR_WRAP;
    }
    struct lq_iscsi_offer *offer = &config->offer;
    offer->max_recv_data_segment_length = (uint32_t)options[LQ_OPT_TARGET_SEGMENT];
    offer->max_burst_length = (uint32_t)options[LQ_OPT_TARGET_BURST];
    offer->first_burst_length = offer->max_burst_length / 2;
    if (offer->first_burst_length < 512)
        offer->first_burst_length = 512;
    offer->max_outstanding_r2t = (uint16_t)options[LQ_OPT_TARGET_R2T];
    offer->header_digest = offer->data_digest = LQ_DIGEST_PREFER_NONE;
}

static void make_disk(const struct lq_plan *plan, struct lq_disk_options *disk)
{
    const uint64_t *options = plan->options;
    *disk = (struct lq_disk_options){
        .block_bytes = (uint32_t)options[LQ_OPT_BLOCK_BYTES],
        .nblocks = options[LQ_OPT_BLOCKS],
        .physical_exponent = (uint32_t)options[LQ_OPT_PHYSICAL_EXPONENT],
        .write_granule_blocks = (uint32_t)options[LQ_OPT_WRITE_GRANULE],
        .volatile_cache = options[LQ_OPT_VOLATILE_CACHE] != 0,
        .keeps_records = true,
        .is_thin = options[LQ_OPT_THIN] != 0,
        .fence_waits = options[LQ_OPT_FENCE_WAITS] != 0,
        .latency_min_ns = 10 * US,
        .latency_max_ns = options[LQ_OPT_DISK_LATENCY],
        .hang_min_ns = 1 * MS,
        .hang_max_ns = options[LQ_OPT_HANG]};
}

static void make_tcp(const struct lq_plan *plan, struct lq_tcp_options *tcp)
{
    const uint64_t *options = plan->options;
    *tcp = (struct lq_tcp_options){.latency_min_ns = 5 * US,
                                   .latency_max_ns = options[LQ_OPT_NET_LATENCY],
                                   .byte_ns_x16 = options[LQ_OPT_NET_BYTE_TIME],
                                   .stall_max_ns = 2 * S,
                                   .timeout_ns = 20 * S,
                                   .window_bytes = (uint32_t)options[LQ_OPT_NET_WINDOW]};
}

static void make_link(const struct lq_plan *plan, struct lq_frame_options *link)
{
    *link = (struct lq_frame_options){.latency_min_ns = plan->tcp.latency_min_ns,
                                      .latency_max_ns = plan->tcp.latency_max_ns,
                                      .byte_ns_x16 = plan->tcp.byte_ns_x16,
                                      .down_max_ns = 3 * S};
}

uint64_t lq_plan_fcp_name(uint32_t target, uint32_t port)
{
    return UINT64_C(0x2000024c51020000) | (uint64_t)target << 8 | port;
}

/* Every target has an N_Port for each of its portals. Timeouts are a tenth of the standard's, so
 * that a lost frame costs no more virtual time than a lost connection does. */
static void make_frames(struct lq_plan *plan, uint32_t target_count)
{
    struct lq_shard_frames *frames = &plan->frames;
    *frames = (struct lq_shard_frames){.fc = lq_fc_target_config_default,
                                       .station = lq_fcoe_station_config_default};
    frames->fc.ports = plan->fc_ports;
    frames->fc.port_count = 0;
    for (uint32_t t = 0; t < target_count; t++) {
        uint32_t ports = plan->ports_of_target[t] == 0 ? 1 : plan->ports_of_target[t];
        for (uint32_t p = 0; p < ports; p++)
            plan->fc_ports[frames->fc.port_count++] = (struct lq_fc_port_config){
                .target = (uint16_t)t,
                .target_port = lq_plan_fcp_port(p),
                .port_name = lq_plan_fcp_name(t, p),
                .node_name = UINT64_C(0x1000024c51020000) | t << 8};
    }
    frames->fc.e_d_tov_ns = 200 * MS;
    frames->fc.r_a_tov_ns = 1 * S;
    frames->fc.rr_tov_ns = 900 * MS;
    frames->fc.data_timeout_ns = plan->options[LQ_OPT_DATA_TIMEOUT];
    frames->fc.exchanges_max = 256;
    if (plan->options[LQ_OPT_NEAR_WRAP]) {
        frames->fc.first_ox_id = UINT16_MAX - 20;
        frames->fc.first_rx_generation = UINT16_MAX - 1;
    }
    frames->station.mac = UINT64_C(0x024c51020001);
    frames->station.fcf.switch_name = UINT64_C(0x1000024c51020001);
    frames->station.fcf.links_max = 2 * LQ_PLAN_NEXUSES_MAX;
    frames->station.fabric.fabric_name = UINT64_C(0x1000024c51020001);
    frames->station.fabric.port_name = UINT64_C(0x2001024c51020001);
    plan->shard.frames = frames;
}

void lq_plan_derive_frames(struct lq_plan *plan, uint32_t target_count)
{
    make_link(plan, &plan->link);
    plan->fcf_select_ns = lq_enode_config_default.select_ns;
    plan->shard.frames = NULL;
    if (plan->transport == LQ_OVER_FCP)
        make_frames(plan, target_count);
}

static uint64_t or_else(uint64_t duration, uint64_t when_never)
{
    return duration == LQ_DURATION_NEVER ? when_never : duration;
}

static void make_times(struct lq_plan *plan)
{
    const uint64_t *options = plan->options;
    uint64_t quarantine = or_else(options[LQ_OPT_QUARANTINE_AFTER], 30 * S);
    uint64_t login_quarantine = or_else(options[LQ_OPT_LOGIN_QUARANTINE_AFTER], 30 * S);
    plan->tm_timeout_ns = quarantine + options[LQ_OPT_DATA_TIMEOUT] + 10 * S;
    plan->login_timeout_ns = login_quarantine + 5 * S;
    /* What is left at heal may wait for one timeout after another: a command for its own, the TM
     * function that follows, the session's loss, the login; twice, to be generous. */
    plan->liveness_ns = 2 * (options[LQ_OPT_COMMAND_TIMEOUT] + plan->tm_timeout_ns +
                             plan->login_timeout_ns + plan->tcp.timeout_ns +
                             options[LQ_OPT_LOGIN_TIMEOUT] + options[LQ_OPT_DATA_TIMEOUT] +
                             or_else(options[LQ_OPT_BUSY_AFTER], 0) + 60 * S);
    /* Where most connections die, and each takes its timeout, a thousand commands need long. */
    plan->safety_ns = 1800 * S;
}

bool lq_plan_has_fault(enum lq_transport_kind transport, enum lq_fault fault)
{
    switch (lq_fault_class(fault)->place) {
    case LQ_FAULT_PLACE_NETWORK:
    case LQ_FAULT_PLACE_PDU:
        return transport == LQ_OVER_ISCSI;
    case LQ_FAULT_PLACE_FRAME:
    case LQ_FAULT_PLACE_FABRIC:
        return transport == LQ_OVER_FCP;
    default:
        return true;
    }
}

void lq_plan_make(struct lq_plan *plan, struct lq_choice *choice, enum lq_transport_kind transport,
                  uint64_t seed, uint64_t commands)
{
    *plan = (struct lq_plan){.seed = seed, .commands = commands, .transport = transport};
    draw_options(plan, choice);
    lq_plan_derive(plan);
}

void lq_plan_tame(struct lq_plan *plan)
{
    *plan = (struct lq_plan){.seed = 0};
    for (uint32_t i = 0; i < LQ_OPTIONS; i++)
        plan->options[i] = rows[i].values[0];
}

void lq_plan_derive(struct lq_plan *plan)
{
    make_limits(plan, &plan->shard.engine.limits);
    plan->shard.engine.quarantine_after_ns = plan->options[LQ_OPT_QUARANTINE_AFTER];
    plan->shard.engine.login_quarantine_after_ns = plan->options[LQ_OPT_LOGIN_QUARANTINE_AFTER];
    plan->shard.engine.busy_after_ns = plan->options[LQ_OPT_BUSY_AFTER];
    plan->shard.engine.first_generation = plan->options[LQ_OPT_NEAR_WRAP] ? NEAR_WRAP : 0;
    make_iscsi(plan, &plan->shard.iscsi);
    plan->shard.iscsi.limits = plan->shard.engine.limits;
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++)
        make_disk(plan, &plan->disks[i]);
    make_tcp(plan, &plan->tcp);
    make_times(plan);
    lq_plan_derive_frames(plan, 1);
    plan->unit_count = (uint32_t)plan->options[LQ_OPT_LUNS];
    for (uint32_t i = 0; i < plan->unit_count; i++)
        plan->units[i] = (struct lq_plan_unit){
            .lun = (uint16_t)i, .store = i % (uint32_t)plan->options[LQ_OPT_STORES]};
    for (uint32_t i = 0; i < LQ_PLAN_NEXUSES_MAX; i++) {
        plan->ways[i] = (struct lq_plan_way){.tcp = plan->tcp, .link = plan->link};
        memcpy(plan->ways[i].options, plan->options, sizeof plan->options);
    }
}

const struct lq_plan_unit *lq_plan_unit_of(const struct lq_plan *plan, uint32_t target,
                                           uint64_t lun)
{
    for (uint32_t i = 0; i < plan->unit_count; i++)
        if (plan->units[i].target == target && (uint64_t)plan->units[i].lun << 48 == lun)
            return &plan->units[i];
    return NULL;
}

uint32_t lq_plan_luns_of(const struct lq_plan *plan, uint32_t target)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++)
        count += plan->units[i].target == target;
    return count;
}

void lq_plan_option_text(const struct lq_plan *plan, enum lq_option option, char text[81])
{
    static const char *const suffixes[] = {
        [UNIT_COUNT] = "", [UNIT_BYTES] = " bytes", [UNIT_BLOCKS] = " blocks", [UNIT_TIME] = "",
        [UNIT_OF_16] = " of 16", [UNIT_OF_64] = " of 64"};
    const struct lq_plan_option_row *row = &rows[option];
    struct lq_print print = lq_print_into(text, 81);
    lq_print_text(&print, row->name);
    lq_print_text(&print, " ");
    if (row->unit == LQ_UNIT_TIME)
        lq_print_duration(&print, plan->options[option]);
    else
        lq_print_number(&print, plan->options[option]);
    lq_print_text(&print, suffixes[row->unit]);
}
