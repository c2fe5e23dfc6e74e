/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heldfs: a file system in memory whose requests can be held one by one.
 *
 * It mounts a directory with files store0, store1, ... for a target under test to use as its
 * stores, and lets a test decide when each write (or read) takes effect and completes. It is the
 * store's side of the held-write tests only; held_control.h is its client. No verdict is here.
 *
 * It speaks to /dev/fuse itself, since the files must be opened with
 * FOPEN_PARALLEL_DIRECT_WRITES: without it the kernel serialises the writes of a file, and a test
 * of command order would pass falsely. libfuse 3.14 cannot set that flag.
 *
 * Control protocol, over a UNIX stream socket, one client at a time, one line per message:
 *   hold OP FILE OFFSET LENGTH    from now on hold OP (write|read|any) overlapping this   -> ok
 *   pass                          hold nothing that is new; what is held stays held       -> ok
 *   release ID                    let this one take effect and complete                   -> ok 1
 *   release                       pass, then release everything, oldest first             -> ok N
 *   fill FILE OFFSET LENGTH       -> ok XX (every byte is XX, hexadecimal) or ok mixed
 *   anything else                 -> error TEXT
 * Unasked, in the order of arrival, before any later answer:
 *   held ID OP FILE OFFSET LENGTH
 *   seen ID write FILE OFFSET LENGTH          (a write that was not held)
 * When the client goes, everything is released. When standard input ends, everything is released,
 * the file system is unmounted and the program ends: nothing outlives its parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef FOPEN_PARALLEL_DIRECT_WRITES
#define FOPEN_PARALLEL_DIRECT_WRITES (1u << 6)    /* since FUSE 7.37, Linux 6.2 */
#endif

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

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "heldfs: %s: %s\n", what, strerror(errno));
    exit(3);
}

/* -- control, outgoing ------------------------------------------------------------------------ */

static void say(struct heldfs *fs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct heldfs *fs, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list arguments;
    int n;

    if (fs->client < 0)
        return;
    va_start(arguments, format);
    n = vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof text - 1)
        n = (int)sizeof text - 2;
    text[n++] = '\n';
    for (size_t sent = 0; sent < (size_t)n;) {
        ssize_t more = send(fs->client, text + sent, (size_t)n - sent, MSG_NOSIGNAL);

        if (more <= 0)
            return;                                /* the client's end is noticed by poll */
        sent += (size_t)more;
    }
}

/* -- FUSE, outgoing --------------------------------------------------------------------------- */

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

static void finish(struct heldfs *fs, const struct held *request)
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

static void release_at(struct heldfs *fs, unsigned index)
{
    finish(fs, &fs->held[index]);
    free(fs->held[index].data);
    fs->nheld--;
    memmove(&fs->held[index], &fs->held[index + 1], (fs->nheld - index) * sizeof fs->held[0]);
}

static unsigned release_all(struct heldfs *fs)
{
    unsigned released = fs->nheld;

    fs->nrules = 0;
    while (fs->nheld > 0)
        release_at(fs, 0);
    return released;
}

/* -- FUSE, incoming --------------------------------------------------------------------------- */

static bool must_hold(const struct heldfs *fs, const struct held *request)
{
    for (unsigned i = 0; i < fs->nrules; i++) {
        const struct rule *rule = &fs->rules[i];

        if (rule->file == request->file && (request->is_write ? rule->writes : rule->reads) &&
            request->offset < rule->offset + rule->length &&
            rule->offset < request->offset + request->length)
            return true;
    }
    return false;
}

static void take(struct heldfs *fs, struct held *request, const unsigned char *data)
{
    const char *op = request->is_write ? "write" : "read";
    unsigned char *copy;

    request->id = ++fs->last_id;
    memcpy(&request->data, &data, sizeof data);            /* finish only reads it */
    if (!must_hold(fs, request)) {
        if (request->is_write)
            say(fs, "seen %" PRIu64 " write %u %" PRIu64 " %" PRIu64, request->id, request->file,
                request->offset, request->length);
        finish(fs, request);
        return;
    }
    if (fs->nheld == MAX_HELD) {
        fprintf(stderr, "heldfs: more than %d held requests; this one fails\n", MAX_HELD);
        reply(fs, request->unique, ENOSPC, NULL, 0);
        return;
    }
    copy = malloc(request->length + 1);
    if (copy == NULL)
        fail("memory for a held request");
    if (request->is_write)
        memcpy(copy, data, request->length);
    request->data = copy;
    fs->held[fs->nheld++] = *request;
    say(fs, "held %" PRIu64 " %s %u %" PRIu64 " %" PRIu64, request->id, op, request->file,
        request->offset, request->length);
}

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
    if (request.offset > size_bytes || (request.is_write && request.length > size_bytes - in.offset)) {
        reply(fs, head->unique, request.is_write ? ENOSPC : 0, NULL, 0);
        return;
    }
    if (request.length > size_bytes - request.offset)
        request.length = size_bytes - request.offset;
    take(fs, &request, body + sizeof in);
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
static bool serve_fuse(struct heldfs *fs)
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

/* -- control, incoming ------------------------------------------------------------------------ */

static bool extent_is_valid(const struct heldfs *fs, unsigned file, uint64_t offset,
                            uint64_t length)
{
    return file < fs->nfiles && length > 0 && offset <= fs->files[file].size_bytes &&
           length <= fs->files[file].size_bytes - offset;
}

static void do_hold(struct heldfs *fs, const char *text)
{
    char op[8];
    struct rule rule = { 0 };

    if (sscanf(text, "hold %7s %u %" SCNu64 " %" SCNu64, op, &rule.file, &rule.offset,
               &rule.length) != 4 || fs->nrules == MAX_RULES ||
        !extent_is_valid(fs, rule.file, rule.offset, rule.length)) {
        say(fs, "error expected hold write|read|any FILE OFFSET LENGTH inside a file");
        return;
    }
    rule.reads = strcmp(op, "write") != 0;
    rule.writes = strcmp(op, "read") != 0;
    fs->rules[fs->nrules++] = rule;
    say(fs, "ok");
}

static void do_release(struct heldfs *fs, const char *text)
{
    uint64_t id;

    if (sscanf(text, "release %" SCNu64, &id) != 1) {
        say(fs, "ok %u", release_all(fs));
        return;
    }
    for (unsigned i = 0; i < fs->nheld; i++) {
        if (fs->held[i].id == id) {
            release_at(fs, i);
            say(fs, "ok 1");
            return;
        }
    }
    say(fs, "error nothing is held under that number");
}

static void do_fill(struct heldfs *fs, const char *text)
{
    unsigned file;
    uint64_t offset, length;
    const unsigned char *bytes;

    if (sscanf(text, "fill %u %" SCNu64 " %" SCNu64, &file, &offset, &length) != 3 ||
        !extent_is_valid(fs, file, offset, length)) {
        say(fs, "error expected fill FILE OFFSET LENGTH inside a file");
        return;
    }
    bytes = fs->files[file].bytes + offset;
    for (uint64_t i = 1; i < length; i++) {
        if (bytes[i] != bytes[0]) {
            say(fs, "ok mixed");
            return;
        }
    }
    say(fs, "ok %02x", bytes[0]);
}

static void obey(struct heldfs *fs, const char *text)
{
    if (strncmp(text, "hold ", 5) == 0) {
        do_hold(fs, text);
    } else if (strcmp(text, "pass") == 0) {
        fs->nrules = 0;
        say(fs, "ok");
    } else if (strncmp(text, "release", 7) == 0) {
        do_release(fs, text);
    } else if (strncmp(text, "fill ", 5) == 0) {
        do_fill(fs, text);
    } else {
        say(fs, "error expected hold, pass, release or fill");
    }
}

static void drop_client(struct heldfs *fs)
{
    close(fs->client);
    fs->client = -1;
    fs->line_used = 0;
    release_all(fs);
}

static void serve_client(struct heldfs *fs)
{
    char chunk[LINE_MAX_BYTES];
    ssize_t n = recv(fs->client, chunk, sizeof chunk, 0);

    if (n <= 0) {
        drop_client(fs);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (chunk[i] == '\n') {
            fs->line[fs->line_used] = 0;
            fs->line_used = 0;
            obey(fs, fs->line);
        } else if (fs->line_used < sizeof fs->line - 1) {
            fs->line[fs->line_used++] = chunk[i];
        }
    }
}

/* -- start and loop --------------------------------------------------------------------------- */

static void listen_on(struct heldfs *fs, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    fs->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fs->listener < 0 ||
        bind(fs->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fs->listener, 1) != 0)
        fail(path);
}

static void mount_on(struct heldfs *fs, const char *directory)
{
    char options[128];

    fs->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fs->fuse < 0)
        fail("/dev/fuse");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
             fs->fuse);
    if (mount("heldfs", directory, "fuse.heldfs", MS_NOSUID | MS_NODEV, options) != 0)
        fail("mount (needs root)");
    fs->buffer_bytes = MAX_WRITE + 65536;
    fs->buffer = malloc(fs->buffer_bytes + 1);
    if (fs->buffer == NULL)
        fail("memory");
    if (!serve_fuse(fs))                                   /* INIT */
        fail("the kernel's first request");
}

static void loop(struct heldfs *fs)
{
    for (;;) {
        struct pollfd fds[4] = { { .fd = fs->fuse, .events = POLLIN },
                                 { .fd = STDIN_FILENO, .events = POLLIN },
                                 { .fd = fs->client, .events = POLLIN },
                                 { .fd = fs->client < 0 ? fs->listener : -1, .events = POLLIN } };
        char ignored;

        if (poll(fds, 4, -1) < 0 && errno != EINTR)
            fail("poll");
        /* Control first: an order that was given before a write was sent shall reach it. */
        if (fds[2].revents != 0)
            serve_client(fs);
        if (fds[3].revents != 0)
            fs->client = accept4(fs->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fds[0].revents != 0 && !serve_fuse(fs))
            return;
        if (fds[1].revents != 0 && read(STDIN_FILENO, &ignored, 1) <= 0)
            return;
    }
}

int main(int argc, char **argv)
{
    static struct heldfs fs = { .client = -1 };            /* large, hence not on the stack */

    if (argc < 4 || argc > 3 + MAX_FILES) {
        fprintf(stderr, "usage: heldfs DIRECTORY SOCKET SIZE_BYTES... (at most %d files)\n",
                MAX_FILES);
        return 2;
    }
    signal(SIGINT, SIG_IGN);                               /* the end comes by standard input */
    for (int i = 3; i < argc; i++) {
        struct file *file = &fs.files[fs.nfiles++];

        file->size_bytes = strtoull(argv[i], NULL, 10);
        file->bytes = calloc(1, file->size_bytes > 0 ? file->size_bytes : 1);
        if (file->bytes == NULL)
            fail("memory for the files");
    }
    listen_on(&fs, argv[2]);
    mount_on(&fs, argv[1]);
    printf("ready\n");
    fflush(stdout);
    loop(&fs);
    release_all(&fs);
    if (umount2(argv[1], MNT_DETACH) != 0 && errno != EINVAL)
        fail("umount");
    unlink(argv[2]);
    for (unsigned i = 0; i < fs.nfiles; i++)
        free(fs.files[i].bytes);
    free(fs.buffer);
    return 0;
}
