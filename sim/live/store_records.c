/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/store_records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *lq_records_path(const char *path)
{
    char *records_path = NULL;
    return asprintf(&records_path, "%s.saved", path) < 0 ? NULL : records_path;
}

bool lq_records_check(const char *name, const char *records_path, struct lq_problem *problem)
{
    struct stat status;
    bool is_there = stat(records_path, &status) == 0;
    if (!is_there && errno == ENOENT)
        return true;
    if (is_there && !S_ISREG(status.st_mode))
        return lq_problem_set(problem,
                              "%s: %s is no regular file; expected the file's own records of "
                              "reservations there, or nothing; move it away",
                              name, records_path);
    int fd = is_there ? open(records_path, O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd >= 0) {
        close(fd);
        return true;
    }
    return lq_problem_set(problem,
                          "%s: its records of reservations in %s cannot be read and written (%s); "
                          "expected to be allowed to; change its permissions, or remove it to "
                          "forget what was reserved",
                          name, records_path, strerror(errno));
}

bool lq_records_load(const char *records_path, uint64_t offset_bytes, uint64_t size_bytes,
                     uint8_t *data)
{
    memset(data, 0, (size_t)size_bytes);
    int fd = open(records_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT;
    uint64_t done_bytes = 0;
    ssize_t got = 1;
    while (done_bytes < size_bytes && got != 0) {
        got = pread(fd, data + done_bytes, (size_t)(size_bytes - done_bytes),
                    (off_t)(offset_bytes + done_bytes));
        if (got < 0 && errno != EINTR)
            break;
        done_bytes += got > 0 ? (uint64_t)got : 0;
    }
    close(fd);
    return got >= 0; /* a shorter file has zeros behind its end */
}

static bool write_all(int fd, uint64_t offset_bytes, uint64_t size_bytes, const uint8_t *data)
{
    uint64_t done_bytes = 0;
    while (done_bytes < size_bytes) {
        ssize_t moved = pwrite(fd, data + done_bytes, (size_t)(size_bytes - done_bytes),
                               (off_t)(offset_bytes + done_bytes));
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return false;
        done_bytes += (uint64_t)moved;
    }
    return true;
}

/* A new file's name is durable when its directory is. */
static bool sync_directory(const char *records_path)
{
    char *directory = strdup(records_path);
    if (directory == NULL)
        return false;
    char *slash = strrchr(directory, '/');
    if (slash != NULL)
        slash[slash == directory ? 1 : 0] = '\0';
    int fd = open(slash != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum lq_block_status lq_records_save(const char *records_path, uint64_t offset_bytes,
                                     uint64_t size_bytes, const uint8_t *data)
{
    int fd = open(records_path, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return LQ_BLOCK_FAILED;
    bool is_saved = write_all(fd, offset_bytes, size_bytes, data) && fsync(fd) == 0 &&
                    sync_directory(records_path);
    close(fd);
    return is_saved ? LQ_BLOCK_OK : LQ_BLOCK_FAILED;
}
