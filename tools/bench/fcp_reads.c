/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a frame device, for benchmarks: an initiator of our own that reads 4 KiB at
 * random, 32 commands at once, from a target behind the device; or nothing but frames.
 *
 *     fcp-reads DEVICE SECONDS          logs in to the first target found; prints "reads N"
 *     fcp-reads --frames FROM TO SECONDS   a process sends full FCoE frames at FROM, another takes
 *                                       them at TO; prints "frames N": what the device can do
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "proto/fc/initiator.h"
#include "proto/fcoe/enode.h"
#include "sim/live/frames.h"
#include "sim/live/loop.h"
#include "tools/units.h"

enum { DEPTH = 32, BLOCK_BYTES = 512, BLOCKS = 8, MEDIUM_BLOCKS = 128 * 1024 /* 64 MiB */ };
enum { FULL_FRAME_BYTES = 14 + 14 + 24 + 2048 + 4 + 4 }; /* with 2,048 bytes of data */
enum { LOGIN_SECONDS = 20, RECEIVE_MOST = 64, SECONDS_MOST = 3600 };

static const uint64_t S = 1000000000;

struct reader {
    struct lq_env env;
    struct lq_frame_device device;
    struct lq_enode *enode;
    struct lq_fc_initiator *initiator;
    uint32_t found_fc_id;
    bool is_logged_in;
    uint64_t issued, reads, failed;
    uint8_t in[DEPTH][BLOCKS * BLOCK_BYTES];
};

static int fail(const char *what)
{
    fprintf(stderr, "fcp-reads: %s\n", what);
    return 1;
}

static bool open_device(struct lq_frame_device *device, const char *specification)
{
    struct lq_problem problem;
    if (lq_frame_device_open(device, specification, &problem))
        return true;
    (void)fail(problem.text);
    return false;
}

/* --- nothing but frames --------------------------------------------------------------------- */

static void send_frames(struct lq_frame_device *device, uint64_t seconds)
{
    uint8_t frame[FULL_FRAME_BYTES] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x89, 0x06};
    struct lq_slice slice = {frame, sizeof frame};
    struct pollfd room = {.fd = device->fd, .events = POLLOUT};
    uint64_t end_ns = lq_live_now_ns() + seconds * S;
    while (lq_live_now_ns() < end_ns) {
        if (lq_frame_device_flush(device))
            lq_frame_device_send(device, &slice, 1);
        else
            (void)poll(&room, 1, 100);
    }
}

static uint64_t count_frames(struct lq_frame_device *device, uint64_t seconds)
{
    struct pollfd arrival = {.fd = device->fd, .events = POLLIN};
    uint8_t bytes[LQ_DEVICE_FRAME_BYTES_MAX];
    uint64_t frames = 0, end_ns = lq_live_now_ns() + seconds * S;
    while (lq_live_now_ns() < end_ns) {
        bool is_empty = false;
        (void)poll(&arrival, 1, 100);
        for (uint32_t i = 0; i < RECEIVE_MOST && !is_empty; i++)
            frames += lq_frame_device_receive(device, bytes, &is_empty) == FULL_FRAME_BYTES;
    }
    return frames;
}

static int measure_frames(const char *from, const char *to, uint64_t seconds)
{
    struct lq_frame_device sender, receiver;
    if (!open_device(&sender, from))
        return 1;
    if (!open_device(&receiver, to)) {
        lq_frame_device_close(&sender);
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        send_frames(&sender, seconds + 1); /* the one that counts ends first */
        _exit(0);
    }
    uint64_t frames = child < 0 ? 0 : count_frames(&receiver, seconds);
    if (child > 0) {
        kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
    lq_frame_device_close(&sender);
    lq_frame_device_close(&receiver);
    printf("frames %" PRIu64 "\n", frames);
    return frames > 0 ? 0 : fail("no frame came through");
}

/* --- reads ---------------------------------------------------------------------------------- */

/* A slot has one command at a time, with the id slot + 1. */
static void read_next(struct reader *reader, uint64_t slot)
{
    uint8_t cdb[10] = {0x28};
    uint64_t place = reader->issued++ * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    lq_put_be32(cdb + 2, (uint32_t)(place % (MEDIUM_BLOCKS / BLOCKS)) * BLOCKS);
    cdb[8] = BLOCKS;
    const struct lq_fc_initiator_command command = {.id = slot + 1,
                                                    .cdb = cdb,
                                                    .cdb_bytes = sizeof cdb,
                                                    .attribute = LQ_SIMPLE,
                                                    .read = true,
                                                    .expected_in_bytes = BLOCKS * BLOCK_BYTES,
                                                    .in = reader->in[slot],
                                                    .in_bytes = BLOCKS * BLOCK_BYTES};
    if (!lq_fc_initiator_command(reader->initiator, &command))
        reader->failed++;
}

static void take_event(struct reader *reader, const struct lq_fc_initiator_event *event)
{
    struct lq_fc_initiator_login login = {.fc_id = reader->found_fc_id};
    switch (event->kind) {
    case LQ_FC_I_EVENT_PORT_FOUND:
        reader->found_fc_id = event->fc_id;
        break;
    case LQ_FC_I_EVENT_DISCOVERED:
        if (reader->found_fc_id != 0)
            (void)lq_fc_initiator_login(reader->initiator, &login);
        else
            (void)lq_fc_initiator_discover(reader->initiator);
        break;
    case LQ_FC_I_EVENT_LOGGED_IN:
        reader->is_logged_in = true;
        for (uint64_t slot = 0; slot < DEPTH; slot++)
            read_next(reader, slot);
        break;
    case LQ_FC_I_EVENT_COMMAND_DONE: /* the first has the unit attention of power on */
        reader->reads += event->status == 0 && event->in_bytes == BLOCKS * BLOCK_BYTES;
        read_next(reader, event->id - 1);
        break;
    case LQ_FC_I_EVENT_COMMAND_FAILED:
    case LQ_FC_I_EVENT_LOGIN_FAILED:
    case LQ_FC_I_EVENT_LOGGED_OUT:
    case LQ_FC_I_EVENT_PROTOCOL_ERROR:
        reader->failed++;
        break;
    default:
        break;
    }
}

static void take_events(struct reader *reader)
{
    struct lq_enode_event link;
    struct lq_fc_initiator_event event;
    while (lq_enode_next(reader->enode, &link)) {
        if (link.kind == LQ_ENODE_DOWN)
            reader->failed++;
        if (link.kind != LQ_ENODE_UP)
            continue;
        lq_fc_initiator_attach(reader->initiator, link.fc_id, link.data_bytes_max);
        (void)lq_fc_initiator_discover(reader->initiator);
    }
    while (lq_fc_initiator_next(reader->initiator, &event))
        take_event(reader, &event);
}

static bool send_one(struct reader *reader)
{
    struct lq_slice fip = lq_enode_emit(reader->enode);
    struct lq_fc_frame frame;
    struct lq_fcoe_ends ends;
    if (!lq_frame_device_flush(&reader->device))
        return false;
    if (fip.size_bytes > 0) {
        lq_frame_device_send(&reader->device, &fip, 1);
        lq_enode_sent(reader->enode);
        return true;
    }
    if (!lq_fc_initiator_emit(reader->initiator, &frame))
        return false;
    if (lq_enode_encapsulate(reader->enode, 0, &frame, &ends)) {
        const struct lq_slice slices[] = {{ends.head, ends.head_bytes},
                                          {frame.payload, frame.payload_bytes},
                                          {ends.tail, ends.tail_bytes}};
        lq_frame_device_send(&reader->device, slices, 3);
    }
    lq_fc_initiator_sent(reader->initiator);
    return true;
}

static void receive(struct reader *reader)
{
    uint8_t bytes[LQ_DEVICE_FRAME_BYTES_MAX];
    struct lq_fc_frame frame;
    bool is_empty = false;
    for (uint32_t i = 0; i < RECEIVE_MOST && !is_empty; i++) {
        uint32_t size = lq_frame_device_receive(&reader->device, bytes, &is_empty);
        if (size > 0 && lq_enode_feed(reader->enode, bytes, size, &frame) == 0)
            lq_fc_initiator_feed(reader->initiator, &frame);
        take_events(reader);
    }
}

static void turn(struct reader *reader)
{
    reader->env.now_ns = lq_live_now_ns();
    if (lq_enode_deadline(reader->enode) <= reader->env.now_ns)
        lq_enode_expire(reader->enode);
    if (lq_fc_initiator_deadline(reader->initiator) <= reader->env.now_ns)
        lq_fc_initiator_expire(reader->initiator);
    take_events(reader);
    while (send_one(reader))
        take_events(reader);
    bool is_full = !lq_frame_device_flush(&reader->device);
    struct pollfd look = {.fd = reader->device.fd,
                          .events = (short)(is_full ? POLLIN | POLLOUT : POLLIN)};
    if (poll(&look, 1, 10) > 0 && (look.revents & POLLIN) != 0)
        receive(reader);
}

static void carve(struct reader *reader, struct lq_arena *arena)
{
    struct lq_enode_config enode = lq_enode_config_default;
    struct lq_fc_initiator_config config = lq_fc_initiator_config_default;
    enode.mac = UINT64_C(0x020000000b01);
    enode.node_name = config.node_name = UINT64_C(0x1000020000000b01);
    enode.port_names[0] = config.port_name = UINT64_C(0x2000020000000b01);
    reader->enode = lq_enode_make(arena, &enode, &reader->env);
    reader->initiator = lq_fc_initiator_make(arena, &config, &reader->env);
}

static int measure_reads(const char *specification, uint64_t seconds)
{
    static struct reader reader;
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    carve(&reader, &arena);
    void *memory = aligned_alloc(64, (size_t)((arena.used_bytes + 63) / 64 * 64));
    if (memory == NULL)
        return fail("no memory; expected some; free some");
    if (!open_device(&reader.device, specification)) {
        free(memory);
        return 1;
    }
    lq_arena_init(&arena, memory, arena.used_bytes);
    carve(&reader, &arena);
    reader.env.now_ns = lq_live_now_ns();
    lq_enode_link(reader.enode, true);
    uint64_t end_ns = reader.env.now_ns + LOGIN_SECONDS * S;
    while (!reader.is_logged_in && reader.env.now_ns < end_ns)
        turn(&reader);
    uint64_t before = reader.reads;
    end_ns = reader.env.now_ns + seconds * S;
    while (reader.is_logged_in && reader.failed == 0 && reader.env.now_ns < end_ns)
        turn(&reader);
    lq_frame_device_close(&reader.device);
    free(memory);
    printf("reads %" PRIu64 "\n", reader.reads - before);
    if (!reader.is_logged_in)
        return fail("no target let us log in");
    return reader.failed == 0 && reader.reads > before ? 0 : fail("a read failed, or none ended");
}

int main(int count, char **arguments)
{
    uint64_t seconds = 0;
    bool is_bare = count == 5 && strcmp(arguments[1], "--frames") == 0;
    if (!(is_bare || count == 3) ||
        lq_parse_number(arguments[count - 1], SECONDS_MOST, &seconds) != NULL) {
        (void)fail("usage: fcp-reads DEVICE SECONDS | --frames FROM TO SECONDS; at most 3600 s");
        return 2;
    }
    return is_bare ? measure_frames(arguments[2], arguments[3], seconds)
                   : measure_reads(arguments[1], seconds);
}
