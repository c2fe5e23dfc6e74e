/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suites/raw_client.h"

#include "conformance/suites/held_control.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_TIMEOUT_MS = 5000, FINAL = 0x80, IMMEDIATE = 0x40 };

static bool complain(const char *what)
{
    printf("    raw client: %s\n", what);
    return false;
}

static void put32(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* -- bytes ------------------------------------------------------------------------------------ */

static bool send_all(struct raw_client *client, const unsigned char *bytes, size_t n)
{
    int64_t end_ms = held_now_ms() + SEND_TIMEOUT_MS;

    while (n > 0) {
        struct pollfd fd = { .fd = client->fd, .events = POLLOUT };
        ssize_t sent;

        if (held_now_ms() > end_ms || poll(&fd, 1, 100) < 0)
            return complain("the target does not take our bytes");
        sent = send(client->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return complain("the connection is gone");
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
    return true;
}

/* 1: all n bytes; 0: time-out before the first; -1: gone or stuck half way. */
static int receive_bytes(struct raw_client *client, unsigned char *bytes, size_t n, int64_t end_ms)
{
    size_t got = 0;

    while (got < n) {
        struct pollfd fd = { .fd = client->fd, .events = POLLIN };
        int64_t left_ms = end_ms - held_now_ms();
        ssize_t more;

        /* Once a PDU has begun, its rest has SEND_TIMEOUT_MS more. */
        if (got > 0)
            left_ms += SEND_TIMEOUT_MS;
        if (left_ms < 0 || poll(&fd, 1, (int)left_ms) == 0)
            return got == 0 ? 0 : -1;
        more = recv(client->fd, bytes + got, n - got, 0);
        if (more <= 0)
            return -1;
        got += (size_t)more;
    }
    return 1;
}

static bool send_pdu(struct raw_client *client, unsigned char header[RAW_HEADER_BYTES],
                     const unsigned char *data, uint32_t data_bytes)
{
    static const unsigned char padding[4];

    header[5] = (unsigned char)(data_bytes >> 16);
    header[6] = (unsigned char)(data_bytes >> 8);
    header[7] = (unsigned char)data_bytes;
    return send_all(client, header, RAW_HEADER_BYTES) && send_all(client, data, data_bytes) &&
           send_all(client, padding, (4 - data_bytes % 4) % 4);
}

int raw_receive(struct raw_client *client, int timeout_ms)
{
    struct raw_pdu *pdu = &client->pdu;
    int64_t end_ms = held_now_ms() + timeout_ms;
    unsigned char padding[4];
    int result = receive_bytes(client, pdu->header, RAW_HEADER_BYTES, end_ms);

    if (result != 1)
        return result;
    end_ms = held_now_ms() + SEND_TIMEOUT_MS;
    pdu->data_bytes = get32(pdu->header + 4) & 0xffffff;
    if (pdu->header[4] != 0 || pdu->data_bytes > sizeof pdu->data) {
        complain("a PDU with an AHS, or longer than agreed");
        return -1;
    }
    if (pdu->data_bytes > 0 && receive_bytes(client, pdu->data, pdu->data_bytes, end_ms) != 1)
        return -1;
    if (pdu->data_bytes % 4 != 0 &&
        receive_bytes(client, padding, 4 - pdu->data_bytes % 4, end_ms) != 1)
        return -1;
    /* StatSN counts where status is carried: R2T and Data-In without S do not advance it. */
    if (raw_opcode(client) != RAW_R2T && (raw_opcode(client) != RAW_DATA_IN ||
                                          (pdu->header[1] & 1) != 0))
        client->exp_stat_sn = get32(pdu->header + 24) + 1;
    return 1;
}

unsigned raw_opcode(const struct raw_client *client)
{
    return client->pdu.header[0] & 0x3f;
}

uint32_t raw_tag(const struct raw_client *client)
{
    return get32(client->pdu.header + 16);
}

uint32_t raw_field32(const struct raw_client *client, size_t offset)
{
    return get32(client->pdu.header + offset);
}

unsigned raw_status(const struct raw_client *client)
{
    return client->pdu.header[3];
}

/* -- connect and log in ----------------------------------------------------------------------- */

static bool connect_to(struct raw_client *client, const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *address;
    int one = 1;

    if (getaddrinfo(host, port, &hints, &address) != 0)
        return complain("the URI's host is no numeric address");
    client->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, address->ai_addr, address->ai_addrlen) != 0) {
        freeaddrinfo(address);
        return complain("cannot connect");
    }
    freeaddrinfo(address);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return true;
}

/* One login PDU straight from operational negotiation to full feature phase [RFC 7143 6.3]. */
static bool send_login(struct raw_client *client, const char *initiator, const char *target)
{
    static const char keys[] =
        "SessionType=Normal\n" "HeaderDigest=None\n" "DataDigest=None\n" "InitialR2T=Yes\n"
        "ImmediateData=Yes\n" "MaxBurstLength=65536\n" "FirstBurstLength=65536\n"
        "MaxRecvDataSegmentLength=65536\n" "MaxConnections=1\n" "MaxOutstandingR2T=1\n"
        "DefaultTime2Wait=0\n" "DefaultTime2Retain=0\n" "ErrorRecoveryLevel=0\n"
        "DataPDUInOrder=Yes\n" "DataSequenceInOrder=Yes\n";
    unsigned char header[RAW_HEADER_BYTES] = { 0x43, 0x87 };  /* I; T, CSG 1, NSG 3 */
    char text[1024];
    int n = snprintf(text, sizeof text, "InitiatorName=%s\nTargetName=%s\n%s", initiator, target,
                     keys);

    if (n < 0 || (size_t)n >= sizeof text)
        return complain("names too long");
    for (int i = 0; i < n; i++)
        if (text[i] == '\n')
            text[i] = 0;
    memcpy(header + 8, "\x80\x12\x34\x56\x00\x01", 6);         /* ISID, random format */
    put32(header + 24, client->cmd_sn);
    return send_pdu(client, header, (const unsigned char *)text, (uint32_t)n);
}

bool raw_login(struct raw_client *client, const char *uri, const char *initiator, int timeout_ms)
{
    char host[128], port[16], target[224];

    memset(client, 0, sizeof *client);
    client->fd = -1;
    client->cmd_sn = 0xfffffffe;                               /* near its wrap, on purpose */
    client->next_tag = 1;
    if (sscanf(uri, "iscsi://%127[^:]:%15[0-9]/%223[^/]/%d", host, port, target, &client->lun) != 4)
        return complain("expected iscsi://HOST:PORT/IQN/LUN");
    if (!connect_to(client, host, port) || !send_login(client, initiator, target))
        return false;
    if (raw_receive(client, timeout_ms) != 1 || raw_opcode(client) != RAW_LOGIN_RESPONSE)
        return complain("no login response");
    if (client->pdu.header[36] != 0 || (client->pdu.header[1] & 0x83) != 0x83) {
        printf("    raw client: login refused: flags %#x, status class %u detail %u\n",
               client->pdu.header[1], client->pdu.header[36], client->pdu.header[37]);
        return false;
    }
    return true;
}

void raw_close(struct raw_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

/* -- requests --------------------------------------------------------------------------------- */

static bool send_command(struct raw_client *client, unsigned flags, const unsigned char *cdb,
                         size_t cdb_bytes, uint32_t expected, const unsigned char *data,
                         uint32_t data_bytes, uint32_t *tag)
{
    unsigned char header[RAW_HEADER_BYTES] = { 0x01, (unsigned char)flags };

    *tag = client->next_tag++;
    header[9] = (unsigned char)client->lun;                    /* single level, LUN below 256 */
    put32(header + 16, *tag);
    put32(header + 20, expected);
    put32(header + 24, client->cmd_sn++);
    put32(header + 28, client->exp_stat_sn);
    memcpy(header + 32, cdb, cdb_bytes);
    return send_pdu(client, header, data, data_bytes);
}

bool raw_write(struct raw_client *client, enum raw_attribute attribute, uint32_t lba,
               uint32_t nblocks, unsigned char value, bool immediate, uint32_t *tag)
{
    static unsigned char data[RAW_DATA_MAX_BYTES];
    unsigned char cdb[10] = { 0x2a };
    uint32_t bytes = nblocks * 512;

    if (bytes > sizeof data)
        return complain("write too long");
    memset(data, value, bytes);
    put32(cdb + 2, lba);
    cdb[7] = (unsigned char)(nblocks >> 8);
    cdb[8] = (unsigned char)nblocks;
    return send_command(client, FINAL | 0x20 | (unsigned)attribute, cdb, sizeof cdb, bytes, data,
                        immediate ? bytes : 0, tag);
}

bool raw_data_out(struct raw_client *client, uint32_t tag, uint32_t ttt, uint32_t bytes,
                  unsigned char value)
{
    static unsigned char data[RAW_DATA_MAX_BYTES];
    unsigned char header[RAW_HEADER_BYTES] = { 0x05, FINAL };

    if (bytes > sizeof data)
        return complain("Data-Out too long");
    memset(data, value, bytes);
    header[9] = (unsigned char)client->lun;
    put32(header + 16, tag);
    put32(header + 20, ttt);
    put32(header + 28, client->exp_stat_sn);
    return send_pdu(client, header, data, bytes);
}

bool raw_test_unit_ready(struct raw_client *client, uint32_t *tag)
{
    static const unsigned char cdb[6];

    return send_command(client, FINAL | RAW_SIMPLE, cdb, sizeof cdb, 0, NULL, 0, tag);
}

bool raw_ping(struct raw_client *client, uint32_t *tag)
{
    unsigned char header[RAW_HEADER_BYTES] = { IMMEDIATE, FINAL };

    *tag = client->next_tag++;
    put32(header + 16, *tag);
    put32(header + 20, 0xffffffff);
    put32(header + 24, client->cmd_sn);
    put32(header + 28, client->exp_stat_sn);
    return send_pdu(client, header, NULL, 0);
}
