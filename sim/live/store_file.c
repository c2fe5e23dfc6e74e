/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways for a request, tried in this order:
 *   1. On a file system in memory (tmpfs) everything is done at once: nothing there waits for a
 *      device, as in store_ram.
 *   2. A read is tried with RWF_NOWAIT, which answers from the page cache or refuses. A file
 *      system that does not know it is not asked again.
 *   3. Everything else goes to the helpers.
 */
#include "sim/live/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "sim/live/completions.h"
#include "sim/live/helpers.h"
#include "sim/live/store_ram.h"
#include "sim/live/store_records.h"

struct file_store {
    struct lq_live_store live;
    int fd;
    bool in_memory;              /* the file system never waits for a device */
    bool nowait;                 /* RWF_NOWAIT is worth trying */
    struct lq_completions ended; /* what was served at once */
    struct lq_helpers *helpers;
    atomic_bool flush_failed; /* for good; helpers set it */
    char *name;
    char *records_path; /* of a regular file: where records of logical units are */
    uint64_t data_bytes; /* what is behind them belongs to records */
};

static struct file_store *file_of(struct lq_live_store *live)
{
    return LQ_ELEMENT(live, struct file_store, live);
}

static enum lq_block_status status_of(int error)
{
    switch (error) {
    case EIO:
    case ENODATA:
    case EILSEQ:
        return LQ_BLOCK_MEDIUM_ERROR;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return LQ_BLOCK_NO_SPACE;
    default:
        return LQ_BLOCK_FAILED;
    }
}

/* Transfers all of JOB. A file that ends early (somebody cut it) has lost these blocks. */
static enum lq_block_status transfer(int fd, const struct lq_helper_job *job)
{
    uint64_t done_bytes = 0;
    while (done_bytes < job->size_bytes) {
        uint8_t *at = job->data + done_bytes;
        size_t left = (size_t)(job->size_bytes - done_bytes);
        off_t offset = (off_t)(job->offset_bytes + done_bytes);
        ssize_t moved = job->op == LQ_BLOCK_READ ? pread(fd, at, left, offset)
                                                 : pwrite(fd, at, left, offset);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return status_of(errno);
        if (moved == 0)
            return LQ_BLOCK_MEDIUM_ERROR;
        done_bytes += (uint64_t)moved;
    }
    return LQ_BLOCK_OK;
}

/* After a failed fdatasync the system may have dropped what it could not write and says so only
 * once; to report success later would be a lie. */
static enum lq_block_status flush(struct file_store *file)
{
    if (atomic_load(&file->flush_failed))
        return LQ_BLOCK_FAILED;
    int result;
    do {
        result = fdatasync(file->fd);
    } while (result != 0 && errno == EINTR);
    if (result == 0)
        return LQ_BLOCK_OK;
    enum lq_block_status status = status_of(errno);
    atomic_store(&file->flush_failed, true);
    return status;
}

/* Zeros without blocks of the file system under them. */
static enum lq_block_status unmap(int fd, const struct lq_helper_job *job)
{
    int result;
    do {
        result = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           (off_t)job->offset_bytes, (off_t)job->size_bytes);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? LQ_BLOCK_OK : status_of(errno);
}

/* A hole that ends within a block does not make it deallocated. */
static enum lq_block_status tell_status(int fd, const struct lq_helper_job *job)
{
    off_t from = (off_t)job->offset_bytes;
    off_t end = (off_t)(job->offset_bytes + job->size_bytes);
    off_t data = lseek(fd, from, SEEK_DATA);
    if (data < 0 && errno != ENXIO) /* ENXIO: none behind */
        return status_of(errno);
    bool is_hole = data < 0 || data - from >= LQ_LIVE_BLOCK_BYTES;
    off_t next = is_hole ? data : lseek(fd, from, SEEK_HOLE);
    if (next < 0 || next > end)
        next = end;
    off_t blocks = (next - from + (is_hole ? 0 : LQ_LIVE_BLOCK_BYTES - 1)) / LQ_LIVE_BLOCK_BYTES;
    job->request->alike_blocks = blocks > 0 ? (uint32_t)blocks : 1;
    job->request->provisioning = is_hole ? LQ_BLOCK_DEALLOCATED : LQ_BLOCK_MAPPED;
    return LQ_BLOCK_OK;
}

/* On a helper thread, or at once where nothing waits. */
static enum lq_block_status do_job(void *context, const struct lq_helper_job *job)
{
    struct file_store *file = context;
    if (job->op == LQ_BLOCK_FLUSH)
        return flush(file);
    if (job->op == LQ_BLOCK_WRITE && job->offset_bytes >= file->data_bytes)
        return lq_records_save(file->records_path, job->offset_bytes - file->data_bytes,
                               job->size_bytes, job->data);
    if (job->op == LQ_BLOCK_STATUS)
        return tell_status(file->fd, job);
    enum lq_block_status status =
        job->op == LQ_BLOCK_UNMAP ? unmap(file->fd, job) : transfer(file->fd, job);
    if (status == LQ_BLOCK_OK && job->op != LQ_BLOCK_READ && job->fua)
        status = flush(file);
    return status;
}

/* True when the page cache had all of it. */
static bool read_without_waiting(struct file_store *file, const struct lq_helper_job *job)
{
    struct iovec place = {job->data, (size_t)job->size_bytes};
    ssize_t got = preadv2(file->fd, &place, 1, (off_t)job->offset_bytes, RWF_NOWAIT);
    if (got < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
        file->nowait = false;
    return got >= 0 && (uint64_t)got == job->size_bytes;
}

static void file_submit(struct lq_store *store, struct lq_block_request *request)
{
    struct file_store *file = LQ_ELEMENT(store, struct file_store, live.store);
    uint64_t end = store->nblocks + (request->lba < store->nblocks ? 0 : store->reserved_blocks);
    LQ_ASSERT(request->lba <= end && request->nblocks <= end - request->lba);
    const struct lq_helper_job job = {
        .handle = request->handle,
        .op = request->op,
        .fua = request->fua,
        .offset_bytes = request->lba * store->block_bytes,
        .size_bytes = (uint64_t)request->nblocks * store->block_bytes,
        .data = request->data,
        .request = request->op == LQ_BLOCK_STATUS ? request : NULL,
    };
    if (file->in_memory)
        lq_completions_put(&file->ended, job.handle, do_job(file, &job));
    else if (job.op == LQ_BLOCK_READ && file->nowait && read_without_waiting(file, &job))
        lq_completions_put(&file->ended, job.handle, LQ_BLOCK_OK);
    else
        lq_helpers_add(file->helpers, &job);
}

/* When a logical unit is added, which opens files, too: it may wait. */
static bool file_load(struct lq_store *store, uint64_t lba, uint32_t nblocks, uint8_t *data)
{
    const struct file_store *file = LQ_ELEMENT(store, struct file_store, live.store);
    return lq_records_load(file->records_path, lba * store->block_bytes - file->data_bytes,
                           (uint64_t)nblocks * store->block_bytes, data);
}

static void file_push(struct lq_live_store *live)
{
    if (file_of(live)->helpers != NULL)
        lq_helpers_push(file_of(live)->helpers);
}

static uint32_t file_take(struct lq_live_store *live, struct lq_completion *completions,
                          uint32_t max)
{
    struct file_store *file = file_of(live);
    uint32_t taken = lq_completions_take(&file->ended, completions, max);
    if (taken < max && file->helpers != NULL)
        taken += lq_helpers_take(file->helpers, completions + taken, max - taken);
    return taken;
}

/* Closing the descriptor gives the lock back, so it must be the last thing. */
static bool file_close(struct lq_live_store *live)
{
    struct file_store *file = file_of(live);
    if (file->helpers != NULL && !lq_helpers_stop(file->helpers))
        return false;
    if (file->fd >= 0)
        close(file->fd);
    lq_completions_fini(&file->ended);
    free(file->name);
    free(file->records_path);
    free(file);
    return true;
}

static const struct lq_store_ops file_ops = {.submit = file_submit, .load = file_load};
static const struct lq_live_store_ops file_live_ops = {
    .push = file_push, .take = file_take, .close = file_close};

/* --- opening ---------------------------------------------------------------------------------- */

static bool open_path(const char *name, const char *path, int *fd, struct lq_problem *problem)
{
    struct stat status;
    /* Looked at before it is opened: opening a FIFO or a terminal has effects of its own. */
    if (stat(path, &status) != 0)
        return lq_problem_set(problem,
                              "%s: %s; expected a file; create it, for example with "
                              "`truncate -s 64M FILE`",
                              name, strerror(errno));
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return lq_problem_set(problem,
                              "%s: is %s; expected a regular file or a block device; "
                              "name one",
                              name,
                              S_ISDIR(status.st_mode) ? "a directory" : "no place for blocks");
    /* O_EXCL refuses a block device that is mounted. */
    *fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | (S_ISBLK(status.st_mode) ? O_EXCL : 0));
    if (*fd < 0)
        return lq_problem_set(problem,
                              "%s: cannot be opened for reading and writing (%s); "
                              "expected it to be readable and writable; change its permissions or "
                              "copy it",
                              name, strerror(errno));
    return true;
}

static bool lock(const char *name, int fd, struct lq_problem *problem)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &range) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return lq_problem_set(problem,
                              "%s: is locked by another store or program, or by a write of one "
                              "that was killed, which can still land; expected to be its only "
                              "user; end the other one, wait for the write, or use a copy",
                              name);
    return lq_problem_set(problem,
                          "%s: cannot be locked (%s); expected a file system with locks; "
                          "move the file",
                          name, strerror(errno));
}

/* Of a file by fstat: lseek waits for writes that are under way. */
static off_t size_of(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return status.st_size;
    return lseek(fd, 0, SEEK_END);
}

static bool measure(const char *name, int fd, struct lq_store *store, struct lq_problem *problem)
{
    off_t end = size_of(fd);
    if (end < 0)
        return lq_problem_set(problem,
                              "%s: its size cannot be told (%s); expected a file or "
                              "block device; name another",
                              name, strerror(errno));
    uint64_t size_bytes = (uint64_t)end;
    if (size_bytes == 0 || size_bytes % LQ_LIVE_BLOCK_BYTES != 0)
        return lq_problem_set(problem,
                              "%s: holds %" PRIu64 " bytes; expected a positive multiple "
                              "of %d; resize it, for example with `truncate -s %%%d FILE`",
                              name, size_bytes, LQ_LIVE_BLOCK_BYTES, LQ_LIVE_BLOCK_BYTES);
    store->nblocks = size_bytes / LQ_LIVE_BLOCK_BYTES;
    return true;
}

static bool is_in_memory(int fd)
{
    struct statfs system;
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && fstatfs(fd, &system) == 0 &&
           system.f_type == TMPFS_MAGIC;
}

/* Punching a hole behind the end of the file changes nothing, and says whether it can be done. */
static void find_thinness(int fd, struct lq_store *store)
{
    enum { GRANULE_BLOCKS = 8 };
    struct stat status;
    off_t end = (off_t)(store->nblocks * store->block_bytes);
    store->is_thin = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                     fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, end, 4096) == 0;
    store->unmap_granule_blocks = store->is_thin ? GRANULE_BLOCKS : 0;
    store->unmap_blocks_max = store->is_thin ? LQ_LIVE_UNMAP_BLOCKS_MAX : 0;
}

static bool no_memory(const char *name, struct lq_problem *problem)
{
    return lq_problem_set(problem, "%s: no memory for the store; expected some; free some", name);
}

/* Beside a device there is no place for another file. */
static bool find_records(struct file_store *file, const char *path, struct lq_problem *problem)
{
    struct lq_store *store = &file->live.store;
    struct stat status;
    file->data_bytes = store->nblocks * store->block_bytes;
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return true;
    file->records_path = lq_records_path(path);
    if (file->records_path == NULL)
        return no_memory(file->name, problem);
    store->reserved_blocks = LQ_SAVED_BYTES / LQ_LIVE_BLOCK_BYTES;
    return lq_records_check(file->name, file->records_path, problem);
}

static bool file_start(struct file_store *file, const char *name, const char *path,
                       uint32_t requests_max, bool is_fenced, struct lq_problem *problem)
{
    if (!open_path(name, path, &file->fd, problem) ||
        (is_fenced && !lock(name, file->fd, problem)) ||
        !measure(name, file->fd, &file->live.store, problem))
        return false;
    find_thinness(file->fd, &file->live.store);
    file->in_memory = is_in_memory(file->fd);
    file->name = strdup(name);
    if (!lq_completions_init(&file->ended, requests_max) || file->name == NULL)
        return no_memory(name, problem);
    if (!find_records(file, path, problem))
        return false;
    file->live.name = file->name;
    if (file->in_memory)
        return true;
    file->helpers = lq_helpers_start(LQ_STORE_FILE_HELPERS, requests_max, do_job, file);
    if (file->helpers == NULL)
        return lq_problem_set(problem,
                              "%s: the system gives no %d threads (%s); expected it to; "
                              "raise the limit of processes",
                              name, LQ_STORE_FILE_HELPERS, strerror(errno));
    file->live.wake_fd = lq_helpers_wake_fd(file->helpers);
    return true;
}

struct lq_live_store *lq_store_file_open(const char *name, const char *path, uint32_t requests_max,
                                         bool is_fenced, struct lq_problem *problem)
{
    struct file_store *file = calloc(1, sizeof *file);
    if (file == NULL) {
        (void)no_memory(name, problem);
        return NULL;
    }
    file->fd = -1;
    file->nowait = true;
    file->live = (struct lq_live_store){
        .store = {.ops = &file_ops,
                  .block_bytes = LQ_LIVE_BLOCK_BYTES,
                  .physical_exponent = 3, /* pages of 4 KiB */
                  .write_granule_blocks = 1,
                  .volatile_cache = true},
        .ops = &file_live_ops,
        .wake_fd = -1,
    };
    if (!file_start(file, name, path, requests_max, is_fenced, problem)) {
        file_close(&file->live);
        return NULL;
    }
    return &file->live;
}
