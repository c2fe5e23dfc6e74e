/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suites/held_control.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_TIMEOUT_MS = 10000 };

static _Noreturn void give_up(const char *what)
{
    printf("FAILED: heldfs: %s\n", what);
    exit(3);
}

int64_t held_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_line(struct held_control *control, const char *line)
{
    struct held_event event;
    char op[8];
    char kind[8];

    if (sscanf(line, "%7s %" SCNu64 " %7s %u %" SCNu64 " %" SCNu64, kind, &event.id, op,
               &event.file, &event.offset, &event.length) == 6 &&
        (strcmp(kind, "held") == 0 || strcmp(kind, "seen") == 0)) {
        event.held = kind[0] == 'h';
        event.is_write = op[0] == 'w';
        if (control->nevents == HELD_EVENTS_MAX)
            give_up("more events than the test expects");
        control->events[control->nevents++] = event;
        return;
    }
    if (control->answered)
        give_up("an answer that was not asked for");
    control->answered = true;
    snprintf(control->answer, sizeof control->answer, "%s", line);
}

/* Read once, waiting at most timeout_ms, and digest whole lines. */
static void read_some(struct held_control *control, int timeout_ms)
{
    struct pollfd fd = { .fd = control->fd, .events = POLLIN };
    ssize_t n;
    char *line = control->text;
    char *end;

    if (poll(&fd, 1, timeout_ms) <= 0)
        return;
    n = recv(control->fd, control->text + control->text_used,
             sizeof control->text - 1 - control->text_used, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        give_up("closed the control socket");
    control->text_used += (size_t)n;
    control->text[control->text_used] = 0;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = 0;
        take_line(control, line);
        line = end + 1;
    }
    control->text_used = strlen(line);
    memmove(control->text, line, control->text_used + 1);
}

static const char *ask(struct held_control *control, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *ask(struct held_control *control, const char *format, ...)
{
    char line[256];
    va_list arguments;
    int64_t end = held_now_ms() + ANSWER_TIMEOUT_MS;
    size_t length;

    va_start(arguments, format);
    vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    line[length++] = '\n';
    control->answered = false;
    if (send(control->fd, line, length, MSG_NOSIGNAL) != (ssize_t)length)
        give_up("does not take an order");
    while (!control->answered) {
        if (held_now_ms() > end)
            give_up("does not answer");
        read_some(control, 100);
    }
    if (strncmp(control->answer, "ok", 2) != 0)
        give_up(control->answer);
    return control->answer + 2;
}

void held_open(struct held_control *control, const char *socket_path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memset(control, 0, sizeof *control);
    if (strlen(socket_path) >= sizeof address.sun_path)
        give_up("the socket's path is too long");
    strcpy(address.sun_path, socket_path);
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->fd < 0 ||
        connect(control->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        give_up(strerror(errno));
}

void held_close(struct held_control *control)
{
    close(control->fd);
}

void held_poll(struct held_control *control)
{
    read_some(control, 0);
}

void held_hold(struct held_control *control, const char *op, unsigned file, uint64_t offset,
               uint64_t length)
{
    ask(control, "hold %s %u %" PRIu64 " %" PRIu64, op, file, offset, length);
}

void held_pass(struct held_control *control)
{
    ask(control, "pass");
}

void held_release(struct held_control *control, uint64_t id)
{
    if (id != 0)
        ask(control, "release %" PRIu64, id);
    else
        ask(control, "release");
}

int held_fill(struct held_control *control, unsigned file, uint64_t offset, uint64_t length)
{
    const char *answer = ask(control, "fill %u %" PRIu64 " %" PRIu64, file, offset, length);
    unsigned value;

    return sscanf(answer, " %2x", &value) == 1 ? (int)value : -1;
}

const struct held_event *held_find(const struct held_control *control, unsigned *from,
                                   unsigned file, uint64_t offset, uint64_t length)
{
    while (*from < control->nevents) {
        const struct held_event *event = &control->events[(*from)++];

        if (event->file == file && event->offset < offset + length &&
            offset < event->offset + event->length)
            return event;
    }
    return NULL;
}
