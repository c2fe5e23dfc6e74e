/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Blocks are pcapng's section header, interface description and enhanced packet
 * [draft-ietf-opsawg-pcapng], little-endian whatever the machine. Each connection is a pair of TCP
 * ends of which one always acknowledges at once what it has to answer, and by a packet of its own
 * when much is outstanding, so that a dissector sees no full window.
 *
 * Segments end where taps do, with one exception: a PDU's 48 header bytes, and with them their
 * digest, stay together, because Wireshark's dissector gives a segment up that begins with less.
 * Nobody can act on half a header, so holding one back changes no order. Where PDUs end depends on
 * their digests, which are those that the target agreed to in its login responses.
 *
 * Taps are the target's. What a fault did to a PDU, the next packet of its direction says.
 */
#include "tools/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "tools/internet_checksum.h"
#include "tools/pcapng_said.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    OPTION_END = 0, OPTION_COMMENT = 1, OPTION_IF_NAME = 2, OPTION_APPLICATION = 4,
    OPTION_IF_TSRESOL = 9,
    LINK_ETHERNET = 1,
    ETHERNET_BYTES = 14, IP_BYTES = 20, TCP_BYTES = 20,
    HEADERS_BYTES = ETHERNET_BYTES + IP_BYTES + TCP_BYTES,
    SYN_OPTIONS_BYTES = 8,     /* MSS and window scale */
    PAYLOAD_BYTES_MAX = 65000, /* with its headers below an IPv4 packet's 65535 */
    UNACKNOWLEDGED_MAX = 1 << 20,
    WINDOW_SHIFT = 14,
    BUCKETS = 256,
    HEADER_BYTES = 48, /* of a PDU [RFC 7143 11.2.1] */
    DIGEST_BYTES = 4,
    PORT_ISCSI = 3260,
    /* Above 3260: Wireshark asks the dissector of the lower port first, and 1080 is SOCKS. */
    PORT_FIRST = 10000,
    PORT_COUNT = 55000,
};

enum { FLAG_FIN = 0x01, FLAG_SYN = 0x02, FLAG_RST = 0x04, FLAG_PSH = 0x08, FLAG_ACK = 0x10 };

/* One direction of a connection. */
struct stream {
    uint32_t next_sequence;
    uint32_t acknowledged; /* of next_sequence, as the other end has told */
    uint32_t pdu_left;     /* bytes of the present PDU that are still to come */
    uint32_t held_bytes;
    uint8_t held[HEADER_BYTES + DIGEST_BYTES]; /* a header that is not complete yet */
    struct lq_said said; /* by the next packet with payload */
};

/* Digests of a connection: HeaderDigest, DataDigest. */
struct digests {
    bool is_login, is_last; /* the target's PDU under way: a login response, the successful last */
    uint8_t matched[2];     /* characters of "HeaderDigest=CRC32C" seen so far, and of the other */
    bool agreed[2];
    bool in_force[2]; /* since login is over */
};

struct connection {
    uint32_t number, run;
    uint16_t actor;
    struct stream streams[2]; /* by enum lq_direction: who sends */
    struct digests digests;
    struct connection *next;
};

struct lq_pcapng {
    FILE *file;
    int error; /* errno of the first failure */
    uint32_t interface_count;
    uint64_t epoch_ns, flushed_ns;
    char *comment;
    struct lq_said of_frames; /* by the next frame */
    struct connection *buckets[BUCKETS];
};

/* --- blocks ----------------------------------------------------------------------------------- */

static void put(struct lq_pcapng *pcapng, const void *bytes, size_t size_bytes)
{
    if (fwrite(bytes, 1, size_bytes, pcapng->file) != size_bytes && pcapng->error == 0)
        pcapng->error = errno != 0 ? errno : EIO;
}

static void put_le(uint8_t *p, uint64_t value, int size_bytes)
{
    for (int i = 0; i < size_bytes; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static void put_u32(struct lq_pcapng *pcapng, uint32_t value)
{
    uint8_t bytes[4];
    put_le(bytes, value, sizeof bytes);
    put(pcapng, bytes, sizeof bytes);
}

static uint32_t padding_of(size_t size_bytes)
{
    return (uint32_t)(-size_bytes & 3);
}

static void put_padding(struct lq_pcapng *pcapng, size_t size_bytes)
{
    static const uint8_t zeroes[4];
    put(pcapng, zeroes, padding_of(size_bytes));
}

static uint32_t option_bytes(size_t size_bytes)
{
    return (uint32_t)(4 + size_bytes + padding_of(size_bytes));
}

static void put_option(struct lq_pcapng *pcapng, uint32_t code, const void *bytes,
                       size_t size_bytes)
{
    put_u32(pcapng, code | (uint32_t)size_bytes << 16);
    put(pcapng, bytes, size_bytes);
    put_padding(pcapng, size_bytes);
}

static void put_section(struct lq_pcapng *pcapng)
{
    static const char application[] = "lunquake";
    uint32_t total = 28 + option_bytes(strlen(application)) + 4;
    put_u32(pcapng, BLOCK_SECTION);
    put_u32(pcapng, total);
    put_u32(pcapng, 0x1a2b3c4d);
    put_u32(pcapng, 1); /* version 1.0 */
    put_u32(pcapng, UINT32_MAX);
    put_u32(pcapng, UINT32_MAX); /* section length: not told */
    put_option(pcapng, OPTION_APPLICATION, application, strlen(application));
    put_u32(pcapng, OPTION_END);
    put_u32(pcapng, total);
}

static void put_interface(struct lq_pcapng *pcapng, const char *name)
{
    static const uint8_t nanoseconds = 9;
    uint32_t total = 20 + option_bytes(strlen(name)) + option_bytes(1) + 4;
    put_u32(pcapng, BLOCK_INTERFACE);
    put_u32(pcapng, total);
    put_u32(pcapng, LINK_ETHERNET);
    put_u32(pcapng, 0); /* no limit of length */
    put_option(pcapng, OPTION_IF_NAME, name, strlen(name));
    put_option(pcapng, OPTION_IF_TSRESOL, &nanoseconds, 1);
    put_u32(pcapng, OPTION_END);
    put_u32(pcapng, total);
}

static void put_packet(struct lq_pcapng *pcapng, uint64_t time_ns, const uint8_t *headers,
                       uint32_t headers_bytes, const uint8_t *payload, uint32_t payload_bytes,
                       const char *comment)
{
    uint32_t length = headers_bytes + payload_bytes;
    uint64_t stamp = time_ns + pcapng->epoch_ns;
    uint32_t total = 32 + length + padding_of(length);
    if (comment != NULL)
        total += option_bytes(strlen(comment)) + 4;
    put_u32(pcapng, BLOCK_PACKET);
    put_u32(pcapng, total);
    put_u32(pcapng, pcapng->interface_count - 1);
    put_u32(pcapng, (uint32_t)(stamp >> 32));
    put_u32(pcapng, (uint32_t)stamp);
    put_u32(pcapng, length);
    put_u32(pcapng, length);
    put(pcapng, headers, headers_bytes);
    put(pcapng, payload, payload_bytes);
    put_padding(pcapng, length);
    if (comment != NULL) {
        put_option(pcapng, OPTION_COMMENT, comment, strlen(comment));
        put_u32(pcapng, OPTION_END);
    }
    put_u32(pcapng, total);
}

/* --- packets ---------------------------------------------------------------------------------- */

static uint32_t initiator_address(const struct connection *c)
{
    return 0x0a010000 + c->actor; /* 10.1.0.0 + actor */
}

/* A dissector knows a connection by its addresses and ports, not by its interface: each run's
 * target has an address of its own. */
static uint32_t target_address(const struct connection *c)
{
    return 0xac100001 + c->run % 0xffffe; /* 172.16.0.1 + run */
}

static uint16_t initiator_port(const struct connection *c)
{
    return (uint16_t)(PORT_FIRST + c->number % PORT_COUNT);
}

static void put_ethernet(uint8_t *p, const struct connection *c, enum lq_direction from)
{
    /* Locally administered addresses: 02:00 and the IPv4 address. */
    uint8_t *initiator = from == LQ_FROM_TARGET ? p : p + 6;
    uint8_t *target = from == LQ_FROM_TARGET ? p + 6 : p;
    lq_put_be16(initiator, 0x0200);
    lq_put_be32(initiator + 2, initiator_address(c));
    lq_put_be16(target, 0x0200);
    lq_put_be32(target + 2, target_address(c));
    lq_put_be16(p + 12, 0x0800);
}

static void put_ip(uint8_t *p, const struct connection *c, enum lq_direction from, uint32_t length)
{
    memset(p, 0, IP_BYTES);
    p[0] = 0x45;
    lq_put_be16(p + 2, (uint16_t)length);
    p[6] = 0x40; /* do not fragment */
    p[8] = 64;
    p[9] = 6; /* TCP */
    lq_put_be32(p + 12, from == LQ_FROM_TARGET ? target_address(c) : initiator_address(c));
    lq_put_be32(p + 16, from == LQ_FROM_TARGET ? initiator_address(c) : target_address(c));
    lq_put_be16(p + 10, lq_checksum_of(lq_add_words(0, p, IP_BYTES)));
}

/* One segment; advances the sender's sequence and acknowledges all that the other end has sent. */
static void put_segment(struct lq_pcapng *pcapng, struct connection *c, uint64_t time_ns,
                        enum lq_direction from, uint32_t flags, const uint8_t *payload,
                        uint32_t payload_bytes, const char *comment)
{
    enum lq_direction to = from == LQ_FROM_TARGET ? LQ_TO_TARGET : LQ_FROM_TARGET;
    static const uint8_t syn_options[SYN_OPTIONS_BYTES] = {2, 4, 0xff, 0xd7, 1, 3, 3, WINDOW_SHIFT};
    bool syn = (flags & FLAG_SYN) != 0;
    char *said = c->streams[from].said.text;
    if (payload_bytes > 0 && said[0] != '\0')
        comment = said;
    uint32_t tcp_bytes = TCP_BYTES + (syn ? SYN_OPTIONS_BYTES : 0);
    uint8_t headers[HEADERS_BYTES + SYN_OPTIONS_BYTES];
    uint8_t *ip = headers + ETHERNET_BYTES, *tcp = ip + IP_BYTES;
    put_ethernet(headers, c, from);
    put_ip(ip, c, from, IP_BYTES + tcp_bytes + payload_bytes);
    lq_put_be16(tcp, from == LQ_FROM_TARGET ? PORT_ISCSI : initiator_port(c));
    lq_put_be16(tcp + 2, from == LQ_FROM_TARGET ? initiator_port(c) : PORT_ISCSI);
    lq_put_be32(tcp + 4, c->streams[from].next_sequence);
    lq_put_be32(tcp + 8, (flags & FLAG_ACK) != 0 ? c->streams[to].next_sequence : 0);
    tcp[12] = (uint8_t)(tcp_bytes / 4 << 4);
    tcp[13] = (uint8_t)flags;
    lq_put_be16(tcp + 14, 0xffff);
    lq_put_be32(tcp + 16, 0); /* checksum, urgent pointer */
    if (syn)
        memcpy(tcp + TCP_BYTES, syn_options, sizeof syn_options);
    uint32_t sum = lq_add_words(6 + tcp_bytes + payload_bytes, ip + 12, 8); /* pseudo header */
    sum = lq_add_words(sum, tcp, tcp_bytes);
    sum = lq_add_words(sum, payload, payload_bytes);
    lq_put_be16(tcp + 16, lq_checksum_of(sum));
    put_packet(pcapng, time_ns, headers, ETHERNET_BYTES + IP_BYTES + tcp_bytes, payload,
               payload_bytes, comment);
    if (comment == said)
        said[0] = '\0';
    c->streams[from].next_sequence += payload_bytes +
                                      ((flags & (FLAG_SYN | FLAG_FIN)) != 0 ? 1 : 0);
    if ((flags & FLAG_ACK) != 0)
        c->streams[to].acknowledged = c->streams[to].next_sequence;
}

/* --- what faults did -------------------------------------------------------------------------- */

/* EVENT struck a PDU: the next packet of its direction says so. */
static void say(struct connection *c, const struct lq_event *event)
{
    bool from_target = (event->flags & LQ_F_FROM_TARGET) != 0;
    if (c != NULL)
        lq_said_add(&c->streams[from_target ? LQ_FROM_TARGET : LQ_TO_TARGET].said, event);
}

/* What no packet could say. */
static void say_rest(struct lq_pcapng *pcapng, struct connection *c)
{
    for (int from = LQ_TO_TARGET; from <= LQ_FROM_TARGET; from++)
        if (c->streams[from].said.text[0] != '\0')
            put_segment(pcapng, c, c->streams[from].said.time_ns, (enum lq_direction)from, FLAG_ACK,
                        NULL, 0, c->streams[from].said.text);
}

/* --- connections ------------------------------------------------------------------------------ */

static struct connection **place_of(struct lq_pcapng *pcapng, uint32_t number)
{
    struct connection **place = &pcapng->buckets[number % BUCKETS];
    while (*place != NULL && (*place)->number != number)
        place = &(*place)->next;
    return place;
}

/* The connection, with its handshake written when it is new. NULL: no memory. */
static struct connection *connection_of(struct lq_pcapng *pcapng, uint32_t number, uint16_t actor,
                                        uint64_t time_ns)
{
    struct connection **place = place_of(pcapng, number);
    if (*place != NULL)
        return *place;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        pcapng->error = ENOMEM;
        return NULL;
    }
    *place = c;
    c->number = number;
    c->run = pcapng->interface_count - 1;
    c->actor = actor;
    c->streams[LQ_TO_TARGET].next_sequence = 0x10000000;
    c->streams[LQ_FROM_TARGET].next_sequence = 0x20000000;
    put_segment(pcapng, c, time_ns, LQ_TO_TARGET, FLAG_SYN, NULL, 0, pcapng->comment);
    put_segment(pcapng, c, time_ns, LQ_FROM_TARGET, FLAG_SYN | FLAG_ACK, NULL, 0, NULL);
    put_segment(pcapng, c, time_ns, LQ_TO_TARGET, FLAG_ACK, NULL, 0, NULL);
    return c;
}

static void forget(struct lq_pcapng *pcapng, uint32_t number)
{
    struct connection **place = place_of(pcapng, number);
    struct connection *c = *place;
    if (c != NULL) {
        say_rest(pcapng, c);
        *place = c->next;
        free(c);
    }
}

static void forget_all(struct lq_pcapng *pcapng)
{
    for (int i = 0; i < BUCKETS; i++)
        while (pcapng->buckets[i] != NULL)
            forget(pcapng, pcapng->buckets[i]->number);
}

/* Payload in as many segments as it needs, and the other end's acknowledgements. */
static void put_payload(struct lq_pcapng *pcapng, struct connection *c, uint64_t time_ns,
                        enum lq_direction from, const uint8_t *bytes, uint32_t size_bytes)
{
    enum lq_direction to = from == LQ_FROM_TARGET ? LQ_TO_TARGET : LQ_FROM_TARGET;
    while (size_bytes > 0) {
        uint32_t piece = size_bytes < PAYLOAD_BYTES_MAX ? size_bytes : PAYLOAD_BYTES_MAX;
        put_segment(pcapng, c, time_ns, from, FLAG_PSH | FLAG_ACK, bytes, piece, NULL);
        bytes += piece;
        size_bytes -= piece;
        if (c->streams[from].next_sequence - c->streams[from].acknowledged > UNACKNOWLEDGED_MAX)
            put_segment(pcapng, c, time_ns, to, FLAG_ACK, NULL, 0, NULL);
    }
}

/* --- where PDUs end --------------------------------------------------------------------------- */

enum { LOGIN_RESPONSE = 0x23 };

/* Bytes of a header that stay together. */
static uint32_t head_bytes(const struct connection *c)
{
    return HEADER_BYTES + (c->digests.in_force[0] ? (uint32_t)DIGEST_BYTES : 0);
}

/* Bytes of the PDU that HEADER begins, padding and digests included. */
static uint32_t pdu_bytes(const struct connection *c, const uint8_t *header)
{
    uint32_t data_bytes = lq_get_be24(header + 5), digests_bytes = 0;
    if (c->digests.in_force[0])
        digests_bytes += DIGEST_BYTES;
    if (c->digests.in_force[1] && data_bytes > 0)
        digests_bytes += DIGEST_BYTES;
    return HEADER_BYTES + 4U * header[4] + ((data_bytes + 3) & ~UINT32_C(3)) + digests_bytes;
}

/* A PDU of the target begins. Successful and last: T, NSG 3, status 0 [RFC 7143 11.13]. */
static void watch_header(struct digests *digests, const uint8_t *header)
{
    digests->is_login = (header[0] & 0x3f) == LOGIN_RESPONSE;
    digests->is_last = digests->is_login && (header[1] & 0x83) == 0x83 &&
                       lq_get_be16(header + 36) == 0;
    digests->matched[0] = digests->matched[1] = 0;
}

/* Text of a login response, in whatever pieces. */
static void watch_text(struct digests *digests, const uint8_t *bytes, uint32_t size_bytes)
{
    static const char *const texts[2] = {"HeaderDigest=CRC32C", "DataDigest=CRC32C"};
    for (uint32_t i = 0; i < size_bytes; i++) {
        for (int which = 0; which < 2; which++) {
            const char *text = texts[which];
            uint8_t *matched = &digests->matched[which];
            char seen = (char)bytes[i];
            bool goes_on = text[*matched] == seen;
            if (goes_on && seen == '\0')
                digests->agreed[which] = true;
            *matched = goes_on && seen != '\0' ? (uint8_t)(*matched + 1) : seen == text[0];
        }
    }
}

/* SIZE_BYTES more of the PDU under way. */
static void pass(struct connection *c, enum lq_direction from, const uint8_t *bytes,
                 uint32_t size_bytes)
{
    struct stream *stream = &c->streams[from];
    struct digests *digests = &c->digests;
    stream->pdu_left -= size_bytes;
    if (from != LQ_FROM_TARGET || !digests->is_login)
        return;
    watch_text(digests, bytes, size_bytes);
    if (stream->pdu_left == 0 && digests->is_last)
        memcpy(digests->in_force, digests->agreed, sizeof digests->in_force);
}

static void begin(struct connection *c, enum lq_direction from, const uint8_t *header)
{
    c->streams[from].pdu_left = pdu_bytes(c, header);
    if (from == LQ_FROM_TARGET)
        watch_header(&c->digests, header);
}

/* How many of BYTES at their end are a header that is not complete. */
static uint32_t incomplete_header(struct connection *c, enum lq_direction from,
                                  const uint8_t *bytes, uint32_t size_bytes)
{
    const struct stream *stream = &c->streams[from];
    for (uint32_t at = 0;;) {
        uint32_t piece = stream->pdu_left < size_bytes - at ? stream->pdu_left : size_bytes - at;
        pass(c, from, bytes + at, piece);
        at += piece;
        if (at == size_bytes || size_bytes - at < head_bytes(c))
            return size_bytes - at;
        begin(c, from, bytes + at);
    }
}

static void put_stream(struct lq_pcapng *pcapng, struct connection *c, const struct lq_tap *tap)
{
    struct stream *stream = &c->streams[tap->direction];
    const uint8_t *bytes = tap->bytes;
    uint32_t size_bytes = tap->size_bytes;
    if (stream->held_bytes > 0) {
        uint32_t missing = head_bytes(c) - stream->held_bytes;
        uint32_t piece = size_bytes < missing ? size_bytes : missing;
        memcpy(stream->held + stream->held_bytes, bytes, piece);
        stream->held_bytes += piece;
        bytes += piece;
        size_bytes -= piece;
        uint32_t complete = head_bytes(c);
        if (stream->held_bytes < complete)
            return;
        stream->held_bytes = 0;
        begin(c, tap->direction, stream->held);
        pass(c, tap->direction, stream->held, complete);
        put_payload(pcapng, c, tap->time_ns, tap->direction, stream->held, complete);
    }
    uint32_t tail = incomplete_header(c, tap->direction, bytes, size_bytes);
    put_payload(pcapng, c, tap->time_ns, tap->direction, bytes, size_bytes - tail);
    if (tail > 0)
        memcpy(stream->held, bytes + (size_bytes - tail), tail);
    stream->held_bytes = tail;
}

/* What was never completed. */
static void put_held(struct lq_pcapng *pcapng, struct connection *c, uint64_t time_ns)
{
    for (int from = LQ_TO_TARGET; from <= LQ_FROM_TARGET; from++) {
        struct stream *stream = &c->streams[from];
        put_payload(pcapng, c, time_ns, (enum lq_direction)from, stream->held, stream->held_bytes);
        stream->held_bytes = 0;
    }
}

/* FIN and its answers, the closing end first; or one RST; or nothing when the peer vanished. */
static void put_close(struct lq_pcapng *pcapng, struct connection *c, uint64_t time_ns,
                      uint32_t how)
{
    put_held(pcapng, c, time_ns);
    say_rest(pcapng, c);
    if (how == LQ_CLOSE_TIMEOUT)
        return;
    if (how == LQ_CLOSE_RESET) {
        put_segment(pcapng, c, time_ns, LQ_TO_TARGET, FLAG_RST | FLAG_ACK, NULL, 0, NULL);
        return;
    }
    enum lq_direction first = how == LQ_CLOSE_BY_TARGET ? LQ_FROM_TARGET : LQ_TO_TARGET;
    enum lq_direction second = how == LQ_CLOSE_BY_TARGET ? LQ_TO_TARGET : LQ_FROM_TARGET;
    put_segment(pcapng, c, time_ns, first, FLAG_FIN | FLAG_ACK, NULL, 0, NULL);
    put_segment(pcapng, c, time_ns, second, FLAG_FIN | FLAG_ACK, NULL, 0, NULL);
    put_segment(pcapng, c, time_ns, first, FLAG_ACK, NULL, 0, NULL);
}

/* --- the sink --------------------------------------------------------------------------------- */

/* So that a capture of a target that runs on can be read. */
static void flush_each_second(struct lq_pcapng *pcapng, uint64_t time_ns)
{
    if (time_ns - pcapng->flushed_ns < UINT64_C(1000000000))
        return;
    pcapng->flushed_ns = time_ns;
    lq_pcapng_flush(pcapng);
}

static void on_event(void *context, const struct lq_event *event)
{
    struct lq_pcapng *pcapng = context;
    if (event->kind == LQ_W_ACCEPT) {
        connection_of(pcapng, event->connection, event->actor, event->time_ns);
    } else if (event->kind == LQ_W_CLOSE) {
        struct connection *c = *place_of(pcapng, event->connection);
        if (c == NULL)
            return;
        put_close(pcapng, c, event->time_ns, event->code);
        forget(pcapng, event->connection);
        flush_each_second(pcapng, event->time_ns);
    } else if (event->kind == LQ_W_FAULT && lq_said_is_of_frames(event)) {
        lq_said_add(&pcapng->of_frames, event);
    } else if (event->kind == LQ_W_FAULT && (event->flags & LQ_F_PDU) != 0) {
        say(*place_of(pcapng, event->connection), event);
    }
}

static void on_tap(void *context, const struct lq_tap *tap)
{
    struct lq_pcapng *pcapng = context;
    struct connection *c = connection_of(pcapng, tap->connection, 0, tap->time_ns);
    if (c == NULL)
        return;
    put_stream(pcapng, c, tap);
    flush_each_second(pcapng, tap->time_ns);
}

/* Frames are Ethernet's already; what became of others before one is said with it. */
static void on_frame(void *context, const struct lq_tap *frame)
{
    struct lq_pcapng *pcapng = context;
    put_packet(pcapng, frame->time_ns, frame->bytes, frame->size_bytes, NULL, 0,
               lq_said_or_null(&pcapng->of_frames));
    pcapng->of_frames.text[0] = '\0';
    flush_each_second(pcapng, frame->time_ns);
}

struct lq_pcapng *lq_pcapng_open(const char *path)
{
    struct lq_pcapng *pcapng = calloc(1, sizeof *pcapng);
    if (pcapng == NULL)
        return NULL;
    pcapng->file = fopen(path, "wbe");
    if (pcapng->file == NULL) {
        int error = errno;
        free(pcapng);
        errno = error;
        return NULL;
    }
    setvbuf(pcapng->file, NULL, _IOFBF, BUFFER_BYTES);
    put_section(pcapng);
    return pcapng;
}

struct lq_history_sink lq_pcapng_begin(struct lq_pcapng *pcapng, const char *name,
                                       const char *comment, uint64_t epoch_ns)
{
    forget_all(pcapng);
    free(pcapng->comment);
    pcapng->comment = NULL;
    if (comment != NULL) {
        size_t size_bytes = strlen(comment) + 1;
        pcapng->comment = malloc(size_bytes);
        if (pcapng->comment != NULL)
            memcpy(pcapng->comment, comment, size_bytes);
    }
    pcapng->epoch_ns = epoch_ns;
    pcapng->flushed_ns = 0;
    pcapng->interface_count++;
    put_interface(pcapng, name);
    return (struct lq_history_sink){
        .event = on_event, .tap = on_tap, .frame = on_frame, .context = pcapng};
}

void lq_pcapng_flush(struct lq_pcapng *pcapng)
{
    if (fflush(pcapng->file) != 0 && pcapng->error == 0)
        pcapng->error = errno;
}

int lq_pcapng_close(struct lq_pcapng *pcapng)
{
    lq_pcapng_flush(pcapng);
    forget_all(pcapng);
    int error = pcapng->error;
    if (fclose(pcapng->file) != 0 && error == 0)
        error = errno;
    free(pcapng->comment);
    free(pcapng);
    return error;
}
