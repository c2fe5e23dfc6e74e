/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suites/heldfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef FOPEN_PARALLEL_DIRECT_WRITES
#define FOPEN_PARALLEL_DIRECT_WRITES (1u << 6)    /* since FUSE 7.37, Linux 6.2 */
#endif

/* -- outgoing --------------------------------------------------------------------------------- */

static void reply(struct heldfs *fs, uint64_t unique, int error, const void *body, size_t bytes)
{
    struct fuse_out_header head = {
        .len = (uint32_t)(sizeof head + bytes), .error = -error, .unique = unique };
    struct iovec parts[2] = { { .iov_base = &head, .iov_len = sizeof head },
                              { .iov_base = NULL, .iov_len = bytes } };

    memcpy(&parts[1].iov_base, &body, sizeof body);        /* writev takes no const */
    /* ENOENT: the requester was killed meanwhile; nobody waits for this any more. */
    if (writev(fs->fuse, parts, bytes > 0 ? 2 : 1) < 0 && errno != ENOENT)
        fprintf(stderr, "heldfs: reply: %s\n", strerror(errno));
}

static struct fuse_attr attributes(const struct heldfs *fs, uint64_t node)
{
    struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = 4096, .mode = S_IFDIR | 0755 };

    if (node >= FIRST_FILE_NODE) {
        attr.mode = S_IFREG | 0600;
        attr.size = fs->files[node - FIRST_FILE_NODE].size_bytes;
        attr.blocks = attr.size / 512;
    }
    return attr;
}

static bool is_node(const struct heldfs *fs, uint64_t node)
{
    return node >= 1 && node < FIRST_FILE_NODE + fs->nfiles;
}

void heldfs_finish(struct heldfs *fs, const struct held *request)
{
    unsigned char *at = fs->files[request->file].bytes + request->offset;

    if (request->is_write) {
        struct fuse_write_out out = { .size = (uint32_t)request->length };

        memcpy(at, request->data, request->length);
        reply(fs, request->unique, 0, &out, sizeof out);
    } else {
        reply(fs, request->unique, 0, at, request->length);
    }
}

void heldfs_refuse(struct heldfs *fs, const struct held *request, int error)
{
    reply(fs, request->unique, error, NULL, 0);
}

/* -- incoming --------------------------------------------------------------------------------- */

static void do_init(struct heldfs *fs, uint64_t unique, const unsigned char *body)
{
    struct fuse_init_in in;
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION };

    memcpy(&in, body, 16);                                 /* the part that every version has */
    if (in.major != FUSE_KERNEL_VERSION || in.minor < 36) {
        fprintf(stderr, "heldfs: the kernel speaks FUSE %u.%u; expected 7.37 or later\n", in.major,
                in.minor);
        exit(3);
    }
    out.max_readahead = in.max_readahead;
    out.flags = FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_DIO;
    out.max_background = 1024;
    out.congestion_threshold = 1024;
    out.max_write = MAX_WRITE;
    out.max_pages = MAX_WRITE / 4096;
    out.time_gran = 1;
    reply(fs, unique, 0, &out, sizeof out);
}

static void do_lookup(struct heldfs *fs, uint64_t unique, const char *name)
{
    for (unsigned i = 0; i < fs->nfiles; i++) {
        char expected[16];

        snprintf(expected, sizeof expected, "store%u", i);
        if (strcmp(name, expected) == 0) {
            struct fuse_entry_out out = { .nodeid = FIRST_FILE_NODE + i, .entry_valid = 1000,
                                          .attr_valid = 1000 };

            out.attr = attributes(fs, out.nodeid);
            reply(fs, unique, 0, &out, sizeof out);
            return;
        }
    }
    reply(fs, unique, ENOENT, NULL, 0);
}

static void do_transfer(struct heldfs *fs, const struct fuse_in_header *head,
                        const unsigned char *body)
{
    struct fuse_write_in in;       /* fuse_read_in is alike in the fields that are used */
    struct held request = { .unique = head->unique, .is_write = head->opcode == FUSE_WRITE };
    uint64_t size_bytes;

    memcpy(&in, body, sizeof in);
    request.file = (unsigned)(head->nodeid - FIRST_FILE_NODE);
    request.offset = in.offset;
    request.length = in.size;
    size_bytes = fs->files[request.file].size_bytes;
    if (request.offset > size_bytes ||
        (request.is_write && request.length > size_bytes - request.offset)) {
        reply(fs, head->unique, request.is_write ? ENOSPC : 0, NULL, 0);
        return;
    }
    if (request.length > size_bytes - request.offset)
        request.length = size_bytes - request.offset;
    heldfs_take(fs, &request, body + sizeof in);
}

static void answer(struct heldfs *fs, const struct fuse_in_header *head, const unsigned char *body)
{
    struct fuse_attr_out attr = { .attr_valid = 1000, .attr = attributes(fs, head->nodeid) };
    struct fuse_open_out file = { .open_flags = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES };
    struct fuse_open_out directory = { .open_flags = 0 };
    struct fuse_statfs_out statfs = { .st = { .bsize = 4096, .frsize = 4096, .namelen = 16 } };

    switch (head->opcode) {
    case FUSE_LOOKUP:
        do_lookup(fs, head->unique, (const char *)body);
        break;
    case FUSE_GETATTR:
    case FUSE_SETATTR:                                     /* sizes never change */
        reply(fs, head->unique, 0, &attr, sizeof attr);
        break;
    case FUSE_OPEN:
        reply(fs, head->unique, 0, &file, sizeof file);
        break;
    case FUSE_OPENDIR:
        reply(fs, head->unique, 0, &directory, sizeof directory);
        break;
    case FUSE_STATFS:
        reply(fs, head->unique, 0, &statfs, sizeof statfs);
        break;
    case FUSE_READDIR:                                     /* an empty listing will do */
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
        reply(fs, head->unique, 0, NULL, 0);
        break;
    default:
        reply(fs, head->unique, ENOSYS, NULL, 0);
    }
}

/* Returns false when the file system has been unmounted. */
bool heldfs_serve_fuse(struct heldfs *fs)
{
    ssize_t n = read(fs->fuse, fs->buffer, fs->buffer_bytes);
    struct fuse_in_header head;
    const unsigned char *body = fs->buffer + sizeof head;

    if (n < 0)
        return errno == EINTR || errno == EAGAIN || errno == ENOENT;
    if ((size_t)n < sizeof head)
        return false;
    memcpy(&head, fs->buffer, sizeof head);
    fs->buffer[n] = 0;                                     /* names are strings anyway */
    switch (head.opcode) {
    case FUSE_INIT:
        do_init(fs, head.unique, body);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:               /* a held request is not given up: that is the point */
        break;
    case FUSE_READ:
    case FUSE_WRITE:
        if (is_node(fs, head.nodeid) && head.nodeid >= FIRST_FILE_NODE)
            do_transfer(fs, &head, body);
        else
            reply(fs, head.unique, EISDIR, NULL, 0);
        break;
    default:
        if (is_node(fs, head.nodeid))
            answer(fs, &head, body);
        else
            reply(fs, head.unique, head.opcode == FUSE_DESTROY ? 0 : ENOENT, NULL, 0);
    }
    return true;
}

void heldfs_mount(struct heldfs *fs, const char *directory)
{
    char options[128];

    fs->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fs->fuse < 0)
        heldfs_fail("/dev/fuse");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
             fs->fuse);
    if (mount("heldfs", directory, "fuse.heldfs", MS_NOSUID | MS_NODEV, options) != 0)
        heldfs_fail("mount (needs root)");
    fs->buffer_bytes = MAX_WRITE + 65536;
    fs->buffer = malloc(fs->buffer_bytes + 1);
    if (fs->buffer == NULL)
        heldfs_fail("memory");
    if (!heldfs_serve_fuse(fs))                            /* INIT */
        heldfs_fail("the kernel's first request");
    /* From now on poll says when to read; a request may be withdrawn in between. */
    if (fcntl(fs->fuse, F_SETFL, O_NONBLOCK) != 0)
        heldfs_fail("/dev/fuse");
}

