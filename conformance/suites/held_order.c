/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task attributes, seen at the store: when does the second write reach it while the first is held?
 *
 * [SAM-5 8.5, 8.6] A SIMPLE command does not start before an older ORDERED one has ended; an
 * ORDERED command does not start before every older one has ended, also not one whose Data-Out
 * has not come yet: it entered the task set when it was received.
 *
 * "Does not reach the store" is observed for ABSENCE_MS, or 20 times as long as the control pair
 * needed, after the target answered a NOP-Out that was sent behind the command. Each case first
 * runs the control: two SIMPLE writes must be in the store together, else the result is void. The
 * writes never overlap, so that nothing but the attribute can order them.
 */
#include "conformance/suites/held_test.h"
#include "conformance/suites/raw_client.h"

#include <poll.h>
#include <string.h>

enum { ABSENCE_MS = 300, BLOCKS = 8, BYTES = BLOCKS * 512, FIRST_LBA = 64, SECOND_LBA = 128,
       THIRD_LBA = 192, EVERYTHING_BYTES = 1 << 20, TAGS_MAX = 32, NO_STATUS = 0x100 };

struct order {
    struct held_scene *scene;
    struct raw_client client;
    unsigned from;                    /* events of heldfs before this are history */
    int64_t absence_ms;
    unsigned status[TAGS_MAX];        /* by task tag; NO_STATUS while outstanding */
    uint32_t r2t_tag, r2t_ttt, r2t_bytes;
    uint32_t pong_tag;
};

/* -- steps ------------------------------------------------------------------------------------ */

/* Digest one PDU if it comes within timeout_ms; false when the connection is gone. */
static bool serve(struct order *order, int timeout_ms)
{
    struct raw_client *client = &order->client;
    int result = raw_receive(client, timeout_ms);
    uint32_t tag = raw_tag(client);

    if (result <= 0)
        return result == 0;
    switch (raw_opcode(client)) {
    case RAW_SCSI_RESPONSE:
        if (tag < TAGS_MAX)
            order->status[tag] = raw_status(client);
        break;
    case RAW_R2T:
        order->r2t_tag = tag;
        order->r2t_ttt = raw_field32(client, 20);
        order->r2t_bytes = raw_field32(client, 44);
        break;
    case RAW_NOP_IN:
        order->pong_tag = tag;
        break;
    default:
        break;
    }
    return true;
}

static bool await_status(struct order *order, uint32_t tag, const char *what)
{
    int64_t end_ms = held_now_ms() + HELD_PATIENCE_MS;

    while (order->status[tag] == NO_STATUS && held_now_ms() < end_ms)
        if (!serve(order, 50))
            break;
    if (order->status[tag] == 0)
        return true;
    held_wrong(order->scene, "%s: %s %#x, expected GOOD", what,
               order->status[tag] == NO_STATUS ? "no status" : "status", order->status[tag]);
    return false;
}

/* All that was sent has been received once this returns true. */
static bool await_pong(struct order *order)
{
    int64_t end_ms = held_now_ms() + HELD_PATIENCE_MS;
    uint32_t tag;

    if (raw_ping(&order->client, &tag)) {
        while (order->pong_tag != tag && held_now_ms() < end_ms && serve(order, 50))
            ;
        if (order->pong_tag == tag)
            return true;
    }
    held_wrong(order->scene, "a NOP-Out was not answered");
    return false;
}

/* Whether a write at lba reaches the store (and is held) within timeout_ms; its number in *id. */
static bool arrives(struct order *order, uint32_t lba, int64_t timeout_ms, uint64_t *id)
{
    int64_t end_ms = held_now_ms() + timeout_ms;

    for (;;) {
        unsigned from = order->from;
        const struct held_event *event =
            held_find(order->scene->control, &from, 0, (uint64_t)lba * 512, BYTES);
        struct pollfd fd = { .fd = order->scene->control->fd, .events = POLLIN };

        if (event != NULL) {
            *id = event->id;
            return true;
        }
        if (held_now_ms() >= end_ms)
            return false;
        poll(&fd, 1, 10);
        held_poll(order->scene->control);
    }
}

static bool must_arrive(struct order *order, uint32_t lba, const char *what, uint64_t *id)
{
    if (arrives(order, lba, HELD_PATIENCE_MS, id))
        return true;
    held_wrong(order->scene, "%s never reached the store", what);
    return false;
}

/* `what` is the verdict when it does arrive. */
static bool must_not_arrive(struct order *order, uint32_t lba, const char *what)
{
    uint64_t id;

    if (arrives(order, lba, order->absence_ms, &id)) {
        held_stale(order->scene, "%s", what);
        return false;
    }
    held_note(order->scene, "absent for %" PRId64 " ms, as it must be", order->absence_ms);
    return true;
}

static bool send_write(struct order *order, enum raw_attribute attribute, uint32_t lba,
                       bool immediate, uint32_t *tag)
{
    if (raw_write(&order->client, attribute, lba, BLOCKS, 0x5a, immediate, tag) && *tag < TAGS_MAX)
        return true;
    held_wrong(order->scene, "cannot send a WRITE");
    return false;
}

static bool begin(struct order *order, struct held_scene *scene)
{
    memset(order, 0, sizeof *order);
    order->scene = scene;
    for (int i = 0; i < TAGS_MAX; i++)
        order->status[i] = NO_STATUS;
    if (!raw_login(&order->client, scene->uri[0], "iqn.2026-11.org.lunquake.test:held-order",
                   HELD_PATIENCE_MS)) {
        held_wrong(scene, "cannot log in");
        return false;
    }
    for (int i = 0; i < 8; i++) {                          /* report the unit attentions */
        uint32_t tag;
        int64_t end_ms = held_now_ms() + HELD_PATIENCE_MS;

        if (!raw_test_unit_ready(&order->client, &tag))
            break;
        while (order->status[tag] == NO_STATUS && held_now_ms() < end_ms && serve(order, 50))
            ;
        if (order->status[tag] == 0)
            return true;
    }
    held_wrong(scene, "TEST UNIT READY does not become GOOD");
    return false;
}

/* The control: SIMPLE writes run in parallel. Sets absence_ms. */
static bool control_pair(struct order *order)
{
    struct held_scene *scene = order->scene;
    uint32_t tags[2];
    uint64_t ids[2];
    int64_t began_ms = held_now_ms();

    order->from = scene->control->nevents;
    held_hold(scene->control, "write", 0, 0, EVERYTHING_BYTES);
    if (!send_write(order, RAW_SIMPLE, FIRST_LBA, true, &tags[0]) ||
        !send_write(order, RAW_SIMPLE, SECOND_LBA, true, &tags[1]))
        return false;
    if (!arrives(order, FIRST_LBA, HELD_PATIENCE_MS, &ids[0]) ||
        !arrives(order, SECOND_LBA, HELD_PATIENCE_MS, &ids[1])) {
        held_wrong(scene, "VOID: two SIMPLE writes are not in the store together, so this says "
                   "nothing about order");
        return false;
    }
    order->absence_ms = 20 * (held_now_ms() - began_ms);
    if (order->absence_ms < ABSENCE_MS)
        order->absence_ms = ABSENCE_MS;
    held_note(scene, "control: two SIMPLE writes are in the store together");
    held_release(scene->control, 0);
    if (!await_status(order, tags[0], "control write") ||
        !await_status(order, tags[1], "control write"))
        return false;
    held_hold(scene->control, "write", 0, 0, EVERYTHING_BYTES);
    order->from = scene->control->nevents;
    return true;
}

static void finish(struct order *order)
{
    held_release(order->scene->control, 0);
    raw_close(&order->client);
}

/* -- cases ------------------------------------------------------------------------------------ */

static void pair(struct held_scene *scene, enum raw_attribute older, enum raw_attribute younger,
                 const char *verdict)
{
    static struct order order;
    uint32_t first, second;
    uint64_t id;

    if (begin(&order, scene) && control_pair(&order) &&
        send_write(&order, older, FIRST_LBA, true, &first) &&
        must_arrive(&order, FIRST_LBA, "the older write", &id) &&
        send_write(&order, younger, SECOND_LBA, true, &second) && await_pong(&order) &&
        must_not_arrive(&order, SECOND_LBA, verdict)) {
        held_release(scene->control, id);
        if (await_status(&order, first, "the older write") &&
            must_arrive(&order, SECOND_LBA, "the younger write", &id)) {
            held_release(scene->control, 0);
            await_status(&order, second, "the younger write");
        }
    }
    finish(&order);
}

static void run_simple_ordered(struct held_scene *scene)
{
    pair(scene, RAW_SIMPLE, RAW_ORDERED, "ORDERED reached the store while an older SIMPLE is held");
}

static void run_ordered_simple(struct held_scene *scene)
{
    pair(scene, RAW_ORDERED, RAW_SIMPLE, "SIMPLE reached the store while an older ORDERED is held");
}

static void run_ordered_ordered(struct held_scene *scene)
{
    pair(scene, RAW_ORDERED, RAW_ORDERED, "the younger ORDERED overtook the held older one");
}

/* W1's Data-Out is withheld; ORDERED W2 comes with its data. */
static void run_withheld(struct held_scene *scene)
{
    static const char verdict[] = "ORDERED W2 reached the store before W1, received earlier, ended";
    static struct order order;
    uint32_t first, second;
    int64_t end_ms;
    uint64_t id;

    if (!begin(&order, scene) || !control_pair(&order) ||
        !send_write(&order, RAW_SIMPLE, FIRST_LBA, false, &first))
        goto out;
    end_ms = held_now_ms() + HELD_PATIENCE_MS;
    while (order.r2t_tag != first && held_now_ms() < end_ms && serve(&order, 50))
        ;
    if (order.r2t_tag != first || order.r2t_bytes != BYTES) {
        held_wrong(scene, "no R2T for all of W1's data");
        goto out;
    }
    if (!send_write(&order, RAW_ORDERED, SECOND_LBA, true, &second) || !await_pong(&order))
        goto out;
    if (!must_not_arrive(&order, SECOND_LBA, verdict) ||
        !raw_data_out(&order.client, first, order.r2t_ttt, order.r2t_bytes, 0x5a) ||
        !must_arrive(&order, FIRST_LBA, "W1", &id) ||
        !must_not_arrive(&order, SECOND_LBA, verdict))
        goto out;
    held_release(scene->control, id);
    if (await_status(&order, first, "W1") && must_arrive(&order, SECOND_LBA, "W2", &id)) {
        held_release(scene->control, 0);
        await_status(&order, second, "W2");
    }
out:
    finish(&order);
}

/* HEAD OF QUEUE passes an ORDERED command that waits [SAM-5 8.6.4]. */
static void run_head_of_queue(struct held_scene *scene)
{
    static struct order order;
    uint32_t first, second, third;
    uint64_t first_id, id;

    if (begin(&order, scene) && control_pair(&order) &&
        send_write(&order, RAW_SIMPLE, FIRST_LBA, true, &first) &&
        must_arrive(&order, FIRST_LBA, "the SIMPLE write", &first_id) &&
        send_write(&order, RAW_ORDERED, SECOND_LBA, true, &second) &&
        send_write(&order, RAW_HEAD_OF_QUEUE, THIRD_LBA, true, &third) && await_pong(&order)) {
        if (!must_arrive(&order, THIRD_LBA, "the HEAD OF QUEUE write", &id) ||
            !must_not_arrive(&order, SECOND_LBA, "ORDERED reached the store before its elders"))
            goto out;
        held_release(scene->control, id);
        held_release(scene->control, first_id);
        if (await_status(&order, first, "SIMPLE") && await_status(&order, third, "HEAD OF QUEUE") &&
            must_arrive(&order, SECOND_LBA, "ORDERED", &id)) {
            held_release(scene->control, 0);
            await_status(&order, second, "ORDERED");
        }
    }
out:
    finish(&order);
}

const struct held_case held_order_cases[] = {
    { "simple-ordered", "SIMPLE held, then ORDERED", run_simple_ordered },
    { "ordered-simple", "ORDERED held, then SIMPLE", run_ordered_simple },
    { "ordered-ordered", "ORDERED held, then ORDERED", run_ordered_ordered },
    { "ordered-withheld", "ORDERED behind a write whose Data-Out is withheld", run_withheld },
    { "head-of-queue", "HEAD OF QUEUE passes a waiting ORDERED", run_head_of_queue },
    { NULL, NULL, NULL }
};
