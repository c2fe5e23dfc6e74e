/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a frame for each step of the present path holds the state before the step and the answers
 * to the step's draws; the enumerator counts them through. What follows from a state is looked at
 * once: a table from digests to the number of paths behind them tells which were met.
 */
#include "tools/exhaust.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/list.h"
#include "sim/virtual/explore.h"
#include "sim/virtual/tampered.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/snapshot.h"

enum { MEMORY_BYTES = 64 << 20, FIRST_SEEN = 1 << 12, FRAMES_MAX = LQ_EXHAUST_SCHEDULE_MAX };

/* One step of the present path. */
struct frame {
    struct lq_snapshot before; /* the state */
    struct lq_choice_enumerator draws;
    bool has_begun; /* its first step was made */
    bool goes_on;   /* some step led to another state */
    uint64_t digest;
    double paths; /* to ends, so far */
};

struct seen {
    uint64_t digest; /* 0: free */
    double paths;
};

/* Answers draws by a schedule; 0 when it is used up. */
struct replay {
    struct lq_choice choice;
    const struct lq_exhaust_schedule *schedule;
    uint32_t position;
};

/* Protocol errors that initiators caught and that no fault excuses. */
struct watch {
    uint64_t caught;
    struct lq_tampered tampered;
};

struct lq_exhaust {
    struct lq_exhaust_options options;
    struct lq_snapshot_memory *memory;
    struct lq_world *world;  /* in the memory */
    struct lq_judge *judge;  /* in the memory */
    struct watch *watch;     /* in the memory */
    struct lq_choice_enumerator draws;
    struct replay replay;
    struct lq_run_result result;
    struct frame *frames;
    uint32_t depth;
    struct seen *seen;
    uint64_t seen_count, seen_capacity;
    struct lq_exhaust_counts counts;
    struct lq_exhaust_schedule *schedules; /* by verdict */
    bool *exercised;                       /* by property */
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        lq_message("sim: out of memory; expected %zu more bytes for states; explore a smaller "
                   "world", count * size);
        exit(LQ_EXIT_ENVIRONMENT);
    }
    return memory;
}

static void memory_is_full(void)
{
    lq_message("sim: a state is larger than %d MiB; expected a small world; leave something of "
               "the scenario away", MEMORY_BYTES >> 20);
    exit(LQ_EXIT_USAGE);
}

uint32_t lq_exhaust_verdict_count(void)
{
    return lq_property_count + LQ_EXHAUST_VERDICTS;
}

/* --- the world in its region ---------------------------------------------------------------- */

static void count_caught(void *context, const struct lq_event *event)
{
    struct watch *watch = context;
    if (event->kind == LQ_W_FAULT && (event->flags & LQ_F_PDU) != 0)
        lq_tampered_note(&watch->tampered, event);
    if (event->kind == LQ_I_PROTOCOL && !lq_tampered_excuses(&watch->tampered, event))
        watch->caught++;
}

/* A world from nothing. False: it never came to `explore'. */
static bool begin(struct lq_exhaust *exhaust, struct lq_choice *draws,
                  const struct lq_history_sink *sinks, uint32_t sink_count)
{
    lq_snapshot_clear(exhaust->memory);
    struct lq_allocator allocator = lq_snapshot_allocator(exhaust->memory);
    exhaust->watch = allocator.resize(allocator.context, NULL, 0, sizeof *exhaust->watch);
    exhaust->watch->caught = exhaust->watch->tampered.hits = 0;
    exhaust->watch->tampered.count = 0;
    exhaust->world = lq_world_make(allocator);
    exhaust->judge = lq_judge_make(allocator);
    lq_judge_reset(exhaust->judge);
    struct lq_history_sink all[LQ_HISTORY_SINKS_MAX] = {
        lq_judge_sink(exhaust->judge), {.event = count_caught, .context = exhaust->watch}};
    for (uint32_t i = 0; i < sink_count; i++)
        all[2 + i] = sinks[i];
    struct lq_run_request request = {.scenario = exhaust->options.scenario,
                                     .seed = exhaust->options.seed,
                                     .wrongs = exhaust->options.wrongs,
                                     .sinks = all,
                                     .sink_count = 2 + sink_count,
                                     .explores = true};
    return lq_world_explore(exhaust->world, &request, draws);
}

struct lq_exhaust *lq_exhaust_make(const struct lq_exhaust_options *options)
{
    struct lq_exhaust *exhaust = allocate(1, sizeof *exhaust);
    exhaust->options = *options;
    exhaust->memory = lq_snapshot_make(MEMORY_BYTES, memory_is_full);
    if (exhaust->memory == NULL)
        memory_is_full();
    lq_choice_enumerator_init(&exhaust->draws);
    exhaust->frames = allocate(FRAMES_MAX, sizeof *exhaust->frames);
    exhaust->seen_capacity = FIRST_SEEN;
    exhaust->seen = allocate(FIRST_SEEN, sizeof *exhaust->seen);
    exhaust->schedules = allocate(lq_exhaust_verdict_count(), sizeof *exhaust->schedules);
    exhaust->exercised = allocate(lq_property_count, sizeof *exhaust->exercised);
    return exhaust;
}

void lq_exhaust_free(struct lq_exhaust *exhaust)
{
    for (uint32_t i = 0; i < FRAMES_MAX; i++)
        free(exhaust->frames[i].before.pages);
    free(exhaust->frames);
    free(exhaust->seen);
    free(exhaust->schedules);
    free(exhaust->exercised);
    lq_snapshot_free(exhaust->memory);
    free(exhaust);
}

/* --- states that were met ------------------------------------------------------------------- */

/* The place of DIGEST (not 0), or the free one where it belongs. */
static struct seen *place_of(const struct lq_exhaust *exhaust, uint64_t digest)
{
    uint64_t mask = exhaust->seen_capacity - 1, at = digest & mask;
    while (exhaust->seen[at].digest != 0 && exhaust->seen[at].digest != digest)
        at = (at + 1) & mask;
    return &exhaust->seen[at];
}

static void grow_seen(struct lq_exhaust *exhaust)
{
    struct seen *old = exhaust->seen;
    uint64_t capacity = exhaust->seen_capacity;
    exhaust->seen_capacity = 2 * capacity;
    exhaust->seen = allocate((size_t)exhaust->seen_capacity, sizeof *exhaust->seen);
    for (uint64_t i = 0; i < capacity; i++)
        if (old[i].digest != 0)
            *place_of(exhaust, old[i].digest) = old[i];
    free(old);
}

static uint64_t digest_now(const struct lq_exhaust *exhaust)
{
    struct lq_digest digest;
    lq_world_digest(exhaust->world, &digest);
    lq_judge_digest(exhaust->judge, &digest);
    lq_digest_word(&digest, exhaust->watch->caught);
    lq_tampered_digest(&exhaust->watch->tampered, &digest);
    return digest.hash == 0 ? 1 : digest.hash;
}

/* --- frames --------------------------------------------------------------------------------- */

/* The state of now is where the next step begins. */
static void push(struct lq_exhaust *exhaust, uint64_t digest)
{
    if (exhaust->depth == FRAMES_MAX) {
        lq_message("sim: a path has more than %d steps; expected a small world; leave something "
                   "of the scenario away", FRAMES_MAX);
        exit(LQ_EXIT_USAGE);
    }
    struct frame *frame = &exhaust->frames[exhaust->depth++];
    lq_snapshot_save(exhaust->memory, &frame->before);
    lq_choice_enumerator_init(&frame->draws);
    frame->has_begun = frame->goes_on = false;
    frame->digest = digest;
    frame->paths = 0;
    exhaust->counts.states++;
    exhaust->counts.state_bytes = frame->before.capacity_bytes;
    if (exhaust->depth > exhaust->counts.depth + 1)
        exhaust->counts.depth = exhaust->depth - 1;
}

static void note_schedule(const struct lq_exhaust *exhaust, struct lq_exhaust_schedule *schedule)
{
    if (schedule->is_known && schedule->steps <= exhaust->depth)
        return;
    schedule->is_known = true;
    schedule->count = 0;
    schedule->steps = exhaust->depth;
    for (uint32_t i = 0; i < exhaust->depth; i++) {
        const struct lq_choice_enumerator *draws = &exhaust->frames[i].draws;
        for (uint32_t d = 0; d < draws->count && schedule->count < LQ_EXHAUST_SCHEDULE_MAX; d++)
            schedule->draws[schedule->count++] = (uint16_t)draws->digits[d];
    }
}

/* Notes every verdict of the present path. */
static void note_verdicts(struct lq_exhaust *exhaust)
{
    uint64_t all = lq_judge_violations(exhaust->judge);
    for (uint32_t i = 0; all > 0 && i < lq_property_count; i++)
        if (lq_judge_violations_of(exhaust->judge, i) > 0)
            note_schedule(exhaust, &exhaust->schedules[i]);
    if (exhaust->watch->caught > 0)
        note_schedule(exhaust, &exhaust->schedules[lq_property_count + LQ_EXHAUST_CAUGHT]);
}

/* Nothing can happen any more: ends the run and judges it as a whole. */
static void end_path(struct lq_exhaust *exhaust)
{
    lq_world_explored(exhaust->world, &exhaust->result);
    lq_judge_finish(exhaust->judge);
    note_verdicts(exhaust);
    if (exhaust->result.end != LQ_RUN_COMPLETE)
        note_schedule(exhaust, &exhaust->schedules[lq_property_count + LQ_EXHAUST_STUCK]);
    if (lq_world_unmet_count(exhaust->world) > 0)
        note_schedule(exhaust, &exhaust->schedules[lq_property_count + LQ_EXHAUST_UNMET]);
    for (uint32_t i = 0; i < lq_property_count; i++)
        exhaust->exercised[i] |= lq_judge_exercised(exhaust->judge, i) > 0;
    exhaust->counts.ends++;
}

/* All that follows from the last frame has been looked at. */
static void pop(struct lq_exhaust *exhaust)
{
    const struct frame *frame = &exhaust->frames[--exhaust->depth];
    if (exhaust->options.reduces && exhaust->depth > 0)
        place_of(exhaust, frame->digest)->paths = frame->paths;
    if (exhaust->depth > 0)
        exhaust->frames[exhaust->depth - 1].paths += frame->paths;
    else
        exhaust->counts.interleavings = frame->paths;
}

/* What can happen in FRAME's state changes nothing (a clock that strikes in vain). */
static void end_here(struct lq_exhaust *exhaust, struct frame *frame)
{
    lq_snapshot_restore(exhaust->memory, &frame->before);
    frame->draws.count = 0;
    end_path(exhaust);
    frame->paths = 1;
}

/* The next step from the last frame's state. False: there is none left. */
static bool step(struct lq_exhaust *exhaust)
{
    struct frame *frame = &exhaust->frames[exhaust->depth - 1];
    if (frame->has_begun && !lq_choice_enumerator_next(&frame->draws)) {
        if (!frame->goes_on)
            end_here(exhaust, frame);
        return false;
    }
    if (frame->has_begun)
        lq_snapshot_restore(exhaust->memory, &frame->before);
    frame->has_begun = true;
    exhaust->draws = frame->draws;
    lq_choice_enumerator_begin(&exhaust->draws);
    bool has_step = lq_world_step(exhaust->world);
    frame->draws = exhaust->draws;
    if (!has_step) {
        end_path(exhaust);
        frame->paths = 1;
        return false;
    }
    exhaust->counts.steps++;
    note_verdicts(exhaust);
    if (!exhaust->options.reduces) {
        frame->goes_on = true;
        push(exhaust, 0);
        return true;
    }
    uint64_t digest = digest_now(exhaust);
    frame->goes_on |= digest != frame->digest;
    struct seen *seen = place_of(exhaust, digest);
    if (seen->digest != 0) {
        frame->paths += seen->paths;
        return true;
    }
    *seen = (struct seen){digest, 0};
    if (++exhaust->seen_count > exhaust->seen_capacity / 2)
        grow_seen(exhaust);
    push(exhaust, digest);
    return true;
}

/* True when the search may end: the wanted verdict was found. */
static bool is_found(const struct lq_exhaust *exhaust)
{
    return exhaust->options.wanted < lq_exhaust_verdict_count() &&
           exhaust->schedules[exhaust->options.wanted].is_known;
}

enum lq_exhaust_end lq_exhaust_run(struct lq_exhaust *exhaust)
{
    if (!begin(exhaust, &exhaust->draws.choice, NULL, 0))
        return LQ_EXHAUST_NEVER_CAME;
    lq_snapshot_begin(exhaust->memory);
    push(exhaust, digest_now(exhaust));
    note_verdicts(exhaust);
    while (exhaust->depth > 0) {
        if (is_found(exhaust))
            return LQ_EXHAUST_FOUND;
        if (!step(exhaust))
            pop(exhaust);
        if (exhaust->options.should_stop(exhaust->options.context))
            return LQ_EXHAUST_STOPPED;
    }
    return is_found(exhaust) ? LQ_EXHAUST_FOUND : LQ_EXHAUST_ALL;
}

/* --- one path ------------------------------------------------------------------------------- */

static uint64_t replayed(struct lq_choice *choice, uint32_t stream, uint32_t site,
                         uint64_t subject, uint64_t n)
{
    (void)site, (void)subject;
    struct replay *replay = LQ_ELEMENT(choice, struct replay, choice);
    uint64_t digit = 0;
    if (replay->position < replay->schedule->count)
        digit = replay->schedule->draws[replay->position++];
    if (stream == LQ_STREAM_FAULT)
        return digit == 0 ? 0 : n - 1;
    return digit < n ? digit : n - 1;
}

bool lq_exhaust_replay(struct lq_exhaust *exhaust, const struct lq_exhaust_schedule *schedule,
                       const struct lq_history_sink *sinks, uint32_t sink_count,
                       void (*told)(void *context, const char *step), void *context)
{
    exhaust->replay = (struct replay){{replayed}, schedule, 0};
    if (!begin(exhaust, &exhaust->replay.choice, sinks, sink_count))
        return false;
    while (exhaust->replay.position < schedule->count && lq_world_step(exhaust->world))
        told(context, lq_world_step_text(exhaust->world));
    lq_world_explored(exhaust->world, &exhaust->result);
    lq_judge_finish(exhaust->judge);
    return true;
}

/* --- looking inside ------------------------------------------------------------------------- */

const struct lq_exhaust_counts *lq_exhaust_counts(const struct lq_exhaust *exhaust)
{
    return &exhaust->counts;
}

const struct lq_exhaust_schedule *lq_exhaust_schedule(const struct lq_exhaust *exhaust,
                                                      uint32_t verdict)
{
    return &exhaust->schedules[verdict];
}

bool lq_exhaust_exercised(const struct lq_exhaust *exhaust, uint32_t property)
{
    return exhaust->exercised[property];
}

const struct lq_judge *lq_exhaust_judge(const struct lq_exhaust *exhaust)
{
    return exhaust->judge;
}

const struct lq_world *lq_exhaust_world(const struct lq_exhaust *exhaust)
{
    return exhaust->world;
}

const struct lq_run_result *lq_exhaust_result(const struct lq_exhaust *exhaust)
{
    return &exhaust->result;
}

uint64_t lq_exhaust_caught(const struct lq_exhaust *exhaust)
{
    return exhaust->watch->caught;
}
