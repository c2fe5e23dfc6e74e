/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: timers stand in the queue as in every run, but the queue is free: each step lists those
 * that may fire now, and fires the one that was drawn.
 */
#include "sim/virtual/explore.h"

#include <string.h>

#include "core/base/assert.h"
#include "proto/fcoe/fields.h"
#include "proto/iscsi/pdu.h"
#include "sim/stage/print.h"
#include "sim/virtual/virtual.h"

enum { SITE_NEXT = 2, OPTIONS_MAX = 128 };

/* Deadlines that are nothing but some steps apart come together. */
static const uint64_t TOGETHER_NS = 100000;

static const uint64_t REST_NS = UINT64_C(60000000000);

/* After it no exchange is held any more: longer than R_A_TOV. */
static const uint64_t FORGET_NS = UINT64_C(2000000000);

/* One thing that can happen; which member counts is told by KIND. */
struct option {
    enum { ACTION, LATE_DATA, MESSAGE, CONNECT, RESET, KEPT, FRAME, STORE, CLOCK } kind;
    struct lq_actor *actor;
    struct lq_tcp *tcp;
    enum lq_tcp_side writer;
    uint32_t place; /* of what is kept */
    struct lq_disk *disk;
    struct lq_frame_parcel *frame;
    struct lq_timer *timer;
};

struct options {
    uint32_t count;
    struct option list[OPTIONS_MAX];
};

static uint32_t message_bytes(const uint8_t *head)
{
    uint32_t data_bytes = lq_iscsi_bhs_data_bytes(head);
    return LQ_BHS_BYTES + lq_iscsi_bhs_ahs_bytes(head) + data_bytes +
           lq_iscsi_pad_bytes(data_bytes);
}

static void add(struct options *options, struct option option)
{
    LQ_ASSERT(options->count < OPTIONS_MAX);
    options->list[options->count++] = option;
}

static void add_timer(struct options *options, struct lq_timer *timer, struct option option)
{
    option.timer = timer;
    if (lq_timer_is_set(timer))
        add(options, option);
}

static void add_actors(struct virtual_world *virtual, struct options *options)
{
    for (uint32_t i = 0; i < virtual->world.actor_count; i++) {
        struct lq_actor *actor = &virtual->world.actors[i];
        if (lq_script_has_next(virtual->world.script, i))
            add(options, (struct option){.kind = ACTION, .actor = actor});
        for (uint32_t c = 0; c < LQ_COMMAND_SLOTS; c++)
            add_timer(options, &actor->commands[c].late_data,
                      (struct option){.kind = LATE_DATA, .actor = actor});
    }
}

static void add_messages(struct virtual_world *virtual, struct options *options)
{
    for (uint32_t i = 0; i < virtual->net.capacity; i++) {
        struct lq_tcp *tcp = &virtual->net.connections[i];
        if (tcp->number == 0)
            continue;
        add_timer(options, &tcp->connect_timer, (struct option){.kind = CONNECT, .tcp = tcp});
        add_timer(options, &tcp->doom_timer, (struct option){.kind = RESET, .tcp = tcp});
        for (uint32_t side = 0; side < LQ_TCP_SIDES; side++)
            if (lq_tcp_is_due(tcp, (enum lq_tcp_side)side))
                add(options, (struct option){
                                 .kind = MESSAGE, .tcp = tcp, .writer = (enum lq_tcp_side)side});
    }
}

static void add_frames(struct virtual_world *virtual, struct options *options)
{
    struct lq_frame_parcel *frame;
    for (uint32_t at = 0; (frame = lq_frames_first(&virtual->frames, &at)) != NULL;)
        add(options, (struct option){.kind = FRAME, .frame = frame});
}

/* What the filter keeps of PDUs of both directions. */
static void add_kept(struct virtual_world *virtual, struct options *options)
{
    static const struct {
        enum lq_tcp_side writer;
        enum lq_direction direction;
    } ways[] = {{LQ_TCP_INITIATOR, LQ_TO_TARGET}, {LQ_TCP_TARGET, LQ_FROM_TARGET}};
    for (uint32_t i = 0; virtual->filter != NULL && i < 2 * virtual->net.capacity; i++) {
        struct lq_tcp *tcp = &virtual->net.connections[i / 2];
        uint32_t count = lq_filter_waiting(virtual->filter, i / 2, ways[i % 2].direction);
        for (uint32_t place = 0; place < count; place++)
            add(options, (struct option){.kind = KEPT, .tcp = tcp, .writer = ways[i % 2].writer,
                                         .place = place});
    }
}

static void add_stores(struct virtual_world *virtual, struct options *options)
{
    for (uint32_t i = 0; i < virtual->world.plan.options[LQ_OPT_STORES]; i++) {
        uint32_t at = 0;
        struct lq_timer *timer;
        struct lq_disk *disk = &virtual->world.disks[i];
        while ((timer = lq_disk_next_step(disk, &at)) != NULL)
            add(options, (struct option){.kind = STORE, .disk = disk, .timer = timer});
    }
}

/* The next deadline that is explored: the engine's, and the endpoints' where the scenario speaks of
 * them. Others come only before a later one of the engine's. */
static uint64_t next_deadline(const struct virtual_world *virtual)
{
    static const enum lq_scn_limit endpoints[] = {LQ_SCN_LOGIN_TIMEOUT, LQ_SCN_DATA_TIMEOUT,
                                                  LQ_SCN_NOP_INTERVAL};
    uint64_t next = lq_engine_deadline(lq_shard_engine(virtual->shard));
    uint64_t other = lq_iscsi_deadline(lq_shard_iscsi(virtual->shard));
    if (virtual->world.plan.transport == LQ_OVER_FCP)
        other = lq_fc_target_deadline(lq_shard_fc(virtual->shard));
    if (next != LQ_NEVER && other < next)
        return other;
    for (uint32_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        if (lq_scn_has(&virtual->world.request.scenario->limits, endpoints[i]) && other < next)
            next = other;
    return next;
}

static void list_options(struct virtual_world *virtual, struct options *options)
{
    options->count = 0;
    add_actors(virtual, options);
    add_messages(virtual, options);
    add_frames(virtual, options);
    add_kept(virtual, options);
    add_stores(virtual, options);
    if (next_deadline(virtual) != LQ_NEVER)
        add(options, (struct option){.kind = CLOCK});
}

/* --- what happens, in words ----------------------------------------------------------------- */

static void put_station(uint32_t link, struct lq_print *print)
{
    if (link == 0) {
        lq_print_text(print, "the target");
        return;
    }
    lq_print_text(print, "initiator ");
    lq_print_number(print, link);
}

static void describe_frame(const struct lq_frame_parcel *frame, struct lq_print *print)
{
    uint8_t view[LQ_FCOE_VIEW_BYTES];
    const struct lq_pdu_kind *kind = NULL;
    if (lq_fcoe_view(frame->bytes, frame->size_bytes, view))
        kind = lq_pdu_kind_of(&lq_fcoe_pdu_table, view);
    put_station(frame->from, print);
    lq_print_text(print, " to ");
    put_station(frame->to, print);
    lq_print_text(print, ": ");
    lq_print_text(print, kind == NULL ? "a frame" : kind->name);
    lq_print_text(print, " arrives");
}

static void describe(struct virtual_world *virtual, const struct option *option, uint32_t place)
{
    struct lq_print print = lq_print_into(virtual->step_text, sizeof virtual->step_text);
    char line[LQ_SCN_LINE_MAX];
    switch (option->kind) {
    case ACTION:
        lq_scenario_print_statement(virtual->world.request.scenario, place, line);
        lq_print_text(&print, line);
        return;
    case STORE:
        lq_disk_describe(option->disk, option->timer, &print);
        return;
    case CLOCK:
        lq_print_text(&print, "the target's clock reaches ");
        lq_print_time(&print, next_deadline(virtual));
        return;
    case FRAME:
        describe_frame(option->frame, &print);
        return;
    case LATE_DATA:
        lq_print_text(&print, "late Data-Out is sent by initiator ");
        lq_print_number(&print, option->actor->number);
        return;
    default:
        break;
    }
    static const char *const words[] = {[CONNECT] = "connection ", [RESET] = "connection ",
                                        [MESSAGE] = "connection ", [KEPT] = "connection "};
    lq_print_text(&print, words[option->kind]);
    lq_print_number(&print, option->tcp->number);
    if (option->kind == CONNECT) {
        lq_print_text(&print, " is made, one step");
    } else if (option->kind == RESET) {
        lq_print_text(&print, ": the RST arrives");
    } else if (option->kind == KEPT) {
        lq_print_text(&print, option->writer == LQ_TCP_INITIATOR
                                  ? ", to the target: what was kept goes on"
                                  : ", to the initiator: what was kept goes on");
    } else {
        lq_print_text(&print, option->writer == LQ_TCP_INITIATOR ? ", to the target: "
                                                                 : ", to the initiator: ");
        const struct lq_iscsi_opcode_info *info = lq_iscsi_opcode_info(
            lq_tcp_first_byte(option->tcp, option->writer) & 0x3f);
        bool is_end = !lq_tcp_has_message(option->tcp, option->writer);
        lq_print_text(&print, is_end ? "FIN" : info == NULL ? "a PDU" : info->name);
        lq_print_text(&print, " arrives");
    }
}

/* --- steps ---------------------------------------------------------------------------------- */

/* What ACTOR's port was to do at this instant (the choice of an FCF); its patience never ends. */
static struct lq_timer *due_deadline(struct virtual_world *virtual, struct lq_actor *actor)
{
    bool is_due = actor->fcp.deadline_ns <= virtual->world.env.now_ns;
    return is_due ? &actor->fcp.deadline : &actor->wake;
}

/* What initiators do by themselves at this instant. */
static void wake_actors(struct virtual_world *virtual)
{
    for (uint32_t i = 0; i < virtual->world.actor_count; i++) {
        struct lq_actor *actor = &virtual->world.actors[i];
        struct lq_timer *timer = &actor->wake;
        if (!lq_timer_is_set(timer) && virtual->world.plan.transport == LQ_OVER_FCP)
            timer = due_deadline(virtual, actor);
        if (!lq_timer_is_set(timer))
            continue;
        lq_queue_fire(&virtual->world.queue, timer);
        lq_virtual_settle(virtual);
        i = UINT32_MAX; /* once more from the first */
    }
}

static void reach_deadline(struct virtual_world *virtual)
{
    uint64_t reached = next_deadline(virtual) + TOGETHER_NS;
    if (reached > virtual->world.env.now_ns)
        virtual->world.env.now_ns = reached;
    lq_queue_fire(&virtual->world.queue, &virtual->deadline);
}

static void let_go(struct virtual_world *virtual, const struct option *option)
{
    struct virtual_connection *connection = option->tcp->user;
    lq_filter_let_go(virtual->filter, lq_virtual_slot(virtual, connection),
                     option->writer == LQ_TCP_INITIATOR ? LQ_TO_TARGET : LQ_FROM_TARGET,
                     option->place);
    connection->has_room = true;
    lq_virtual_mark(virtual, connection);
}

static void happen(struct virtual_world *virtual, const struct option *option)
{
    uint32_t place;
    switch (option->kind) {
    case ACTION:
        place = lq_script_tell_next(virtual->world.script, option->actor->number - 1);
        describe(virtual, option, place);
        break;
    case MESSAGE:
        describe(virtual, option, 0);
        lq_tcp_deliver(option->tcp, option->writer);
        break;
    case KEPT:
        describe(virtual, option, 0);
        let_go(virtual, option);
        break;
    case CLOCK:
        describe(virtual, option, 0);
        reach_deadline(virtual);
        break;
    case FRAME:
        describe(virtual, option, 0);
        lq_queue_fire(&virtual->world.queue, &option->frame->timer);
        break;
    default:
        describe(virtual, option, 0);
        lq_queue_fire(&virtual->world.queue, option->timer);
        break;
    }
    lq_virtual_settle(virtual);
    wake_actors(virtual);
}

bool lq_world_step(struct lq_world *world)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    struct options options;
    list_options(virtual, &options);
    if (options.count == 0)
        return false;
    uint64_t drawn =
        lq_choose(world->draws, LQ_STREAM_SCHEDULE, SITE_NEXT, 0, options.count);
    world->env.now_ns++; /* no two steps are at the same moment */
    happen(virtual, &options.list[drawn]);
    return true;
}

const char *lq_world_step_text(struct lq_world *world)
{
    return lq_virtual_of(world)->step_text;
}

/* --- begin and end -------------------------------------------------------------------------- */

static bool has_come(const struct virtual_world *virtual)
{
    const struct lq_script *script = virtual->world.script;
    return lq_script_is_exploring(script) || lq_script_is_over(script);
}

static bool is_at_rest(const struct virtual_world *virtual)
{
    if (virtual->shard == NULL)
        return false; /* the target is down */
    for (uint32_t i = 0; i < virtual->world.plan.options[LQ_OPT_STORES]; i++)
        if (virtual->world.disks[i].outstanding > 0)
            return false;
    for (uint32_t i = 0; i < virtual->net.capacity; i++) {
        const struct lq_tcp *tcp = &virtual->net.connections[i];
        if (tcp->number != 0 &&
            (tcp->pipes[0].segment_count > 0 || tcp->pipes[1].segment_count > 0))
            return false;
    }
    return virtual->frames.in_use == 0 && lq_script_is_quiet(virtual->world.script);
}

static bool never(const struct virtual_world *virtual)
{
    (void)virtual;
    return false;
}

static bool has_no_deadline(const struct virtual_world *virtual)
{
    return !lq_timer_is_set(&virtual->deadline);
}

bool lq_world_explore(struct lq_world *world, const struct lq_run_request *request,
                      struct lq_choice *draws)
{
    LQ_ASSERT(request->explores && request->scenario != NULL);
    struct virtual_world *virtual = lq_virtual_of(world);
    lq_virtual_build(virtual, request);
    enum lq_run_end end = lq_virtual_run_until(virtual, world->plan.safety_ns, has_come);
    if (end != LQ_RUN_COMPLETE || !lq_script_is_exploring(world->script))
        return false;
    if (lq_virtual_run_until(virtual, world->env.now_ns + REST_NS, is_at_rest) != LQ_RUN_COMPLETE)
        return false;
    /* Deadlines of what is over (logins) are no choice; pings never end. */
    bool over_fcp = world->plan.transport == LQ_OVER_FCP; /* an FCF advertises itself for ever */
    (void)lq_virtual_run_until(virtual, world->env.now_ns + (over_fcp ? FORGET_NS : REST_NS),
                               over_fcp ? never : has_no_deadline);
    if (over_fcp && lq_virtual_run_until(virtual, world->env.now_ns + REST_NS, is_at_rest) !=
                        LQ_RUN_COMPLETE)
        return false;
    world->draws = draws;
    world->queue.is_free = true;
    virtual->net.message_bytes = message_bytes;
    if (virtual->filter != NULL)
        lq_filter_set_timeless(virtual->filter, true);
    lq_script_begin_exploring(world->script);
    wake_actors(virtual);
    return true;
}

void lq_world_explored(struct lq_world *world, struct lq_run_result *result)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    virtual->net.message_bytes = NULL;
    if (virtual->filter != NULL)
        lq_filter_set_timeless(virtual->filter, false);
    lq_queue_bind(&world->queue);
    lq_virtual_finish(virtual, LQ_RUN_COMPLETE, result);
}
