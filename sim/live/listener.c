/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* "[::1]" and "::1" name the same address. */
static bool strip_brackets(const char *host, char *bare, size_t size_bytes)
{
    size_t length = strlen(host);
    bool bracketed = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed) {
        host++;
        length -= 2;
    }
    if (length == 0 || length >= size_bytes)
        return false;
    memcpy(bare, host, length);
    bare[length] = '\0';
    return !bracketed || strchr(bare, ':') != NULL;
}

static bool resolve(const char *host, uint16_t port, struct sockaddr_storage *address,
                    socklen_t *address_bytes, struct lq_problem *problem)
{
    char bare[LQ_ADDRESS_BYTES_MAX], service[8];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    snprintf(service, sizeof service, "%u", (unsigned)port);
    if (!strip_brackets(host, bare, sizeof bare) || getaddrinfo(bare, service, &hints, &found) != 0)
        return lq_problem_set(problem,
                              "--portal: `%s' is no address; expected an IPv4 or IPv6 "
                              "literal such as 127.0.0.1 or ::1; names are not looked up",
                              host);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* The address in the form of URIs and SendTargets, and its port. */
static bool format(const struct sockaddr_storage *address, socklen_t address_bytes,
                   char host[LQ_ADDRESS_BYTES_MAX], uint16_t *port)
{
    char bare[LQ_ADDRESS_BYTES_MAX - 2], service[8];
    if (getnameinfo((const struct sockaddr *)address, address_bytes, bare, sizeof bare, service,
                    sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    bool is_v6 = address->ss_family == AF_INET6;
    snprintf(host, LQ_ADDRESS_BYTES_MAX, is_v6 ? "[%s]" : "%s", bare);
    unsigned number = 0;
    for (const char *digit = service; *digit != '\0'; digit++)
        number = number * 10 + (unsigned)(*digit - '0');
    *port = (uint16_t)number;
    return true;
}

/* What the address means to others: reachable from outside or not, and how it is called. */
static bool describe(struct lq_listener *listener)
{
    struct sockaddr_storage bound = {0};
    socklen_t bound_bytes = sizeof bound;
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &bound_bytes) != 0 ||
        !format(&bound, bound_bytes, listener->host, &listener->port))
        return false;
    if (bound.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &bound, sizeof v6);
        listener->loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
        if (IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr))
            snprintf(listener->host, sizeof listener->host, "[::1]");
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, &bound, sizeof v4);
        uint32_t number = ntohl(v4.sin_addr.s_addr);
        listener->loopback = number >> 24 == 127;
        if (number == INADDR_ANY)
            snprintf(listener->host, sizeof listener->host, "127.0.0.1");
    }
    return true;
}

bool lq_listener_open(struct lq_listener *listener, const char *host, uint16_t port,
                      struct lq_problem *problem)
{
    struct sockaddr_storage address;
    socklen_t address_bytes = 0;
    *listener = (struct lq_listener){.fd = -1, .spare_fd = -1};
    if (!resolve(host, port, &address, &address_bytes, problem))
        return false;
    int on = 1;
    listener->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (listener->fd < 0 || listener->spare_fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener->fd, (struct sockaddr *)&address, address_bytes) != 0 ||
        listen(listener->fd, BACKLOG) != 0 || !describe(listener)) {
        lq_problem_set(problem,
                       "--portal %s --port %u: cannot listen there (%s); expected a free "
                       "port of an address of this machine; choose another, or --port 0 for any "
                       "free port",
                       host, (unsigned)port, strerror(errno));
        lq_listener_close(listener);
        return false;
    }
    return true;
}

void lq_listener_close(struct lq_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    listener->fd = listener->spare_fd = -1;
}

/* The peer at the head of the queue gets a connection that is closed at once. */
static void turn_away(struct lq_listener *listener)
{
    close(listener->spare_fd);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int lq_listener_accept(struct lq_listener *listener, char local[LQ_ADDRESS_BYTES_MAX])
{
    int fd;
    do {
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            turn_away(listener);
        return -1;
    }
    struct sockaddr_storage address = {0};
    socklen_t address_bytes = sizeof address;
    char host[LQ_ADDRESS_BYTES_MAX];
    uint16_t port = 0;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (getsockname(fd, (struct sockaddr *)&address, &address_bytes) != 0 ||
        !format(&address, address_bytes, host, &port)) {
        close(fd);
        return -1;
    }
    snprintf(local, LQ_ADDRESS_BYTES_MAX, "%.80s:%u", host, (unsigned)port);
    return fd;
}
