/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: each copy of a frame on its way is a parcel with a timer of its own. Draws are named by
 * the sender's link and the number of the frame on it; a copy for one of many stations also by that
 * station's.
 */
#include "sim/virtual/frames.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/list.h"

enum site { SITE_LATENCY = 1, SITE_SLOW, SITE_LATE, SITE_AGAIN, SITE_BIT, SITE_DOWN };

enum {
    ADDRESS_BYTES = 6,
    HEADER_BYTES = 14,
    TYPE = 12,
    FCOE = 0x8906,
    FCOE_BODY = 14 + 14, /* of the FC frame, behind the headers of Ethernet and FCoE */
    TRAILER_BYTES = 8,
    SLOW_FACTOR = 30,
    LATE_FACTOR = 8
};

static void up_fires(struct lq_timer *timer);
static void parcel_fires(struct lq_timer *timer);

/* Each station's own frames, each twice, and one copy of each for some of the others. */
enum { PARCELS = LQ_FRAME_LINKS_MAX * LQ_FRAMES_OF_LINK * 2 };

void lq_frames_init(struct lq_frames *frames, const struct lq_allocator *allocator)
{
    *frames = (struct lq_frames){.allocator = allocator};
}

void lq_frames_fini(struct lq_frames *frames)
{
    if (frames->parcels == NULL)
        return;
    (void)lq_resize(frames->allocator, frames->parcels, PARCELS * sizeof *frames->parcels, 0);
    (void)lq_resize(frames->allocator, frames->bytes, PARCELS * LQ_FRAME_BYTES_MAX, 0);
}

/* Worlds without frames have no memory for them. */
static void make_parcels(struct lq_frames *frames)
{
    if (frames->parcels == NULL) {
        frames->parcels =
            lq_resize(frames->allocator, NULL, 0, PARCELS * sizeof *frames->parcels);
        frames->bytes = lq_resize(frames->allocator, NULL, 0, PARCELS * LQ_FRAME_BYTES_MAX);
    }
    frames->free = frames->parcels;
    for (uint32_t i = 0; i < PARCELS; i++)
        frames->parcels[i] = (struct lq_frame_parcel){
            .timer = {.fire = parcel_fires},
            .frames = frames,
            .next_free = i + 1 < PARCELS ? &frames->parcels[i + 1] : NULL,
            .bytes = frames->bytes + (uint64_t)i * LQ_FRAME_BYTES_MAX};
}

void lq_frames_reset(struct lq_frames *frames, struct lq_queue *queue, struct lq_faults *faults,
                     const struct lq_frame_events *events, void *context)
{
    frames->queue = queue;
    frames->faults = faults;
    frames->events = events;
    frames->context = context;
    frames->in_use = frames->learned_count = frames->learned_next = 0;
    frames->overflows = frames->numbers = 0;
    for (uint32_t i = 0; i < LQ_FRAME_LINKS_MAX; i++)
        frames->links[i] = (struct lq_frame_link){.frames = frames,
                                                  .up_timer = {.fire = up_fires}};
}

void lq_frames_open(struct lq_frames *frames, uint32_t link,
                    const struct lq_frame_options *options)
{
    LQ_ASSERT(link < LQ_FRAME_LINKS_MAX && !frames->links[link].is_open);
    LQ_ASSERT(options->latency_min_ns <= options->latency_max_ns);
    bool is_first = true;
    for (uint32_t i = 0; i < LQ_FRAME_LINKS_MAX; i++)
        is_first &= !frames->links[i].is_open;
    if (is_first)
        make_parcels(frames);
    frames->links[link].options = options;
    frames->links[link].is_open = frames->links[link].is_up = true;
}

/* --- draws ---------------------------------------------------------------------------------- */

static uint64_t now_of(const struct lq_frames *frames)
{
    return *frames->queue->now_ns;
}

static uint64_t between(const struct lq_frames *frames, enum site site, uint64_t subject,
                        uint64_t low, uint64_t high)
{
    return lq_choose_range(frames->faults->choice, LQ_STREAM_NETWORK, 64 + (uint32_t)site, subject,
                           low, high);
}

/* The link of the initiator whose frames go between FROM and TO: link 0 is the target's. */
static uint32_t initiator_of(uint32_t from, uint32_t to)
{
    return from == 0 ? to : from;
}

/* Does FAULT strike the frame of SUBJECT, to or from the initiator of LINK? */
static bool strikes(struct lq_frames *frames, enum lq_fault fault, uint64_t subject, uint32_t link)
{
    return lq_fault_fires(frames->faults, fault, subject, lq_connection_of_link(link));
}

/* --- the switch ----------------------------------------------------------------------------- */

static void learn(struct lq_frames *frames, uint64_t address, uint32_t link)
{
    for (uint32_t i = 0; i < frames->learned_count; i++) {
        if (frames->learned[i].address == address) {
            frames->learned[i].link = link;
            return;
        }
    }
    uint32_t at = frames->learned_next;
    frames->learned_next = (at + 1) % LQ_FRAME_ADDRESSES;
    if (frames->learned_count < LQ_FRAME_ADDRESSES)
        frames->learned_count++;
    frames->learned[at].address = address;
    frames->learned[at].link = link;
}

uint32_t lq_frames_look_up(const struct lq_frames *frames, uint64_t address)
{
    for (uint32_t i = 0; i < frames->learned_count; i++)
        if (frames->learned[i].address == address)
            return frames->learned[i].link;
    return LQ_FRAME_LINKS_MAX;
}

static struct lq_frame_parcel *take_parcel(struct lq_frames *frames)
{
    struct lq_frame_parcel *parcel = frames->free;
    if (parcel == NULL)
        frames->overflows++;
    else
        frames->free = parcel->next_free;
    return parcel;
}

/* When a copy of the frame arrives at TO; those of one station to another keep their order, but for
 * those that are late by a fault. */
static uint64_t arrival_of(struct lq_frames *frames, uint32_t from, uint32_t to, uint64_t subject)
{
    struct lq_frame_link *link = &frames->links[from];
    uint32_t initiator = initiator_of(from, to);
    const struct lq_frame_options *options = link->options;
    uint64_t way = lq_subject(subject, to);
    uint64_t latency = between(frames, SITE_LATENCY, way, options->latency_min_ns,
                               options->latency_max_ns);
    if (strikes(frames, LQ_FAULT_FRAME_DELAY, way, initiator))
        latency = latency * (1 + between(frames, SITE_SLOW, way, 1, SLOW_FACTOR)) +
                  lq_fault_delay(frames->faults);
    uint64_t arrival = link->busy_until_ns + latency;
    if (strikes(frames, LQ_FAULT_FRAME_REORDER, way, initiator))
        return arrival + 1 + between(frames, SITE_LATE, way, 0, LATE_FACTOR * latency) +
               lq_fault_delay(frames->faults);
    if (arrival < link->arrived_ns[to])
        arrival = link->arrived_ns[to];
    link->arrived_ns[to] = arrival;
    return arrival;
}

/* A switch damages a frame and makes Ethernet's own check right again: FCoE's CRC finds it. Frames
 * of other types have none; they are lost, as damaged on a link. False: lost. */
static bool damage(const struct lq_frames *frames, struct lq_frame_parcel *parcel,
                   uint64_t subject)
{
    if (parcel->size_bytes <= FCOE_BODY + TRAILER_BYTES ||
        lq_get_be16(parcel->bytes + TYPE) != FCOE)
        return false;
    uint32_t bits = 8 * (parcel->size_bytes - FCOE_BODY - 4); /* the CRC's, too */
    uint64_t bit = between(frames, SITE_BIT, subject, 0, bits - 1);
    parcel->bytes[FCOE_BODY + bit / 8] ^= (uint8_t)(1U << bit % 8);
    return true;
}

static void drop(struct lq_frame_parcel *parcel);

static struct lq_frame_parcel *put_parcel(struct lq_frames *frames, uint32_t from, uint32_t to,
                                          const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_frame_parcel *parcel = take_parcel(frames);
    if (parcel == NULL)
        return NULL;
    memcpy(parcel->bytes, bytes, size_bytes);
    parcel->from = from;
    parcel->to = to;
    parcel->size_bytes = size_bytes;
    parcel->number = ++frames->numbers;
    parcel->in_use = true;
    parcel->is_counted = false;
    frames->in_use++;
    return parcel;
}

/* A copy of the frame on its way to TO, perhaps two. */
static void forward(struct lq_frames *frames, uint32_t from, uint32_t to, const uint8_t *bytes,
                    uint32_t size_bytes, uint64_t subject)
{
    struct lq_frame_link *link = &frames->links[from];
    uint64_t way = lq_subject(subject, to);
    uint32_t initiator = initiator_of(from, to);
    if (strikes(frames, LQ_FAULT_FRAME_DROP, way, initiator))
        return;
    struct lq_frame_parcel *parcel = put_parcel(frames, from, to, bytes, size_bytes);
    if (parcel == NULL)
        return;
    uint64_t arrival = arrival_of(frames, from, to, subject);
    if (strikes(frames, LQ_FAULT_FRAME_DUPLICATE, way, initiator)) {
        struct lq_frame_parcel *again = put_parcel(frames, from, to, bytes, size_bytes);
        if (again != NULL)
            lq_queue_at(frames->queue, &again->timer,
                        arrival + between(frames, SITE_AGAIN, way, 0,
                                          LATE_FACTOR * link->options->latency_max_ns) +
                            lq_fault_delay(frames->faults),
                        parcel_fires);
    }
    if (strikes(frames, LQ_FAULT_FRAME_CORRUPT, way, initiator) &&
        !damage(frames, parcel, way)) {
        drop(parcel);
        return;
    }
    parcel->is_counted = true;
    link->outstanding++;
    lq_queue_at(frames->queue, &parcel->timer, arrival, parcel_fires);
}

/* --- stations ------------------------------------------------------------------------------- */

bool lq_frames_has_room(struct lq_frames *frames, uint32_t at)
{
    struct lq_frame_link *link = &frames->links[at];
    link->wants_room = link->outstanding >= LQ_FRAMES_OF_LINK;
    return !link->wants_room;
}

void lq_frames_flap(struct lq_frames *frames, uint32_t at, uint64_t down_ns)
{
    lq_frames_set_carrier(frames, at, false);
    if (down_ns > 0)
        lq_queue_at(frames->queue, &frames->links[at].up_timer, now_of(frames) + down_ns,
                    up_fires);
}

void lq_frames_mute(struct lq_frames *frames, uint32_t at, uint64_t for_ns)
{
    frames->links[at].silent_until_ns = now_of(frames) + for_ns;
}

/* LINK's station is silent, and a frame of its is lost. */
static bool is_mute(struct lq_frames *frames, uint32_t at)
{
    if (frames->links[at].silent_until_ns <= now_of(frames))
        return false;
    struct lq_event event = {.time_ns = now_of(frames), .kind = LQ_W_FAULT,
                             .code = LQ_FAULT_FABRIC_SILENT};
    lq_history_add(frames->faults->history, &event);
    return true;
}

/* The carrier of LINK is gone for a while. */
static void flap(struct lq_frames *frames, uint32_t at, uint64_t subject)
{
    uint64_t down_ns = lq_fault_delay(frames->faults);
    if (down_ns == 0)
        down_ns = between(frames, SITE_DOWN, subject, 1, frames->links[at].options->down_max_ns);
    lq_frames_flap(frames, at, down_ns);
}

void lq_frames_send(struct lq_frames *frames, uint32_t at, const uint8_t *bytes,
                    uint32_t size_bytes)
{
    LQ_ASSERT(at < LQ_FRAME_LINKS_MAX && frames->links[at].is_open);
    LQ_ASSERT(size_bytes >= HEADER_BYTES && size_bytes <= LQ_FRAME_BYTES_MAX);
    struct lq_frame_link *link = &frames->links[at];
    uint64_t subject = lq_subject(at, ++link->sent);
    if (!link->is_up || is_mute(frames, at))
        return;
    uint64_t now = now_of(frames);
    if (link->busy_until_ns < now)
        link->busy_until_ns = now;
    link->busy_until_ns += size_bytes * link->options->byte_ns_x16 / 16;
    learn(frames, lq_get_be48(bytes + ADDRESS_BYTES), at);
    bool is_group = (bytes[0] & 1) != 0;
    uint32_t to = is_group ? LQ_FRAME_LINKS_MAX : lq_frames_look_up(frames, lq_get_be48(bytes));
    for (uint32_t i = 0; i < LQ_FRAME_LINKS_MAX; i++)
        if (i != at && frames->links[i].is_up && (to == LQ_FRAME_LINKS_MAX || to == i))
            forward(frames, at, i, bytes, size_bytes, subject);
    if (link->options->down_max_ns > 0 && strikes(frames, LQ_FAULT_LINK_DOWN, subject, at))
        flap(frames, at, subject);
}

static void free_parcel(struct lq_frame_parcel *parcel)
{
    struct lq_frame_link *link = &parcel->frames->links[parcel->from];
    lq_queue_cancel(parcel->frames->queue, &parcel->timer);
    parcel->in_use = false;
    parcel->next_free = parcel->frames->free;
    parcel->frames->free = parcel;
    parcel->frames->in_use--;
    if (parcel->is_counted)
        link->outstanding--;
}

static void drop(struct lq_frame_parcel *parcel)
{
    struct lq_frames *frames = parcel->frames;
    struct lq_frame_link *link = &frames->links[parcel->from];
    free_parcel(parcel);
    if (link->wants_room && link->is_up && link->outstanding < LQ_FRAMES_OF_LINK) {
        link->wants_room = false;
        frames->events->room(frames->context, parcel->from);
    }
}

static void parcel_fires(struct lq_timer *timer)
{
    struct lq_frame_parcel *parcel = LQ_ELEMENT(timer, struct lq_frame_parcel, timer);
    struct lq_frames *frames = parcel->frames;
    if (frames->links[parcel->to].is_up && !is_mute(frames, parcel->to))
        frames->events->arrived(frames->context, parcel->to, parcel->bytes, parcel->size_bytes);
    if (parcel->in_use) /* nobody took the carrier away meanwhile */
        drop(parcel);
}

/* --- links ---------------------------------------------------------------------------------- */

static void lose_all(struct lq_frames *frames, uint32_t at, bool both_ways)
{
    for (uint32_t i = 0; frames->in_use > 0 && i < PARCELS; i++) {
        struct lq_frame_parcel *parcel = &frames->parcels[i];
        if (parcel->in_use && (parcel->from == at || (both_ways && parcel->to == at)))
            drop(parcel);
    }
}

void lq_frames_lose(struct lq_frames *frames, uint32_t at)
{
    lose_all(frames, at, false);
}

void lq_frames_set_carrier(struct lq_frames *frames, uint32_t at, bool is_up)
{
    struct lq_frame_link *link = &frames->links[at];
    lq_queue_cancel(frames->queue, &link->up_timer);
    if (!link->is_open || link->is_up == is_up)
        return;
    link->is_up = is_up;
    link->wants_room = false;
    if (!is_up)
        lose_all(frames, at, true);
    frames->events->carrier(frames->context, at, is_up);
}

static void up_fires(struct lq_timer *timer)
{
    struct lq_frame_link *link = LQ_ELEMENT(timer, struct lq_frame_link, up_timer);
    lq_frames_set_carrier(link->frames, (uint32_t)(link - link->frames->links), true);
}

void lq_frames_heal(struct lq_frames *frames, bool with_carriers)
{
    for (uint32_t i = 0; i < LQ_FRAME_LINKS_MAX; i++) {
        frames->links[i].silent_until_ns = 0;
        if (with_carriers)
            lq_frames_set_carrier(frames, i, true);
    }
}

/* --- exploration ---------------------------------------------------------------------------- */

/* The first frame from FROM to TO that was sent after AFTER; NULL: there is none. */
static struct lq_frame_parcel *first_of(const struct lq_frames *frames, uint32_t from,
                                              uint32_t to, uint64_t after)
{
    struct lq_frame_parcel *first = NULL;
    for (uint32_t i = 0; frames->in_use > 0 && i < PARCELS; i++) {
        struct lq_frame_parcel *parcel = &frames->parcels[i];
        if (parcel->in_use && parcel->from == from && parcel->to == to &&
            parcel->number > after && (first == NULL || parcel->number < first->number))
            first = parcel;
    }
    return first;
}

struct lq_frame_parcel *lq_frames_first(const struct lq_frames *frames, uint32_t *at)
{
    struct lq_frame_parcel *first = NULL;
    while (first == NULL && *at < LQ_FRAME_LINKS_MAX * LQ_FRAME_LINKS_MAX) {
        first = first_of(frames, *at / LQ_FRAME_LINKS_MAX, *at % LQ_FRAME_LINKS_MAX, 0);
        ++*at;
    }
    return first;
}

void lq_frames_digest(const struct lq_frames *frames, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < LQ_FRAME_LINKS_MAX; i++)
        lq_digest_two(digest, frames->links[i].is_open, frames->links[i].is_up);
    const struct lq_frame_parcel *parcel;
    for (uint32_t at = 0; (parcel = lq_frames_first(frames, &at)) != NULL;) {
        lq_digest_two(digest, parcel->from, parcel->to);
        for (; parcel != NULL;
             parcel = first_of(frames, parcel->from, parcel->to, parcel->number)) {
            lq_digest_word(digest, parcel->size_bytes);
            lq_digest_bytes(digest, parcel->bytes, parcel->size_bytes);
        }
    }
}
