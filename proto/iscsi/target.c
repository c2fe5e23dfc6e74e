/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object: its configuration, its carving, what is ready, what is due.
 *
 * Timers are lazy: a connection's node in the heap never stands later than what it has to wait
 * for, but often earlier; when it comes up, the connection looks what is due and sets it anew. So
 * the hot path writes times and never touches the heap.
 */
#include <string.h>

#include "proto/iscsi/state.h"

#define SECONDS(n) (UINT64_C(1000000000) * (n))

const struct lq_iscsi_config lq_iscsi_config_default = {
    .portal_group_tag = 1,
    .portal_count = 1,
    .offer =
        {
            .max_recv_data_segment_length = 256U << 10,
            .max_burst_length = 256U << 10,
            .first_burst_length = 256U << 10,
            .max_outstanding_r2t = 1,
            .initial_r2t = false,
            .immediate_data = true,
            .default_time2wait_s = 2,
            .default_time2retain_s = 20,
            .header_digest = LQ_DIGEST_PREFER_NONE,
            .data_digest = LQ_DIGEST_PREFER_NONE,
        },
    .login_timeout_ns = SECONDS(15),
    .data_timeout_ns = SECONDS(30),
    .nop_interval_ns = SECONDS(30),
    .nop_timeout_ns = SECONDS(15),
    .first_stat_sn = 1,
    .first_target_transfer_tag = 1,
    .first_tsih = 1,
};

static const char *check_offer(const struct lq_iscsi_config *config,
                               const struct lq_iscsi_offer *offer)
{
    if (offer->max_recv_data_segment_length < 512 ||
        offer->max_recv_data_segment_length > config->limits.segment_bytes_max)
        return "offer.max_recv_data_segment_length is not between 512 and "
               "limits.segment_bytes_max";
    if (offer->max_burst_length < 512 || offer->max_burst_length > LQ_DATA_SEGMENT_BYTES_MAX)
        return "offer.max_burst_length is not between 512 and 16777215";
    if (offer->first_burst_length < 512 || offer->first_burst_length > offer->max_burst_length)
        return "offer.first_burst_length is not between 512 and offer.max_burst_length";
    if (offer->max_outstanding_r2t < 1 || offer->max_outstanding_r2t > 8)
        return "offer.max_outstanding_r2t is not between 1 and 8";
    if (offer->default_time2wait_s > 3600 || offer->default_time2retain_s > 3600)
        return "offer.default_time2wait_s or default_time2retain_s is above 3600";
    if ((unsigned)offer->header_digest >= LQ_DIGEST_OFFERS ||
        (unsigned)offer->data_digest >= LQ_DIGEST_OFFERS)
        return "offer.header_digest or data_digest is no enum lq_digest_offer";
    return NULL;
}

static const char *check_target_offers(const struct lq_iscsi_config *config)
{
    const char *wrong = check_offer(config, &config->offer);
    for (uint32_t i = 0; config->target_offers != NULL && i < config->target_count; i++) {
        const struct lq_iscsi_offer *offer = &config->target_offers[i];
        if (wrong == NULL && offer->max_outstanding_r2t > config->offer.max_outstanding_r2t)
            wrong = "a target_offers[].max_outstanding_r2t is above offer.max_outstanding_r2t";
        if (wrong == NULL)
            wrong = check_offer(config, offer);
    }
    return wrong;
}

static const char *check_portals(const struct lq_iscsi_config *config)
{
    uint32_t count = config->portal_count;
    if (count < 1 || config->portal_group_tag + count - 1 > UINT16_MAX)
        return "portal_count is 0, or there are more tags than 16 bits hold";
    if (config->portal_addresses == NULL)
        return count == 1 ? NULL : "portal_addresses is NULL though there are several portals";
    for (uint32_t i = 0; i < count; i++)
        if (strlen(config->portal_addresses[i]) >= LQ_TGT_ADDRESS_SIZE)
            return "an address of portal_addresses is longer than 255 characters";
    for (uint32_t i = 0; config->portals_of_target != NULL && i < config->target_count; i++)
        if (config->portals_of_target[i] < 1 || config->portals_of_target[i] > count)
            return "a portals_of_target is not between 1 and portal_count";
    return NULL;
}

const char *lq_iscsi_config_check(const struct lq_iscsi_config *config)
{
    if (config->target_count < 1 || config->target_count > config->limits.targets)
        return "target_count is not between 1 and limits.targets";
    char folded[LQ_TGT_NAME_SIZE];
    for (uint32_t i = 0; i < config->target_count; i++)
        if (!lq_iscsi_name_fold(lq_text_slice(config->target_names[i]), folded))
            return "a target name is not an iSCSI name of 1 to 223 bytes";
    if (config->login_timeout_ns == 0 || config->data_timeout_ns == 0)
        return "login_timeout_ns or data_timeout_ns is 0: every wait needs a bound";
    if (config->nop_interval_ns != 0 && config->nop_timeout_ns == 0)
        return "nop_timeout_ns is 0 though nop_interval_ns is not";
    const char *wrong = check_portals(config);
    return wrong != NULL ? wrong : check_target_offers(config);
}

/* --- carving ---------------------------------------------------------------------------------- */

static void init_conns(struct lq_iscsi_target *t, uint8_t *buffers, uint8_t *texts_in,
                       uint8_t *texts_out)
{
    lq_list_init(&t->free_conns);
    t->free_conn_count = t->config.limits.connections;
    for (uint32_t i = 0; i < t->config.limits.connections; i++) {
        struct lq_tgt_conn *conn = &t->conns[i];
        conn->index = i;
        conn->generation = t->config.first_generation;
        lq_list_init(&conn->ready_link);
        lq_list_init(&conn->free_link);
        lq_list_append(&t->free_conns, &conn->free_link);
        conn->buffer = buffers + (uint64_t)i * t->buffer_bytes;
        conn->text_in = texts_in + (uint64_t)i * t->config.limits.login_text_bytes_max;
        conn->text_out = texts_out + (uint64_t)i * t->text_out_capacity;
    }
}

static void init_sessions(struct lq_iscsi_target *t, struct lq_tgt_command **buckets)
{
    for (uint32_t i = 0; i < t->session_slots; i++) {
        struct lq_tgt_session *session = &t->sessions[i];
        session->index = i;
        session->generation = t->config.first_generation;
        session->buckets = buckets + (uint64_t)i * t->config.limits.commands_per_session;
        lq_list_init(&session->closed_link);
    }
}

static void init_slots(struct lq_iscsi_target *t, uint32_t burst_count)
{
    lq_list_init(&t->free_commands);
    lq_list_init(&t->free_bursts);
    lq_list_init(&t->idle_zombies);
    t->free_command_count = t->command_slots;
    for (uint32_t i = 0; i < t->command_slots; i++) {
        struct lq_tgt_command *command = &t->commands[i];
        command->index = i;
        command->generation = t->config.first_generation;
        lq_list_init(&command->output.link);
        lq_list_init(&command->waiting_link);
        lq_list_init(&command->held_link);
        lq_list_init(&command->bursts);
        lq_list_init(&command->link);
        lq_list_append(&t->free_commands, &command->link);
    }
    for (uint32_t i = 0; i < burst_count; i++) {
        struct lq_tgt_burst *burst = &t->bursts[i];
        burst->output.kind = LQ_OUT_R2T;
        lq_list_init(&burst->output.link);
        lq_list_init(&burst->progress);
        lq_list_init(&burst->link);
        lq_list_append(&t->free_bursts, &burst->link);
    }
}

/* What belongs to one target or one portal: copied, so that the caller's may go. */
static void init_targets(struct lq_iscsi_target *t, const struct lq_iscsi_config *config)
{
    t->config.target_names = t->config.portal_addresses = NULL;
    t->config.portals_of_target = NULL;
    t->config.target_offers = NULL;
    for (uint32_t i = 0; i < config->target_count; i++) {
        (void)lq_iscsi_name_fold(lq_text_slice(config->target_names[i]), t->names[i]);
        t->portals_of_target[i] = config->portals_of_target != NULL ? config->portals_of_target[i]
                                                                    : config->portal_count;
        lq_engine_target_ports(t->engine, (uint16_t)i, (uint16_t)t->portals_of_target[i]);
        t->offers[i] = config->target_offers != NULL ? config->target_offers[i] : config->offer;
    }
    for (uint32_t i = 0; t->addresses != NULL && i < config->portal_count; i++)
        memcpy(t->addresses[i], config->portal_addresses[i],
               strlen(config->portal_addresses[i]) + 1);
}

struct lq_iscsi_target *lq_iscsi_target_make(struct lq_arena *arena,
                                             const struct lq_iscsi_config *config,
                                             struct lq_env *env, struct lq_engine *engine)
{
    const struct lq_limits *limits = &config->limits;
    LQ_ASSERT(lq_limits_check(limits) == NULL && lq_iscsi_config_check(config) == NULL);
    /* A session that is replaced keeps its slot until the engine has ended it. */
    uint32_t session_slots = limits->sessions * 2;
    /* Each session can always place one TM function and one other immediate request
     * [RFC 7143 4.2.2.1]; commands beyond limits.tasks get BUSY without a slot. */
    uint32_t command_slots = limits->tasks + 2 * session_slots;
    uint32_t burst_count = command_slots * (config->offer.max_outstanding_r2t + 1U);
    uint32_t buffer_bytes = limits->segment_bytes_max > LQ_TGT_LOGIN_DATA_BYTES
                                ? limits->segment_bytes_max
                                : LQ_TGT_LOGIN_DATA_BYTES;
    /* One TargetName a target and one TargetAddress a portal of it, at their longest. */
    uint32_t text_out = limits->login_text_bytes_max +
                        config->target_count * (300U + 300U * config->portal_count);
    struct lq_iscsi_target *t = lq_arena_take(arena, 1, sizeof *t, true);
    void *names = lq_arena_take(arena, config->target_count, LQ_TGT_NAME_SIZE, true);
    void *portals = lq_arena_take(arena, config->target_count, sizeof(uint32_t), true);
    void *offers =
        lq_arena_take(arena, config->target_count, sizeof(struct lq_iscsi_offer), true);
    void *addresses = config->portal_addresses == NULL
                          ? NULL
                          : lq_arena_take(arena, config->portal_count, LQ_TGT_ADDRESS_SIZE, true);
    void *conns = lq_arena_take(arena, limits->connections, sizeof(struct lq_tgt_conn), true);
    void *sessions = lq_arena_take(arena, session_slots, sizeof(struct lq_tgt_session), true);
    void *buckets = lq_arena_take(arena, (uint64_t)session_slots * limits->commands_per_session,
                                  sizeof(struct lq_tgt_command *), true);
    void *commands = lq_arena_take(arena, command_slots, sizeof(struct lq_tgt_command), true);
    void *bursts = lq_arena_take(arena, burst_count, sizeof(struct lq_tgt_burst), true);
    void *nodes = lq_arena_take(arena, limits->connections, sizeof(struct lq_heap_node *), true);
    void *buffers = lq_arena_take(arena, limits->connections, buffer_bytes, false);
    void *in = lq_arena_take(arena, limits->connections, limits->login_text_bytes_max, false);
    void *out = lq_arena_take(arena, limits->connections, text_out, false);
    if (t == NULL)
        return NULL;
    t->config = *config;
    if (t->config.crc32c == NULL)
        t->config.crc32c = lq_crc32c_table;
    t->env = env;
    t->engine = engine;
    t->names = names;
    t->portals_of_target = portals;
    t->offers = offers;
    t->addresses = addresses;
    t->conns = conns;
    t->sessions = sessions;
    t->session_slots = session_slots;
    t->commands = commands;
    t->command_slots = command_slots;
    t->bursts = bursts;
    t->text_out_capacity = text_out;
    t->buffer_bytes = buffer_bytes;
    t->next_ttt = config->first_target_transfer_tag;
    t->next_tsih = config->first_tsih;
    lq_list_init(&t->ready);
    lq_list_init(&t->closed_windows);
    lq_list_init(&t->todo);
    lq_heap_init(&t->timers, nodes, limits->connections);
    init_targets(t, config);
    init_conns(t, buffers, in, out);
    init_sessions(t, buckets);
    init_slots(t, burst_count);
    return t;
}

/* --- what is noted, what is ready, what is due ------------------------------------------------ */

struct lq_tgt_conn *lq_tgt_conn_of(struct lq_iscsi_target *target, lq_conn handle)
{
    LQ_ASSERT(handle.index < target->config.limits.connections);
    struct lq_tgt_conn *conn = &target->conns[handle.index];
    LQ_ASSERT(conn->open && conn->generation == handle.generation);
    return conn;
}

/* TARGET COLD RESET: what is queued is sent first, the TM response among it. */
static void close_noted(struct lq_iscsi_target *t)
{
    t->close_all_noted = false;
    for (uint32_t i = 0; i < t->session_slots; i++) {
        struct lq_tgt_session *session = &t->sessions[i];
        if (!session->close_noted)
            continue;
        session->close_noted = false;
        if (session->conn != NULL)
            lq_tgt_close(t, session->conn, LQ_CLOSING_FLUSH);
    }
}

static void reopen_windows(struct lq_iscsi_target *t)
{
    LQ_LIST_EACH_SAFE(link, following, &t->closed_windows)
    {
        struct lq_tgt_session *session = LQ_ELEMENT(link, struct lq_tgt_session, closed_link);
        if (lq_tgt_window(t, session) != 0)
            lq_tgt_announce_window(t, session);
    }
}

void lq_tgt_settle(struct lq_iscsi_target *target)
{
    for (;;) {
        if (!lq_list_is_empty(&target->todo))
            lq_tgt_data_out_settle(target);
        else if (target->nexus_ended_noted)
            lq_tgt_session_settle(target);
        else if (target->close_all_noted)
            close_noted(target);
        else
            break;
    }
    if (!lq_list_is_empty(&target->closed_windows))
        reopen_windows(target);
}

void lq_tgt_make_ready(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    if (!lq_link_is_linked(&conn->ready_link))
        lq_list_append(&target->ready, &conn->ready_link);
}

lq_conn lq_iscsi_next_ready(struct lq_iscsi_target *target)
{
    lq_tgt_settle(target);
    struct lq_link *link = lq_list_take(&target->ready);
    if (link == NULL)
        return LQ_NO_HANDLE;
    const struct lq_tgt_conn *conn = LQ_ELEMENT(link, struct lq_tgt_conn, ready_link);
    return (lq_conn){conn->index, conn->generation};
}

void lq_tgt_wake_by(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, uint64_t time_ns)
{
    if (time_ns == LQ_NEVER || (lq_heap_holds(&conn->timer) && conn->timer.time_ns <= time_ns))
        return;
    lq_heap_set(&target->timers, &conn->timer, time_ns);
}

uint64_t lq_iscsi_deadline(const struct lq_iscsi_target *target)
{
    const struct lq_heap_node *first = lq_heap_first(&target->timers);
    return first == NULL ? LQ_NEVER : first->time_ns;
}

void lq_iscsi_expire(struct lq_iscsi_target *target)
{
    for (;;) {
        struct lq_heap_node *first = lq_heap_first(&target->timers);
        if (first == NULL || first->time_ns > target->env->now_ns)
            break;
        struct lq_tgt_conn *conn = LQ_ELEMENT(first, struct lq_tgt_conn, timer);
        lq_heap_remove(&target->timers, first);
        lq_tgt_conn_expire(target, conn);
    }
    lq_tgt_settle(target);
}

/* --- stop and counts -------------------------------------------------------------------------- */

void lq_iscsi_shutdown(struct lq_iscsi_target *target)
{
    enum { GRACE_S = 1 };
    target->shutting_down = true;
    for (uint32_t i = 0; i < target->config.limits.connections; i++) {
        struct lq_tgt_conn *conn = &target->conns[i];
        if (!conn->open || conn->closing != LQ_NOT_CLOSING)
            continue;
        if (conn->phase != LQ_PHASE_FULL) {
            if (conn->phase != LQ_PHASE_LEAVING)
                lq_tgt_close(target, conn, LQ_CLOSING_FLUSH);
            continue;
        }
        lq_tgt_request_logout(target, conn, GRACE_S);
        conn->close_by_ns = target->env->now_ns + SECONDS(GRACE_S);
        lq_tgt_wake_by(target, conn, conn->close_by_ns);
    }
    lq_tgt_settle(target);
}

struct lq_iscsi_digests lq_iscsi_digests(struct lq_iscsi_target *target, lq_conn conn)
{
    return lq_tgt_conn_of(target, conn)->digests;
}

struct lq_iscsi_counts lq_iscsi_counts(const struct lq_iscsi_target *target)
{
    struct lq_iscsi_counts counts = target->counts;
    counts.connections = target->config.limits.connections;
    counts.connections_free = target->free_conn_count;
    counts.sessions = target->config.limits.sessions;
    counts.sessions_free = target->sessions_used < counts.sessions
                               ? counts.sessions - target->sessions_used
                               : 0;
    counts.commands = target->command_slots;
    counts.commands_free = target->free_command_count;
    return counts;
}
