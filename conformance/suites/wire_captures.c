/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign captures through the reader and the judges: every iSCSI connection of a pcap file is put
 * together from its TCP segments, and each judge that needs only the wire looks at it.
 *
 *     captures FILE...
 *
 * Exit 0: every byte belongs to a whole PDU and every opcode is one of RFC 7143's. What the judges
 * find is printed; it is a finding about the target that was captured.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/judges/judge.h"
#include "conformance/wire/reader.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/test/heap_allocator.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

enum { STREAMS_MAX = 512, ISCSI_PORT = 3260 };

struct stream {
    uint32_t client_port;
    uint32_t next[2]; /* TCP sequence number by direction */
    bool is_known[2];
    uint64_t opcodes[64];
};

static struct stream streams[STREAMS_MAX];
static uint32_t stream_count;
static uint32_t lost_segments;

static uint32_t stream_of(uint32_t client_port, bool is_new)
{
    for (uint32_t i = stream_count; i > 0 && !is_new; i--)
        if (streams[i - 1].client_port == client_port)
            return i;
    if (stream_count == STREAMS_MAX)
        return 0;
    streams[stream_count++] = (struct stream){.client_port = client_port};
    return stream_count;
}

/* One TCP segment; the captures are of the loopback device: in order, repeats possible. */
static void take_segment(struct lq_history *history, uint64_t time_ns, const uint8_t *tcp,
                         uint32_t size_bytes)
{
    if (size_bytes < 20)
        return;
    uint32_t source = lq_get_be16(tcp), target = lq_get_be16(tcp + 2);
    uint32_t sequence = lq_get_be32(tcp + 4), header = (uint32_t)(tcp[12] >> 4) * 4;
    if ((source != ISCSI_PORT && target != ISCSI_PORT) || header > size_bytes)
        return;
    enum lq_direction direction = target == ISCSI_PORT ? LQ_TO_TARGET : LQ_FROM_TARGET;
    bool is_syn = (tcp[13] & 2) != 0;
    uint32_t number = stream_of(direction == LQ_TO_TARGET ? source : target,
                                is_syn && direction == LQ_TO_TARGET);
    if (number == 0)
        return;
    struct stream *stream = &streams[number - 1];
    if (is_syn) {
        stream->next[direction] = sequence + 1;
        stream->is_known[direction] = true;
        return;
    }
    const uint8_t *data = tcp + header;
    uint32_t data_bytes = size_bytes - header;
    if (!stream->is_known[direction] || data_bytes == 0)
        return;
    int32_t ahead = (int32_t)(sequence - stream->next[direction]);
    if (ahead > 0)
        lost_segments++;
    if (ahead > 0 || (uint32_t)-ahead >= data_bytes)
        return;
    data += -ahead;
    data_bytes -= (uint32_t)-ahead;
    stream->next[direction] += data_bytes;
    lq_history_tap(history, time_ns, number, direction, data, data_bytes);
}

static void take_packet(struct lq_history *history, int link, uint64_t time_ns,
                        const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t at = link == DLT_EN10MB ? 14 : link == DLT_LINUX_SLL ? 16 : link == DLT_RAW ? 0 : 4;
    if (size_bytes < at + 20 || bytes[at] >> 4 != 4 || bytes[at + 9] != 6)
        return;
    uint32_t header = (uint32_t)(bytes[at] & 15) * 4, total = lq_get_be16(bytes + at + 2);
    if (total < header || at + total > size_bytes)
        return;
    take_segment(history, time_ns, bytes + at + header, total - header);
}

/* Its own readers beside the judges', to see that nothing is left over. */
struct check {
    struct lq_wire_crc crc;
    struct lq_wire_reader readers[STREAMS_MAX][2];
    uint64_t pdus, unknown, digested, broken;
};

static bool is_opcode(uint32_t opcode, bool to_target)
{
    static const uint8_t known[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x20, 0x21,
                                    0x22, 0x23, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f};
    for (size_t i = 0; i < sizeof known; i++)
        if (known[i] == opcode)
            return (opcode < 0x20) == to_target;
    return false;
}

static void check_tap(void *context, const struct lq_tap *tap)
{
    struct check *check = context;
    struct lq_wire_reader *reader = &check->readers[tap->connection - 1][tap->direction];
    for (uint32_t at = 0; at < tap->size_bytes;) {
        bool complete;
        at += lq_wire_take(reader, tap->bytes + at, tap->size_bytes - at, &complete);
        if (!complete)
            continue;
        uint32_t opcode = lq_wire_opcode_of(reader->header);
        check->pdus++;
        check->unknown += !is_opcode(opcode, tap->direction == LQ_TO_TARGET);
        check->digested += reader->header_digest;
        check->broken += reader->header_broken;
        /* A login response that ends the login by what it says of digests, roughly. */
        if (opcode == LQ_WIRE_LOGIN_RESPONSE && lq_wire_next_stage(reader->header) == 3) {
            bool digest = false;
            for (uint32_t i = 0; i + 19 <= reader->kept_bytes; i++)
                digest = digest || memcmp(reader->data + i, "HeaderDigest=CRC32C", 19) == 0;
            check->readers[tap->connection - 1][0].header_digest = digest;
            check->readers[tap->connection - 1][1].header_digest = digest;
        }
    }
}

static void print_findings(const struct lq_judge *judge)
{
    const struct lq_finding *finding;
    for (uint32_t i = 0; (finding = lq_judge_finding(judge, i)) != NULL; i++)
        printf("    %s: %s\n", lq_property_table[finding->property].id, finding->text);
}

static bool run(const char *file, struct lq_judge *judge, struct check *check)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(file, error);
    if (pcap == NULL) {
        fprintf(stderr, "%s: %s\n", file, error);
        return false;
    }
    struct lq_history history;
    lq_history_init(&history);
    lq_history_attach(&history, lq_judge_sink(judge));
    lq_history_attach(&history, (struct lq_history_sink){.tap = check_tap, .context = check});
    stream_count = lost_segments = 0;
    check->pdus = check->unknown = check->digested = check->broken = 0;
    lq_wire_crc_init(&check->crc);
    for (uint32_t i = 0; i < STREAMS_MAX; i++)
        for (uint32_t d = 0; d < 2; d++)
            lq_wire_reader_init(&check->readers[i][d], &check->crc);
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    while (pcap_next_ex(pcap, &header, &bytes) == 1)
        take_packet(&history, pcap_datalink(pcap),
                    (uint64_t)header->ts.tv_sec * 1000000000 +
                        (uint64_t)header->ts.tv_usec * 1000,
                    bytes, header->caplen);
    pcap_close(pcap);
    lq_judge_finish(judge);
    uint32_t inside = 0;
    for (uint32_t i = 0; i < stream_count; i++)
        for (uint32_t d = 0; d < 2; d++)
            inside += lq_wire_is_inside(&check->readers[i][d]);
    printf("%s: %" PRIu32 " connections, %" PRIu64 " PDUs, %" PRIu64 " header digests, %" PRIu64
           " of them wrong, %" PRIu32 " cut off, %" PRIu64 " of no opcode, %" PRIu32
           " segments missing, %" PRIu64 " findings\n",
           file, stream_count, check->pdus, check->digested, check->broken, inside, check->unknown,
           lost_segments, lq_judge_violations(judge));
    print_findings(judge);
    lq_judge_reset(judge);
    return check->pdus > 0 && inside == 0 && check->unknown == 0 && check->broken == 0 &&
           lost_segments == 0;
}

int main(int argc, char **argv)
{
    struct check *check = calloc(1, sizeof *check);
    struct lq_judge *judge = lq_judge_make(lq_heap_allocator());
    bool is_fine = check != NULL && argc > 1;
    for (int i = 1; i < argc && check != NULL; i++)
        is_fine = run(argv[i], judge, check) && is_fine;
    lq_judge_free(judge);
    free(check);
    return is_fine ? 0 : 1;
}
