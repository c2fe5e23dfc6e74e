/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside heldfs: its state, and what its files offer each other. See heldfs.c for what it is.
 *
 * heldfs.c          start and loop
 * heldfs_fuse.c     the kernel's side: /dev/fuse
 * heldfs_control.c  the test's side: rules, held requests, the control socket
 */
#ifndef LQ_CONFORMANCE_SUITES_HELDFS_H
#define LQ_CONFORMANCE_SUITES_HELDFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAX_FILES = 4,
    MAX_HELD = 4096,
    MAX_RULES = 16,
    MAX_WRITE = 1 << 20,
    LINE_MAX_BYTES = 256,
    FIRST_FILE_NODE = 2                            /* node 1 is the directory */
};

struct file {
    uint64_t size_bytes;
    unsigned char *bytes;
};

struct rule {
    bool reads;
    bool writes;
    unsigned file;
    uint64_t offset;
    uint64_t length;
};

/* A request that waits for `release`. For a write, data holds its bytes. */
struct held {
    uint64_t id;
    uint64_t unique;
    bool is_write;
    unsigned file;
    uint64_t offset;
    uint64_t length;
    unsigned char *data;
};

struct heldfs {
    int fuse;
    int listener;
    int client;
    unsigned nfiles;
    struct file files[MAX_FILES];
    unsigned nrules;
    struct rule rules[MAX_RULES];
    unsigned nheld;
    struct held held[MAX_HELD];
    uint64_t last_id;
    char line[LINE_MAX_BYTES];
    size_t line_used;
    unsigned char *buffer;
    size_t buffer_bytes;
};

/* Print one line with errno's text and end with exit code 3. */
_Noreturn void heldfs_fail(const char *what);

/* Mount on directory and answer the kernel's first request. */
void heldfs_mount(struct heldfs *fs, const char *directory);

/* Answer one request of the kernel; false when the file system has been unmounted. */
bool heldfs_serve_fuse(struct heldfs *fs);

/* Let a request take effect and answer it. Does not free its data. */
void heldfs_finish(struct heldfs *fs, const struct held *request);

/* Refuse a request with an errno value. */
void heldfs_refuse(struct heldfs *fs, const struct held *request, int error);

/* A read or write came, its extent inside the file: hold it or finish it. data is borrowed. */
void heldfs_take(struct heldfs *fs, struct held *request, const unsigned char *data);

void heldfs_listen(struct heldfs *fs, const char *path);
void heldfs_accept(struct heldfs *fs);
void heldfs_serve_client(struct heldfs *fs);

/* Forget the rules and finish everything that is held, oldest first; returns how many. */
unsigned heldfs_release_all(struct heldfs *fs);

#endif
