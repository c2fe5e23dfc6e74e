/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suites/heldfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* -- outgoing --------------------------------------------------------------------------------- */

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

/* -- requests --------------------------------------------------------------------------------- */

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

void heldfs_take(struct heldfs *fs, struct held *request, const unsigned char *data)
{
    const char *op = request->is_write ? "write" : "read";
    unsigned char *copy;

    request->id = ++fs->last_id;
    memcpy(&request->data, &data, sizeof data);            /* finish only reads it */
    if (!must_hold(fs, request)) {
        if (request->is_write)
            say(fs, "seen %" PRIu64 " write %u %" PRIu64 " %" PRIu64, request->id, request->file,
                request->offset, request->length);
        heldfs_finish(fs, request);
        return;
    }
    if (fs->nheld == MAX_HELD) {
        fprintf(stderr, "heldfs: more than %d held requests; this one fails\n", MAX_HELD);
        heldfs_refuse(fs, request, ENOSPC);
        return;
    }
    copy = malloc(request->length + 1);
    if (copy == NULL)
        heldfs_fail("memory for a held request");
    if (request->is_write)
        memcpy(copy, data, request->length);
    request->data = copy;
    fs->held[fs->nheld++] = *request;
    say(fs, "held %" PRIu64 " %s %u %" PRIu64 " %" PRIu64, request->id, op, request->file,
        request->offset, request->length);
}

static void release_at(struct heldfs *fs, unsigned index)
{
    heldfs_finish(fs, &fs->held[index]);
    free(fs->held[index].data);
    fs->nheld--;
    memmove(&fs->held[index], &fs->held[index + 1], (fs->nheld - index) * sizeof fs->held[0]);
}

unsigned heldfs_release_all(struct heldfs *fs)
{
    unsigned released = fs->nheld;

    fs->nrules = 0;
    while (fs->nheld > 0)
        release_at(fs, 0);
    return released;
}

/* -- incoming --------------------------------------------------------------------------------- */

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
        say(fs, "ok %u", heldfs_release_all(fs));
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
    heldfs_release_all(fs);
}

void heldfs_serve_client(struct heldfs *fs)
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

void heldfs_listen(struct heldfs *fs, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        heldfs_fail(path);
    }
    strcpy(address.sun_path, path);
    fs->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fs->listener < 0 ||
        bind(fs->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fs->listener, 1) != 0)
        heldfs_fail(path);
}

void heldfs_accept(struct heldfs *fs)
{
    fs->client = accept4(fs->listener, NULL, NULL, SOCK_CLOEXEC);
}
