/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live target: one shard with its memory, stores, portal and loop, put together and ready to
 * run.
 *
 * Everything is allocated, opened, locked and bound by lq_live_open; afterwards memory does not
 * grow. Who uses it: tools (serve, with) and tests.
 */
#ifndef LQ_SIM_LIVE_LIVE_H
#define LQ_SIM_LIVE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"
#include "proto/iscsi/keys.h"
#include "sim/live/loop.h"
#include "sim/live/problem.h"
#include "sim/shard/shard.h"

struct lq_live;

struct lq_live_lun {
    const char *name;    /* for messages: "--file disk.img" */
    const char *path;    /* NULL: RAM */
    uint64_t size_bytes; /* RAM */
    bool read_only;
    bool removable;
};

/* A logical unit on a store that the caller has opened. */
struct lq_live_unit {
    uint16_t target, lun;
    uint32_t store;
    uint64_t nblocks; /* capacity; 0: all of the store */
};

/* A whole shard instead of one target with LUNs 0, 1, ..: the stores are the live target's from
 * lq_live_open on, even when that fails. Portal p > 0 listens at a free port; ADDRESSES are what
 * initiators are told of portals, where these stand behind something. */
struct lq_live_shard {
    const struct lq_shard_config *config;
    struct lq_live_store *const *stores;
    uint32_t store_count;
    const char *const *addresses;
    const struct lq_live_unit *units;
    uint32_t unit_count;
};

enum { LQ_LIVE_PORTALS_MAX = 4 };

struct lq_live_config {
    const struct lq_live_lun *luns; /* LUN 0, 1, .. of the one target */
    uint32_t lun_count;             /* 1 or more */
    const char *target_name;        /* iSCSI name */
    const char *host;               /* address literal */
    uint16_t port;                  /* 0: a free one */
    uint32_t portal_count;          /* without SHARD, each is a target port; 0: one */
    struct lq_engine_config engine;
    const struct lq_live_shard *shard; /* NULL: as luns, target_name and engine say */
    enum lq_digest_offer header_digest, data_digest; /* without SHARD */
    const char *frames; /* a frame device by which the target is reached, too (frames.h); without
                           SHARD. NULL: none */
    enum lq_fcoe_mode frames_mode;
    struct lq_history *history; /* NULL: none; outlives the target */
    struct lq_wrongs wrongs;
    const struct lq_loop_guest *guest; /* NULL: nobody; outlives the target */
    struct lq_filter *filter; /* NULL: no fault is about PDUs; outlives the target */
};

/* Bytes that a target of these limits allocates at start, without its stores: the arena of the
 * shard, and what the loop needs beside. */
uint64_t lq_live_arena_bytes(const struct lq_live_config *config);
uint64_t lq_live_loop_bytes(const struct lq_live_config *config);

/* Listens from now on (peers wait until it runs). NULL, and PROBLEM says why. CONFIG and what it
 * names need not outlive the call, but for the history. */
struct lq_live *lq_live_open(const struct lq_live_config *config, struct lq_problem *problem);

/* Portal PORTAL (0: the one that was asked for) as bound. */
const struct lq_listener *lq_live_listener(const struct lq_live *live, uint32_t portal);

/* For looking inside after the run. */
struct lq_shard *lq_live_shard(struct lq_live *live);

/* What the target and the initiator of connection NUMBER (in records) have agreed on; none when it
 * is over. */
struct lq_iscsi_digests lq_live_digests(const struct lq_live *live, uint32_t number);

/* For watches and for stopping it. */
struct lq_loop *lq_live_loop(struct lq_live *live);

/* Runs until stopped through the loop. */
void lq_live_run(struct lq_live *live);

uint32_t lq_live_store_count(const struct lq_live *live);

/* After the run: the name of store number STORE (of luns: LUN) and how many requests it holds. */
uint32_t lq_live_held(const struct lq_live *live, uint32_t store, const char **name);

/* Frees everything. False: a store is stuck; then memory and locks stay until the process ends. */
bool lq_live_close(struct lq_live *live);

#endif
