/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop and its connections over real sockets, with a shard of the test's own behind them: it
 * answers each byte that it takes with a fixed number of bytes, can take only a few at a time, and
 * ends connections when told by what it reads.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/heap.h"
#include "core/base/test/unit.h"
#include "sim/live/loop.h"

enum { CONNECTIONS = 4, WAIT_MS = 20000, WANTED_BYTES = 1000 };

/* --- the test's shard ------------------------------------------------------------------------- */

struct fake_connection {
    bool open, ready;
    uint32_t generation;
    uint64_t owed_bytes; /* 'x' to be sent */
    enum lq_emit_end end;
    uint32_t want_left; /* bytes of a "payload" that are put into the span */
};

struct lq_shard {
    struct fake_connection connections[CONNECTIONS];
    uint32_t take_max; /* bytes per input, 0: all */
    uint32_t answer;   /* bytes owed per byte taken */
    uint64_t taken_bytes, wanted_bytes, lost[8];
    uint32_t outstanding;
    bool shut_down;
    uint8_t payload[WANTED_BYTES];
    uint32_t expired;
    uint64_t deadline_ns;
};

static uint8_t crosses[1 << 16];

static lq_handle handle_of(const struct lq_shard *shard, uint32_t index)
{
    return (lq_handle){index, shard->connections[index].generation};
}

static struct fake_connection *connection_of(struct lq_shard *shard, lq_handle handle)
{
    struct fake_connection *c = &shard->connections[handle.index];
    CU_ASSERT_FATAL(c->open && c->generation == handle.generation);
    return c;
}

/* 'F' asks for an orderly close after what is owed, 'R' for a reset, 'W' announces WANTED_BYTES of
 * payload, anything else is answered. */
static void take_byte(struct lq_shard *shard, struct fake_connection *c, uint8_t byte)
{
    shard->taken_bytes++;
    c->ready = true;
    if (c->want_left > 0)
        c->want_left--;
    else if (byte == 'F')
        c->end = LQ_EMIT_CLOSE_FLUSH;
    else if (byte == 'R')
        c->end = LQ_EMIT_CLOSE_RESET;
    else if (byte == 'W')
        c->want_left = WANTED_BYTES;
    else
        c->owed_bytes += shard->answer;
}

static uint32_t take_bytes(struct lq_shard *shard, const struct lq_input *input)
{
    struct fake_connection *c = connection_of(shard, input->connection);
    uint32_t count = input->size_bytes;
    if (input->bytes >= shard->payload && input->bytes < shard->payload + WANTED_BYTES) {
        CU_ASSERT_TRUE(input->bytes == shard->payload + (WANTED_BYTES - c->want_left));
        CU_ASSERT_TRUE(count <= c->want_left);
        shard->wanted_bytes += count;
    } else if (shard->take_max != 0 && count > shard->take_max) {
        count = shard->take_max;
    }
    for (uint32_t i = 0; i < count; i++)
        take_byte(shard, c, input->bytes[i]);
    return count;
}

static lq_handle accept_one(struct lq_shard *shard)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct fake_connection *c = &shard->connections[i];
        if (c->open)
            continue;
        *c = (struct fake_connection){.open = true, .generation = c->generation + 1};
        return handle_of(shard, i);
    }
    return LQ_NO_HANDLE;
}

struct lq_input_result lq_shard_input(struct lq_shard *shard, const struct lq_input *input)
{
    struct lq_input_result result = {.connection = LQ_NO_HANDLE};
    switch (input->kind) {
    case LQ_INPUT_ACCEPT:
        CU_ASSERT_EQUAL(strncmp(input->text, "127.0.0.1:", 10), 0);
        result.connection = accept_one(shard);
        break;
    case LQ_INPUT_BYTES:
        result.taken_bytes = take_bytes(shard, input);
        break;
    case LQ_INPUT_SENT:
        CU_ASSERT(connection_of(shard, input->connection)->owed_bytes >= input->size_bytes);
        connection_of(shard, input->connection)->owed_bytes -= input->size_bytes;
        break;
    case LQ_INPUT_LOST:
        connection_of(shard, input->connection)->open = false;
        shard->lost[input->code]++;
        break;
    case LQ_INPUT_STORE_DONE:
        break;
    case LQ_INPUT_EXPIRE:
        CU_ASSERT(input->now_ns >= shard->deadline_ns);
        shard->deadline_ns = LQ_NEVER;
        shard->expired++;
        break;
    case LQ_INPUT_SHUTDOWN:
        shard->shut_down = true;
        break;
    case LQ_INPUT_ADMIN:
        CU_FAIL("the loop changes no LUNs");
        break;
    case LQ_INPUT_FRAME:
    case LQ_INPUT_FRAME_SENT:
    case LQ_INPUT_LINK:
    case LQ_INPUT_FABRIC:
        CU_FAIL("there is no frame device");
        break;
    }
    return result;
}

lq_handle lq_shard_next_ready(struct lq_shard *shard)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        if (shard->connections[i].open && shard->connections[i].ready) {
            shard->connections[i].ready = false;
            return handle_of(shard, i);
        }
    }
    return LQ_NO_HANDLE;
}

uint32_t lq_shard_emit(struct lq_shard *shard, lq_handle connection, struct lq_slice *slices,
                       uint32_t max, enum lq_emit_end *end)
{
    struct fake_connection *c = connection_of(shard, connection);
    uint64_t left = c->owed_bytes;
    uint32_t count = 0;
    for (; count < max && left > 0; count++) {
        uint32_t piece = left < sizeof crosses ? (uint32_t)left : (uint32_t)sizeof crosses;
        slices[count] = (struct lq_slice){crosses, piece};
        left -= piece;
    }
    *end = c->end;
    return count;
}

struct lq_span lq_shard_want(struct lq_shard *shard, lq_handle connection)
{
    const struct fake_connection *c = connection_of(shard, connection);
    return (struct lq_span){shard->payload + (WANTED_BYTES - c->want_left), c->want_left};
}

uint32_t lq_shard_emit_frame(struct lq_shard *shard, struct lq_slice slices[LQ_FCOE_FRAME_SLICES])
{
    (void)shard;
    (void)slices;
    return 0;
}

uint64_t lq_shard_deadline(const struct lq_shard *shard)
{
    return shard->deadline_ns;
}

struct lq_iscsi_target *lq_shard_iscsi(struct lq_shard *shard)
{
    (void)shard;
    return NULL; /* for filters, of which there is none here */
}

struct lq_engine *lq_shard_engine(struct lq_shard *shard)
{
    (void)shard;
    return NULL;
}

/* A store that holds a request for ever, so that a stop runs into its bound. */
static uint32_t outstanding_requests;

uint32_t lq_engine_store_outstanding(const struct lq_engine *engine, uint32_t number)
{
    (void)engine;
    (void)number;
    return outstanding_requests;
}

static uint32_t take_nothing(struct lq_live_store *live, struct lq_completion *completions,
                             uint32_t max)
{
    (void)live;
    (void)completions;
    (void)max;
    return 0;
}

/* --- running a loop on a thread of its own ---------------------------------------------------- */

struct rig {
    struct lq_shard shard;
    struct lq_listener listener;
    struct lq_live_store store;
    struct lq_live_store *stores[1];
    struct lq_loop *loop;
    int stop_fd;
    uint64_t bound_ns;
    pthread_t thread;
};

static const struct lq_live_store_ops no_ops = {.take = take_nothing};

static void on_stop(void *context)
{
    struct rig *rig = context;
    lq_loop_unwatch(rig->loop, rig->stop_fd);
    lq_loop_stop(rig->loop, rig->bound_ns);
}

static void *run_loop(void *context)
{
    lq_loop_run(((struct rig *)context)->loop);
    return NULL;
}

static struct rig *rig_start(uint32_t take_max, uint32_t answer)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct lq_problem problem = {""};
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
    memset(crosses, 'x', sizeof crosses);
    rig->shard.take_max = take_max;
    rig->shard.answer = answer;
    rig->shard.deadline_ns = LQ_NEVER;
    rig->store.ops = &no_ops;
    rig->store.wake_fd = -1;
    rig->stores[0] = &rig->store;
    rig->bound_ns = UINT64_C(200000000);
    CU_ASSERT_TRUE_FATAL(lq_listener_open(&rig->listener, "127.0.0.1", 0, &problem));
    CU_ASSERT_TRUE_FATAL(rig->listener.port != 0);
    const struct lq_loop_config config = {.shard = &rig->shard,
                                          .stores = rig->stores,
                                          .store_count = 1,
                                          .connections = CONNECTIONS,
                                          .listeners = &rig->listener,
                                          .listener_count = 1};
    rig->loop = lq_loop_make(&config, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->loop);
    rig->stop_fd = eventfd(0, EFD_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(lq_loop_watch(rig->loop, rig->stop_fd, on_stop, rig));
    return rig;
}

static void rig_run(struct rig *rig)
{
    CU_ASSERT_EQUAL_FATAL(pthread_create(&rig->thread, NULL, run_loop, rig), 0);
}

/* After it the shard may be looked at; rig_free ends it. */
static void rig_stop(struct rig *rig)
{
    uint64_t one = 1;
    CU_ASSERT_EQUAL(write(rig->stop_fd, &one, sizeof one), (ssize_t)sizeof one);
    CU_ASSERT_EQUAL(pthread_join(rig->thread, NULL), 0);
    CU_ASSERT_TRUE(rig->shard.shut_down);
}

static void rig_free(struct rig *rig)
{
    lq_loop_free(rig->loop);
    close(rig->stop_fd);
    free(rig);
}

static int dial(const struct rig *rig)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(rig->listener.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval bound = {.tv_sec = WAIT_MS / 1000};
    CU_ASSERT_EQUAL(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound), 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t size_bytes)
{
    CU_ASSERT_EQUAL(send(fd, bytes, size_bytes, MSG_NOSIGNAL), (ssize_t)size_bytes);
}

/* Reads until COUNT bytes have come or the peer ends; returns how many, -errno on failure. */
static int64_t hear(int fd, uint64_t count)
{
    static uint8_t bytes[1 << 16];
    uint64_t heard = 0;
    while (heard < count) {
        size_t left = count - heard < sizeof bytes ? (size_t)(count - heard) : sizeof bytes;
        ssize_t got = recv(fd, bytes, left, 0);
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        heard += (uint64_t)got;
    }
    return (int64_t)heard;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_answers(void)
{
    struct rig *rig = rig_start(0, 100);
    rig_run(rig);
    int one = dial(rig), two = dial(rig);
    say(one, "abc", 3);
    say(two, "a", 1);
    CU_ASSERT_EQUAL(hear(one, 300), 300);
    CU_ASSERT_EQUAL(hear(two, 100), 100);
    close(one);
    close(two);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.taken_bytes, 4);
    rig_free(rig);
}

/* Far more than a socket holds, to a peer that begins to read late: partial sends. */
static void test_large_answer(void)
{
    struct rig *rig = rig_start(0, 64U << 20);
    rig_run(rig);
    int fd = dial(rig);
    say(fd, "aF", 2);
    CU_ASSERT_EQUAL(hear(fd, UINT64_MAX), 64 << 20);
    close(fd);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.lost[LQ_CLOSE_BY_TARGET], 1);
    rig_free(rig);
}

/* The shard takes seven bytes at a time and holds back the rest: nothing is lost or doubled. */
static void test_held_back(void)
{
    static uint8_t bytes[100000];
    memset(bytes, 'a', sizeof bytes);
    struct rig *rig = rig_start(7, 1);
    rig_run(rig);
    int fd = dial(rig);
    say(fd, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(hear(fd, sizeof bytes), sizeof bytes);
    say(fd, "F", 1);
    CU_ASSERT_EQUAL(hear(fd, 1), 0);
    close(fd);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.taken_bytes, sizeof bytes + 1);
    rig_free(rig);
}

/* Payload goes into the span that the shard wants, from the first read after the header on. */
static void test_wanted(void)
{
    static uint8_t bytes[WANTED_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    struct rig *rig = rig_start(0, 10);
    rig_run(rig);
    int fd = dial(rig);
    say(fd, "aW", 2);
    CU_ASSERT_EQUAL(hear(fd, 10), 10); /* the header has been read */
    say(fd, bytes, sizeof bytes);
    say(fd, "aF", 2);
    CU_ASSERT_EQUAL(hear(fd, UINT64_MAX), 10);
    close(fd);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.wanted_bytes, sizeof bytes);
    CU_ASSERT_EQUAL(memcmp(rig->shard.payload, bytes, sizeof bytes), 0);
    CU_ASSERT_EQUAL(rig->shard.taken_bytes, 2 + sizeof bytes + 2);
    rig_free(rig);
}

static void test_ends(void)
{
    struct rig *rig = rig_start(0, 5);
    rig_run(rig);
    int flushed = dial(rig), reset = dial(rig), half = dial(rig), vanished = dial(rig);
    say(flushed, "aF", 2);
    CU_ASSERT_EQUAL(hear(flushed, UINT64_MAX), 5);
    say(reset, "R", 1);
    CU_ASSERT_EQUAL(hear(reset, 1), -ECONNRESET);
    say(half, "aa", 2);
    shutdown(half, SHUT_WR); /* what was asked before is still answered */
    CU_ASSERT_EQUAL(hear(half, UINT64_MAX), 10);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(vanished, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(vanished);
    close(flushed);
    close(reset);
    close(half);
    int again = dial(rig); /* a slot is free again once the ends have been told */
    say(again, "aF", 2);
    CU_ASSERT_EQUAL(hear(again, UINT64_MAX), 5);
    close(again);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.lost[LQ_CLOSE_BY_TARGET], 3);
    CU_ASSERT_EQUAL(rig->shard.lost[LQ_CLOSE_FIN], 1);
    CU_ASSERT_EQUAL(rig->shard.lost[LQ_CLOSE_RESET], 1);
    rig_free(rig);
}

/* One connection more than the shard has room for is closed; the others go on. */
static void test_too_many(void)
{
    struct rig *rig = rig_start(0, 1);
    rig_run(rig);
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = dial(rig);
        say(fds[i], "a", 1);
        CU_ASSERT_EQUAL(hear(fds[i], 1), 1);
    }
    int extra = dial(rig);
    CU_ASSERT_EQUAL(hear(extra, 1), 0);
    close(extra);
    for (int i = 0; i < CONNECTIONS; i++) {
        say(fds[i], "a", 1);
        CU_ASSERT_EQUAL(hear(fds[i], 1), 1);
        close(fds[i]);
    }
    rig_stop(rig);
    rig_free(rig);
}

static void test_deadline(void)
{
    struct rig *rig = rig_start(0, 1);
    rig->shard.deadline_ns = lq_live_now_ns() + UINT64_C(20000000);
    rig_run(rig);
    int fd = dial(rig);
    struct pollfd quiet = {.fd = fd, .events = POLLIN};
    CU_ASSERT_EQUAL(poll(&quiet, 1, 60), 0);
    say(fd, "a", 1);
    CU_ASSERT_EQUAL(hear(fd, 1), 1);
    close(fd);
    rig_stop(rig);
    CU_ASSERT_EQUAL(rig->shard.expired, 1);
    rig_free(rig);
}

/* A session that does not end and a store that holds on: the stop takes its bound, no more. */
static void test_stop_bound(void)
{
    struct rig *rig = rig_start(0, 1);
    outstanding_requests = 1;
    rig_run(rig);
    int fd = dial(rig);
    say(fd, "a", 1);
    CU_ASSERT_EQUAL(hear(fd, 1), 1);
    uint64_t began_ns = lq_live_now_ns();
    rig_stop(rig);
    uint64_t took_ns = lq_live_now_ns() - began_ns;
    CU_ASSERT_TRUE(took_ns >= rig->bound_ns && took_ns < rig->bound_ns + UINT64_C(5000000000));
    CU_ASSERT_EQUAL(hear(fd, 1), -ECONNRESET);
    CU_ASSERT_EQUAL(rig->shard.lost[LQ_CLOSE_BY_TARGET], 1);
    close(fd);
    outstanding_requests = 0;
    rig_free(rig);
}

/* A second stop only shortens the bound. */
static void test_stop_twice(void)
{
    struct rig *rig = rig_start(0, 1);
    outstanding_requests = 1;
    uint64_t began_ns = lq_live_now_ns();
    lq_loop_stop(rig->loop, UINT64_C(3600000000000));
    lq_loop_stop(rig->loop, UINT64_C(1000000));
    lq_loop_stop(rig->loop, UINT64_C(3600000000000));
    rig_run(rig);
    CU_ASSERT_EQUAL(pthread_join(rig->thread, NULL), 0);
    CU_ASSERT_TRUE(lq_live_now_ns() - began_ns < UINT64_C(60000000000));
    outstanding_requests = 0;
    rig_free(rig);
}

/* No descriptor is left: the peer is turned away, the listener does not spin, and later ones are
 * served again. */
static void test_no_descriptors(void)
{
    struct rig *rig = rig_start(0, 1);
    struct rlimit before, none;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    int refused = dial(rig); /* the kernel completes it */
    none = before;
    none.rlim_cur = (rlim_t)refused + 1;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    rig_run(rig);
    CU_ASSERT_EQUAL(hear(refused, 1), 0);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = dial(rig);
    say(fd, "aF", 2);
    CU_ASSERT_EQUAL(hear(fd, UINT64_MAX), 1);
    close(fd);
    close(refused);
    rig_stop(rig);
    rig_free(rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what is said is answered", test_answers},
        {"a large answer goes out in parts", test_large_answer},
        {"what the shard holds back comes again", test_held_back},
        {"payload goes where it is wanted", test_wanted},
        {"each end of a connection is told", test_ends},
        {"a connection too many is turned away", test_too_many},
        {"a deadline expires once", test_deadline},
        {"a stop is bounded", test_stop_bound},
        {"a second stop shortens the bound", test_stop_twice},
        {"peers are turned away when descriptors run out", test_no_descriptors},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "loop", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
