/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAM and file stores against the seam's promises: what was written is read, completions come from
 * take alone and name their request, errors are mapped, one user per file.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/test/unit.h"
#include "sim/live/store_file.h"
#include "sim/live/store_ram.h"

enum { BLOCKS = 64, WAIT_MS = 20000, REQUESTS = 32 };

/* tmpfs is served at once, another file system by helpers: both ways are tested. */
static const char *const places[] = {"/dev/shm", "/var/tmp"};
enum { PLACES = 2 };

struct file {
    char path[64];
};

static struct file make_file(const char *place, off_t size_bytes)
{
    struct file file;
    snprintf(file.path, sizeof file.path, "%s/lunquake-test-XXXXXX", place);
    int fd = mkstemp(file.path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(ftruncate(fd, size_bytes), 0);
    close(fd);
    return file;
}

static struct lq_live_store *open_file(const char *path)
{
    struct lq_problem problem = {""};
    struct lq_live_store *live = lq_store_file_open("--file x", path, REQUESTS, true, &problem);
    if (live == NULL)
        fprintf(stderr, "%s\n", problem.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(live);
    return live;
}

/* The next completion; waits for the eventfd's edge as the loop does, here by polling it level
 * triggered: it is never read, so once signalled it stays readable and take decides. */
static struct lq_completion next(struct lq_live_store *live)
{
    struct lq_completion completion = {.handle = LQ_NO_HANDLE};
    lq_live_store_push(live);
    for (int tries = 0; tries < 1000000; tries++) {
        if (lq_live_store_take(live, &completion, 1) == 1)
            return completion;
        CU_ASSERT_TRUE_FATAL(live->wake_fd >= 0);
        struct pollfd ready = {.fd = live->wake_fd, .events = POLLIN};
        CU_ASSERT_EQUAL_FATAL(poll(&ready, 1, WAIT_MS), 1);
    }
    CU_FAIL_FATAL("no completion");
    return completion;
}

static enum lq_block_status run(struct lq_live_store *live, struct lq_block_request request)
{
    static uint32_t generation;
    struct lq_completion early;
    request.handle = (lq_handle){7, ++generation};
    CU_ASSERT_EQUAL(lq_live_store_take(live, &early, 1), 0);
    live->store.ops->submit(&live->store, &request);
    struct lq_completion completion = next(live);
    CU_ASSERT_TRUE(lq_handle_equal(completion.handle, request.handle));
    CU_ASSERT_EQUAL(lq_live_store_take(live, &early, 1), 0);
    return completion.status;
}

static void write_and_read(struct lq_live_store *live)
{
    uint8_t data[4 * 512], back[4 * 512];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    const struct lq_block_request write = {
        .op = LQ_BLOCK_WRITE, .lba = BLOCKS - 4, .nblocks = 4, .data = data};
    const struct lq_block_request fua = {
        .op = LQ_BLOCK_WRITE, .lba = 0, .nblocks = 1, .data = data + 512, .fua = true};
    const struct lq_block_request read = {
        .op = LQ_BLOCK_READ, .lba = BLOCKS - 4, .nblocks = 4, .data = back};
    const struct lq_block_request read_first = {
        .op = LQ_BLOCK_READ, .lba = 0, .nblocks = 2, .data = back};
    CU_ASSERT_EQUAL(run(live, write), LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(run(live, fua), LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(run(live, (struct lq_block_request){.op = LQ_BLOCK_FLUSH}), LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(run(live, read), LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(memcmp(data, back, sizeof data), 0);
    CU_ASSERT_EQUAL(run(live, read_first), LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(memcmp(data + 512, back, 512), 0);
    for (int i = 512; i < 1024; i++)
        CU_ASSERT_EQUAL(back[i], 0);
}

static void check_status(struct lq_live_store *live, uint64_t lba, enum lq_provisioning wanted,
                         uint32_t alike)
{
    struct lq_block_request request = {
        .op = LQ_BLOCK_STATUS, .lba = lba, .nblocks = BLOCKS - (uint32_t)lba, .handle = {3, 3}};
    live->store.ops->submit(&live->store, &request);
    CU_ASSERT_EQUAL(next(live).status, LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(request.provisioning, wanted);
    CU_ASSERT_EQUAL(request.alike_blocks, alike);
}

/* Blocks are mapped in eights; what is unmapped reads as zeros, part of an eight too. */
static void write_and_unmap(struct lq_live_store *live)
{
    uint8_t data[24 * 512], zeros[512] = {0}, back[24 * 512];
    memset(data, 0x5a, sizeof data);
    CU_ASSERT_TRUE(live->store.is_thin);
    CU_ASSERT_EQUAL(live->store.unmap_granule_blocks, 8);
    check_status(live, 0, LQ_BLOCK_DEALLOCATED, BLOCKS);
    const struct lq_block_request write = {
        .op = LQ_BLOCK_WRITE, .lba = 8, .nblocks = 24, .data = data};
    CU_ASSERT_EQUAL(run(live, write), LQ_BLOCK_OK);
    check_status(live, 3, LQ_BLOCK_DEALLOCATED, 5);
    check_status(live, 8, LQ_BLOCK_MAPPED, 24);
    const struct lq_block_request unmap = {.op = LQ_BLOCK_UNMAP, .lba = 12, .nblocks = 12};
    CU_ASSERT_EQUAL(run(live, unmap), LQ_BLOCK_OK);
    check_status(live, 8, LQ_BLOCK_MAPPED, 8);
    check_status(live, 16, LQ_BLOCK_DEALLOCATED, 8);
    check_status(live, 24, LQ_BLOCK_MAPPED, 8);
    const struct lq_block_request read = {
        .op = LQ_BLOCK_READ, .lba = 8, .nblocks = 24, .data = back};
    CU_ASSERT_EQUAL(run(live, read), LQ_BLOCK_OK);
    for (uint32_t i = 0; i < 24; i++)
        CU_ASSERT_EQUAL(memcmp(back + (size_t)i * 512, i >= 4 && i < 16 ? zeros : data, 512), 0);
}

static void test_thin(void)
{
    struct lq_problem problem;
    struct lq_live_store *live = lq_store_ram_open("--ram x", BLOCKS * 512, REQUESTS, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(live);
    write_and_unmap(live);
    CU_ASSERT_EQUAL(live->store.pool_used_blocks, 16);
    CU_ASSERT_TRUE(lq_live_store_close(live));
    for (int i = 0; i < PLACES; i++) {
        struct file file = make_file(places[i], BLOCKS * 512);
        live = open_file(file.path);
        write_and_unmap(live);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        unlink(file.path);
    }
}

static void test_ram(void)
{
    struct lq_problem problem;
    struct lq_live_store *live = lq_store_ram_open("--ram 32KiB", BLOCKS * 512, REQUESTS, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(live);
    CU_ASSERT_EQUAL(live->store.nblocks, BLOCKS);
    CU_ASSERT_EQUAL(live->store.block_bytes, 512);
    CU_ASSERT_FALSE(live->store.cannot_fence);
    write_and_read(live);
    CU_ASSERT_TRUE(lq_live_store_close(live));
}

static void test_ram_sizes(void)
{
    static const uint64_t bad[] = {0, 511, 513, UINT64_MAX - 511};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lq_problem problem = {""};
        CU_ASSERT_PTR_NULL(lq_store_ram_open("--ram x", bad[i], REQUESTS, &problem));
        CU_ASSERT_PTR_NOT_NULL(strstr(problem.text, "--ram x: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(problem.text, "; expected "));
    }
}

static void test_file(void)
{
    for (int i = 0; i < PLACES; i++) {
        struct file file = make_file(places[i], BLOCKS * 512);
        struct lq_live_store *live = open_file(file.path);
        CU_ASSERT_EQUAL(live->store.nblocks, BLOCKS);
        CU_ASSERT_TRUE(live->store.volatile_cache);
        CU_ASSERT_FALSE(live->store.cannot_fence);
        write_and_read(live);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        live = open_file(file.path); /* the lock has been given back; the data is in the file */
        uint8_t back[512];
        const struct lq_block_request read = {
            .op = LQ_BLOCK_READ, .lba = BLOCKS - 4, .nblocks = 1, .data = back};
        CU_ASSERT_EQUAL(run(live, read), LQ_BLOCK_OK);
        CU_ASSERT_EQUAL(back[1], 31);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        unlink(file.path);
    }
}

/* Many at once, more than there are helpers: each completes once, all data is right. */
static void test_file_many(void)
{
    struct file file = make_file("/var/tmp", BLOCKS * 512);
    struct lq_live_store *live = open_file(file.path);
    static uint8_t data[REQUESTS][512];
    struct lq_block_request requests[REQUESTS];
    for (int pass = 0; pass < 20; pass++) {
        uint32_t seen = 0;
        for (uint32_t i = 0; i < REQUESTS; i++) {
            memset(data[i], pass + (int)i, 512);
            requests[i] = (struct lq_block_request){.handle = {i, (uint32_t)pass},
                                                    .op = LQ_BLOCK_WRITE,
                                                    .lba = i,
                                                    .nblocks = 1,
                                                    .data = data[i]};
            live->store.ops->submit(&live->store, &requests[i]);
        }
        for (int i = 0; i < REQUESTS; i++) {
            struct lq_completion completion = next(live);
            CU_ASSERT_EQUAL(completion.status, LQ_BLOCK_OK);
            CU_ASSERT_EQUAL(completion.handle.generation, (uint32_t)pass);
            CU_ASSERT_EQUAL(seen & 1U << completion.handle.index, 0);
            seen |= 1U << completion.handle.index;
        }
        CU_ASSERT_EQUAL(seen, UINT32_MAX);
        uint8_t back[512];
        const struct lq_block_request read = {
            .op = LQ_BLOCK_READ, .lba = 5, .nblocks = 1, .data = back};
        CU_ASSERT_EQUAL(run(live, read), LQ_BLOCK_OK);
        CU_ASSERT_EQUAL(back[511], pass + 5);
    }
    CU_ASSERT_TRUE(lq_live_store_close(live));
    unlink(file.path);
}

/* Somebody cuts the file while it is open: blocks behind its end are lost, others are not. */
static void test_file_cut(void)
{
    for (int i = 0; i < PLACES; i++) {
        struct file file = make_file(places[i], BLOCKS * 512);
        struct lq_live_store *live = open_file(file.path);
        uint8_t back[1024];
        CU_ASSERT_EQUAL(truncate(file.path, 8 * 512 + 100), 0);
        const struct lq_block_request across = {
            .op = LQ_BLOCK_READ, .lba = 8, .nblocks = 2, .data = back};
        const struct lq_block_request before = {
            .op = LQ_BLOCK_READ, .lba = 6, .nblocks = 2, .data = back};
        CU_ASSERT_EQUAL(run(live, across), LQ_BLOCK_MEDIUM_ERROR);
        CU_ASSERT_EQUAL(run(live, before), LQ_BLOCK_OK);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        unlink(file.path);
    }
}

/* The process may not write so far into a file (RLIMIT_FSIZE): the system says EFBIG. */
static void test_file_no_space(void)
{
    struct file file = make_file("/var/tmp", BLOCKS * 512);
    struct lq_live_store *live = open_file(file.path);
    struct rlimit before, small = {.rlim_cur = 4096, .rlim_max = 4096};
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    uint8_t data[512] = {1};
    const struct lq_block_request write = {
        .op = LQ_BLOCK_WRITE, .lba = 32, .nblocks = 1, .data = data};
    CU_ASSERT_EQUAL(run(live, write), LQ_BLOCK_NO_SPACE);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    CU_ASSERT_EQUAL(run(live, write), LQ_BLOCK_OK);
    CU_ASSERT_TRUE(lq_live_store_close(live));
    unlink(file.path);
}

/* Behind the last block there is room for records, in a file beside, which a save makes. */
static void test_records(void)
{
    for (int i = 0; i < PLACES; i++) {
        struct file file = make_file(places[i], BLOCKS * 512);
        char beside[80];
        uint8_t data[1024], back[1536], zeros[512] = {0};
        memset(data, 0x3c, sizeof data);
        snprintf(beside, sizeof beside, "%s.saved", file.path);
        struct lq_live_store *live = open_file(file.path);
        CU_ASSERT_EQUAL(live->store.reserved_blocks * 512, LQ_SAVED_BYTES);
        CU_ASSERT_TRUE(live->store.ops->load(&live->store, BLOCKS, 1, back));
        CU_ASSERT_EQUAL(memcmp(back, zeros, 512), 0);
        CU_ASSERT_NOT_EQUAL(access(beside, F_OK), 0); /* nothing was saved yet */
        const struct lq_block_request save = {
            .op = LQ_BLOCK_WRITE, .fua = true, .lba = BLOCKS + 32, .nblocks = 2, .data = data};
        CU_ASSERT_EQUAL(run(live, save), LQ_BLOCK_OK);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        live = open_file(file.path);
        CU_ASSERT_EQUAL(live->store.nblocks, BLOCKS);
        CU_ASSERT_TRUE(live->store.ops->load(&live->store, BLOCKS + 31, 3, back));
        CU_ASSERT_EQUAL(memcmp(back, zeros, 512), 0);
        CU_ASSERT_EQUAL(memcmp(back + 512, data, 1024), 0);
        CU_ASSERT_TRUE(lq_live_store_close(live));
        unlink(file.path);
        unlink(beside);
    }
}

/* Where no file can be made, the save fails, and says so. */
static void test_records_refused(void)
{
    struct file file = make_file("/var/tmp", BLOCKS * 512);
    char beside[80];
    uint8_t data[512] = {1};
    snprintf(beside, sizeof beside, "%s.saved", file.path);
    struct lq_live_store *live = open_file(file.path);
    CU_ASSERT_EQUAL_FATAL(mkdir(beside, 0700), 0);
    const struct lq_block_request save = {
        .op = LQ_BLOCK_WRITE, .fua = true, .lba = BLOCKS, .nblocks = 1, .data = data};
    CU_ASSERT_EQUAL(run(live, save), LQ_BLOCK_FAILED);
    CU_ASSERT_FALSE(live->store.ops->load(&live->store, BLOCKS, 1, data));
    CU_ASSERT_TRUE(lq_live_store_close(live));
    rmdir(beside);
    unlink(file.path);
}

static void refused(const char *path, const char *word)
{
    struct lq_problem problem = {""};
    CU_ASSERT_PTR_NULL(lq_store_file_open("--file x", path, REQUESTS, true, &problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem.text, "--file x: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem.text, "; expected "));
    if (strstr(problem.text, word) == NULL)
        fprintf(stderr, "`%s' is not in `%s'\n", word, problem.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(problem.text, word));
}

/* What is beside the file is found out before anything is served, and nothing is waited for. */
static void test_records_of_another_kind(void)
{
    struct file file = make_file("/var/tmp", BLOCKS * 512);
    char beside[80];
    snprintf(beside, sizeof beside, "%s.saved", file.path);
    CU_ASSERT_EQUAL_FATAL(mkdir(beside, 0700), 0);
    refused(file.path, "is no regular file");
    rmdir(beside);
    CU_ASSERT_EQUAL_FATAL(mkfifo(beside, 0600), 0);
    refused(file.path, "is no regular file");
    unlink(beside);
    unlink(file.path);
}

static void test_file_refused(void)
{
    struct file uneven = make_file("/var/tmp", 513), empty = make_file("/var/tmp", 0);
    refused("/nonexistent/file", "No such file");
    refused("/tmp", "directory");
    refused("/dev/null", "no place for blocks");
    refused(uneven.path, "513 bytes");
    refused(empty.path, "0 bytes");
    unlink(uneven.path);
    unlink(empty.path);
}

/* The lock belongs to the open file, so it holds within one process and between processes. */
static void test_file_lock(void)
{
    struct file file = make_file("/var/tmp", BLOCKS * 512);
    struct lq_live_store *live = open_file(file.path);
    refused(file.path, "locked");
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        struct lq_problem problem;
        int fd = open(file.path, O_RDWR);
        struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _exit(fcntl(fd, F_SETLK, &range) != 0 &&
                      lq_store_file_open("x", file.path, REQUESTS, true, &problem) == NULL
                  ? 0
                  : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(lq_live_store_close(live));
    live = open_file(file.path);
    CU_ASSERT_TRUE(lq_live_store_close(live));
    unlink(file.path);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"RAM keeps what was written", test_ram},
        {"what is unmapped is zeros and needs no room", test_thin},
        {"RAM refuses sizes that are none", test_ram_sizes},
        {"a file keeps what was written", test_file},
        {"more requests than helpers complete once each", test_file_many},
        {"a file that was cut gives medium errors", test_file_cut},
        {"no space is told", test_file_no_space},
        {"records of logical units are beside the file", test_records},
        {"a record that cannot be saved", test_records_refused},
        {"records of another kind", test_records_of_another_kind},
        {"what is no usable file is refused", test_file_refused},
        {"a file has one user", test_file_lock},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "stores", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
