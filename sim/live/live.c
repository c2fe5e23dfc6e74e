/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "core/base/assert.h"
#include "core/base/choice.h"
#include "core/base/hash.h"
#include "core/wrongs.h"
#include "sim/live/crc.h"
#include "sim/live/store_file.h"
#include "sim/live/store_ram.h"

enum { SPARE_DESCRIPTORS = 64 }; /* files, epoll, eventfds, standard streams */

struct lq_live {
    struct lq_env env;
    struct lq_choice_seeded choice;
    void *memory; /* the arena's */
    uint64_t memory_bytes;
    struct lq_shard *shard;
    struct lq_live_store **stores; /* by LUN */
    uint32_t store_count;
    struct lq_listener listeners[LQ_LIVE_PORTALS_MAX];
    uint32_t portal_count;
    struct lq_frame_device device;
    struct lq_loop *loop;
};

enum { FC_TARGET_PORT = LQ_LIVE_PORTALS_MAX + 1 }; /* relative identifier, behind the portals' */

/* ADDRESSES: of portals, where there are several. */
static struct lq_shard_config shard_config(const struct lq_live_config *config,
                                           const char *const *target_names,
                                           const char *const *addresses)
{
    if (config->shard != NULL) {
        struct lq_shard_config given = *config->shard->config;
        given.iscsi.crc32c = lq_crc_fastest();
        return given;
    }
    struct lq_shard_config shard = {.engine = config->engine, .iscsi = lq_iscsi_config_default};
    shard.iscsi.limits = config->engine.limits;
    shard.iscsi.target_count = 1;
    shard.iscsi.target_names = target_names;
    shard.iscsi.offer.header_digest = config->header_digest;
    shard.iscsi.offer.data_digest = config->data_digest;
    shard.iscsi.crc32c = lq_crc_fastest();
    if (config->portal_count > 1) {
        shard.iscsi.portal_count = config->portal_count;
        shard.iscsi.portal_addresses = addresses;
    }
    return shard;
}

/* The one N_Port of the target. Addresses and names follow from the target's name, so that they
 * stay the same: a locally administered MAC address, and names of the format "IEEE 48-bit
 * address" made from it [FC-FS-3, Name_Identifiers]. */
static struct lq_shard_frames frames_config(const struct lq_live_config *config,
                                            struct lq_fc_port_config *port, uint32_t mtu)
{
    uint64_t hash = lq_hash(0, config->target_name, strlen(config->target_name));
    uint64_t mac = UINT64_C(0x024c51000000) | (hash & 0xfffffe);
    struct lq_shard_frames frames = {.fc = lq_fc_target_config_default,
                                     .station = lq_fcoe_station_config_default};
    *port = (struct lq_fc_port_config){.target_port = FC_TARGET_PORT,
                                       .port_name = UINT64_C(0x2000) << 48 | mac,
                                       .node_name = UINT64_C(0x1000) << 48 | mac};
    frames.fc.port_count = 1;
    frames.fc.ports = port;
    frames.station.port_count = 1;
    frames.station.ports = port;
    frames.station.mode = config->frames_mode;
    frames.station.mac = mac + 1;
    frames.station.mtu = mtu;
    frames.station.fcf.switch_name = UINT64_C(0x1000) << 48 | (mac + 1);
    frames.station.fabric.fabric_name = UINT64_C(0x1000) << 48 | (mac + 1);
    frames.station.fabric.port_name = UINT64_C(0x2001) << 48 | (mac + 1);
    return frames;
}

static uint64_t arena_bytes(const struct lq_shard_config *shard)
{
    struct lq_arena measuring;
    struct lq_env env = {0};
    lq_arena_init_measuring(&measuring);
    lq_shard_make(&measuring, shard, &env);
    return measuring.used_bytes;
}

uint64_t lq_live_arena_bytes(const struct lq_live_config *config)
{
    static const char *const any[LQ_LIVE_PORTALS_MAX] = {"", "", "", ""};
    struct lq_shard_config shard = shard_config(config, &config->target_name, any);
    struct lq_fc_port_config port;
    const struct lq_shard_frames frames = frames_config(config, &port, LQ_FCOE_MTU);
    if (config->frames != NULL)
        shard.frames = &frames;
    return arena_bytes(&shard);
}

uint64_t lq_live_loop_bytes(const struct lq_live_config *config)
{
    return sizeof(struct lq_live) + lq_loop_memory_bytes(config->engine.limits.connections);
}

/* What must be unpredictable comes from the system, never from a seed that is printed. */
static bool make_choice(struct lq_live *live, struct lq_problem *problem)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return lq_problem_set(problem,
                              "start: the system gives no random numbers (%s); expected "
                              "getrandom to work; use a kernel that has it",
                              strerror(errno));
    lq_choice_seeded_init(&live->choice, seed);
    return true;
}

static bool make_shard(struct lq_live *live, const struct lq_live_config *config,
                       struct lq_problem *problem)
{
    char bound[LQ_LIVE_PORTALS_MAX][LQ_ADDRESS_BYTES_MAX + 8];
    const char *addresses[LQ_LIVE_PORTALS_MAX];
    for (uint32_t i = 0; i < live->portal_count; i++) {
        snprintf(bound[i], sizeof bound[i], "%s:%u", live->listeners[i].host,
                 (unsigned)live->listeners[i].port);
        addresses[i] = bound[i];
    }
    struct lq_shard_config shard = shard_config(config, &config->target_name, addresses);
    if (config->shard != NULL)
        shard.iscsi.portal_addresses = config->shard->addresses;
    const char *limit = lq_limits_check(&config->engine.limits);
    if (limit != NULL)
        return lq_problem_set(problem,
                              "limits: %s is out of its range; expected a smaller or "
                              "usable value; see --print-limits",
                              limit);
    const char *wrong = lq_iscsi_config_check(&shard.iscsi);
    if (wrong != NULL)
        return lq_problem_set(problem, "--iqn %s: %s", config->target_name, wrong);
    struct lq_fc_port_config port;
    const struct lq_shard_frames frames = frames_config(config, &port, live->device.mtu);
    if (config->frames != NULL) {
        shard.frames = &frames;
        wrong = lq_fcoe_station_config_check(&frames.station);
        if (wrong != NULL)
            return lq_problem_set(problem, "--fcoe %s: %s", config->frames, wrong);
    }
    live->memory_bytes = arena_bytes(&shard);
    void *memory = mmap(NULL, (size_t)live->memory_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return lq_problem_set(problem,
                              "start: the system gives no %" PRIu64 " bytes of memory; "
                              "expected it to; lower --max-commands or --max-connections",
                              live->memory_bytes);
    live->memory = memory;
    live->env = (struct lq_env){
        .now_ns = lq_live_now_ns(), .choice = &live->choice.choice, .history = config->history,
        .wrongs = config->wrongs};
    struct lq_arena arena;
    lq_arena_init(&arena, live->memory, live->memory_bytes);
    live->shard = lq_shard_make(&arena, &shard, &live->env);
    return true;
}

static struct lq_live_store *open_store(const struct lq_live_lun *lun,
                                        const struct lq_live_config *config,
                                        struct lq_problem *problem)
{
    uint32_t requests_max = config->engine.limits.tasks;
    bool is_fenced = !LQ_WRONG(config->wrongs.core, LQ_WRONG_RESTART_WITHOUT_FENCE);
    if (lun->path == NULL)
        return lq_store_ram_open(lun->name, lun->size_bytes, requests_max, problem);
    return lq_store_file_open(lun->name, lun->path, requests_max, is_fenced, problem);
}

static bool add_lun(struct lq_live *live, const struct lq_live_config *config, uint16_t lun,
                    struct lq_problem *problem)
{
    struct lq_engine *engine = lq_shard_engine(live->shard);
    struct lq_live_store *store = open_store(&config->luns[lun], config, problem);
    if (store == NULL)
        return false;
    live->stores[live->store_count++] = store;
    char serial[16];
    snprintf(serial, sizeof serial, "LQ%06u", (unsigned)lun);
    const struct lq_unit_config unit = {.lun = lun, .store = &store->store, .serial = serial,
                                        .read_only = config->luns[lun].read_only,
                                        .removable = config->luns[lun].removable};
    if (!lq_engine_store_add(engine, &store->store))
        return lq_problem_set(
            problem, "%s: is one store too many; expected at most %" PRIu32 "; leave some away",
            store->name, config->engine.limits.stores);
    const char *wrong = lq_engine_unit_add(engine, &unit);
    if (wrong != NULL)
        return lq_problem_set(problem, "%s: %s", store->name, wrong);
    return true;
}

static bool add_units(struct lq_live *live, const struct lq_live_shard *shard,
                      struct lq_problem *problem)
{
    struct lq_engine *engine = lq_shard_engine(live->shard);
    for (uint32_t i = 0; i < shard->store_count; i++)
        if (!lq_engine_store_add(engine, &live->stores[i]->store))
            return lq_problem_set(problem, "%s: is one store too many; expected fewer; leave some "
                                           "away", live->stores[i]->name);
    for (uint32_t i = 0; i < shard->unit_count; i++) {
        const struct lq_live_unit *row = &shard->units[i];
        char serial[24];
        snprintf(serial, sizeof serial, "LUNQUAKE%" PRIu32, i);
        const struct lq_unit_config unit = {.target = row->target,
                                            .lun = row->lun,
                                            .store = &live->stores[row->store]->store,
                                            .serial = serial,
                                            .nblocks = row->nblocks};
        const char *wrong = lq_engine_unit_add(engine, &unit);
        if (wrong != NULL)
            return lq_problem_set(problem, "%s: %s", live->stores[row->store]->name, wrong);
    }
    return true;
}

static bool add_luns(struct lq_live *live, const struct lq_live_config *config,
                     struct lq_problem *problem)
{
    if (config->shard != NULL)
        return add_units(live, config->shard, problem);
    for (uint32_t i = 0; i < config->lun_count; i++)
        if (!add_lun(live, config, (uint16_t)i, problem))
            return false;
    return true;
}

/* A descriptor per connection, and as many that linger. */
static bool raise_descriptor_limit(const struct lq_live_config *config, struct lq_problem *problem)
{
    struct rlimit limit;
    rlim_t wanted = 2 * (rlim_t)config->engine.limits.connections + 2 * config->lun_count +
                    SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return true;
    if (limit.rlim_max < wanted)
        return lq_problem_set(problem,
                              "--max-connections: %" PRIu32 " connections need %" PRIu64
                              " descriptors and the system allows %" PRIu64 "; expected fewer; "
                              "give fewer connections or raise `ulimit -Hn`",
                              config->engine.limits.connections, (uint64_t)wanted,
                              (uint64_t)limit.rlim_max);
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    return true;
}

static bool listen_all(struct lq_live *live, const struct lq_live_config *config,
                       struct lq_problem *problem)
{
    uint32_t count = config->shard != NULL       ? config->shard->config->iscsi.portal_count
                     : config->portal_count != 0 ? config->portal_count
                                                 : 1;
    LQ_ASSERT(count <= LQ_LIVE_PORTALS_MAX);
    for (; live->portal_count < count; live->portal_count++) {
        uint32_t i = live->portal_count;
        uint16_t port = i == 0 ? config->port : 0;
        if (!lq_listener_open(&live->listeners[i], config->host, port, problem))
            return false;
    }
    return true;
}

/* Room for the stores; those that are given are taken over. */
static bool take_stores(struct lq_live *live, const struct lq_live_config *config,
                        struct lq_problem *problem)
{
    const struct lq_live_shard *shard = config->shard;
    uint32_t count = shard == NULL ? config->lun_count : shard->store_count;
    live->stores = calloc(count, sizeof(struct lq_live_store *));
    if (live->stores == NULL)
        return lq_problem_set(problem, "start: no memory; expected some; free some");
    for (uint32_t i = 0; shard != NULL && i < count; i++)
        live->stores[live->store_count++] = shard->stores[i];
    return true;
}

static bool start(struct lq_live *live, const struct lq_live_config *config,
                  struct lq_problem *problem)
{
    if (!take_stores(live, config, problem) || !raise_descriptor_limit(config, problem) ||
        !make_choice(live, problem) || !listen_all(live, config, problem) ||
        (config->frames != NULL &&
         !lq_frame_device_open(&live->device, config->frames, problem)) ||
        !make_shard(live, config, problem) || !add_luns(live, config, problem))
        return false;
    const struct lq_loop_config loop = {.shard = live->shard,
                                        .stores = live->stores,
                                        .store_count = live->store_count,
                                        .connections = config->engine.limits.connections,
                                        .listeners = live->listeners,
                                        .listener_count = live->portal_count,
                                        .frames = config->frames == NULL ? NULL : &live->device,
                                        .guest = config->guest,
                                        .filter = config->filter};
    live->loop = lq_loop_make(&loop, problem);
    return live->loop != NULL;
}

struct lq_live *lq_live_open(const struct lq_live_config *config, struct lq_problem *problem)
{
    struct lq_live *live = calloc(1, sizeof *live);
    if (live == NULL) {
        lq_problem_set(problem, "start: no memory; expected some; free some");
        return NULL;
    }
    for (uint32_t i = 0; i < LQ_LIVE_PORTALS_MAX; i++)
        live->listeners[i].fd = live->listeners[i].spare_fd = -1;
    live->device.fd = -1;
    if (!start(live, config, problem)) {
        lq_live_close(live);
        return NULL;
    }
    return live;
}

const struct lq_listener *lq_live_listener(const struct lq_live *live, uint32_t portal)
{
    return &live->listeners[portal];
}

struct lq_shard *lq_live_shard(struct lq_live *live)
{
    return live->shard;
}

struct lq_iscsi_digests lq_live_digests(const struct lq_live *live, uint32_t number)
{
    lq_handle handle = lq_loop_connection(live->loop, number);
    if (lq_handle_is_none(handle))
        return (struct lq_iscsi_digests){false, false};
    return lq_iscsi_digests(lq_shard_iscsi(live->shard), handle);
}

struct lq_loop *lq_live_loop(struct lq_live *live)
{
    return live->loop;
}

void lq_live_run(struct lq_live *live)
{
    lq_loop_run(live->loop);
}

uint32_t lq_live_store_count(const struct lq_live *live)
{
    return live->store_count;
}

uint32_t lq_live_held(const struct lq_live *live, uint32_t number, const char **name)
{
    const struct lq_live_store *store = live->stores[number];
    *name = store->name;
    return lq_engine_store_outstanding(lq_shard_engine(live->shard), store->store.number);
}

bool lq_live_close(struct lq_live *live)
{
    if (live->loop != NULL)
        lq_loop_free(live->loop);
    live->loop = NULL;
    for (uint32_t i = 0; i < LQ_LIVE_PORTALS_MAX; i++)
        lq_listener_close(&live->listeners[i]);
    lq_frame_device_close(&live->device);
    /* A stuck helper still writes into the arena's buffers: then nothing of them is freed. */
    bool all_closed = true;
    while (live->store_count > 0)
        all_closed = lq_live_store_close(live->stores[--live->store_count]) && all_closed;
    if (!all_closed)
        return false;
    free(live->stores);
    if (live->memory != NULL)
        munmap(live->memory, (size_t)live->memory_bytes);
    free(live);
    return true;
}
