/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec against foreign captures: every PDU that libiscsi and tgt exchanged is decoded and
 * encoded again, and must come out as it was. Arguments: pcap files (classic format, Ethernet,
 * Linux cooked or raw IP, lossless and in order, as on loopback); others are passed over.
 */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/iscsi/keys.h"
#include "proto/iscsi/pdu.h"
#include "proto/iscsi/text.h"

enum { STREAMS = 64, STREAM_BYTES = 1 << 20, FILE_BYTES = 8 << 20, ISCSI_PORT = 3260 };

struct stream {
    uint32_t client_port;
    bool to_target;
    bool used;
    uint32_t first_seq, size_bytes;
    uint8_t bytes[STREAM_BYTES];
};

static struct stream streams[STREAMS];
static uint8_t file[FILE_BYTES];
static char **names;
static int name_count;
static uint32_t pdu_count, pair_count, file_count;
static uint64_t opcodes_seen;

static uint32_t number(const uint8_t *p, uint32_t bytes, bool little)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << (8 * (little ? i : bytes - 1 - i));
    return value;
}

static struct stream *stream_of(uint32_t source, uint32_t destination, uint32_t seq, bool syn)
{
    bool to_target = destination == ISCSI_PORT;
    if (!to_target && source != ISCSI_PORT)
        return NULL;
    uint32_t client = to_target ? source : destination;
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct stream *stream = &streams[i];
        if (stream->used && stream->client_port == client && stream->to_target == to_target)
            return stream;
        if (stream->used)
            continue;
        stream->used = true;
        stream->client_port = client;
        stream->to_target = to_target;
        stream->first_seq = seq + (syn ? 1 : 0);
        stream->size_bytes = 0;
        return stream;
    }
    return NULL;
}

static void take_segment(const uint8_t *ip, uint32_t size)
{
    if (size < 40 || ip[0] >> 4 != 4 || ip[9] != 6)
        return;
    uint32_t header = (uint32_t)(ip[0] & 15) * 4;
    uint32_t total = number(ip + 2, 2, false);
    if (total == 0 || total > size)
        total = size;
    const uint8_t *tcp = ip + header;
    uint32_t tcp_header = (uint32_t)(tcp[12] >> 4) * 4;
    if (header + tcp_header > total)
        return;
    uint32_t seq = number(tcp + 4, 4, false);
    struct stream *stream = stream_of(number(tcp, 2, false), number(tcp + 2, 2, false), seq,
                                      (tcp[13] & 2) != 0);
    uint32_t bytes = total - header - tcp_header;
    if (stream == NULL || bytes == 0)
        return;
    uint32_t offset = seq - stream->first_seq;
    if (offset > stream->size_bytes || offset + bytes > STREAM_BYTES)
        return; /* a gap: what follows it is not looked at */
    memcpy(stream->bytes + offset, tcp + tcp_header, bytes);
    if (offset + bytes > stream->size_bytes)
        stream->size_bytes = offset + bytes;
}

/* False: another format than classic pcap. */
static bool take_file(const char *name)
{
    FILE *input = fopen(name, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(input);
    uint32_t size = (uint32_t)fread(file, 1, sizeof file, input);
    fclose(input);
    CU_ASSERT_FATAL(size > 24 && size < sizeof file);
    bool little = file[0] == 0xd4 || file[0] == 0x4d;
    if (!little && file[0] != 0xa1)
        return false;
    uint32_t link = number(file + 20, 4, little);
    uint32_t skip = link == 1 ? 14 : link == 113 ? 16 : link == 276 ? 20 : 0;
    for (uint32_t at = 24; at + 16 <= size;) {
        uint32_t captured = number(file + at + 8, 4, little);
        if (captured > size - at - 16)
            break;
        if (captured > skip)
            take_segment(file + at + 16 + skip, captured - skip);
        at += 16 + captured;
    }
    return true;
}

static void look_at_text(const uint8_t *bytes, uint32_t size)
{
    struct lq_text_reader reader = {{bytes, size}, 0};
    struct lq_text_pair pair;
    enum lq_text_result result;
    while ((result = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR) {
        pair_count++;
        CU_ASSERT_NOT_EQUAL(lq_key_find(pair.key), LQ_KEYS);
    }
    CU_ASSERT_EQUAL(result, LQ_TEXT_END);
}

/* Field by field what was sent, but for reserved fields, which the RFC lets a sender set to 0. */
static void look_at_pdu(const uint8_t *bhs, const char *name)
{
    struct lq_iscsi_pdu pdu;
    uint8_t again[LQ_BHS_BYTES];
    bool known = lq_iscsi_pdu_decode(&pdu, bhs);
    CU_ASSERT_TRUE(known);
    if (!known)
        return;
    pdu_count++;
    opcodes_seen |= UINT64_C(1) << pdu.opcode;
    memcpy(again, bhs, LQ_BHS_BYTES);
    lq_iscsi_pdu_patch(&pdu, again);
    CU_ASSERT_EQUAL(memcmp(again, bhs, LQ_BHS_BYTES), 0);
    lq_iscsi_pdu_encode(&pdu, again);
    for (int i = 0; i < LQ_BHS_BYTES; i++)
        if (again[i] != bhs[i] && again[i] != 0) {
            printf("%s: opcode %02x byte %d: sent %02x, encoded %02x\n", name, bhs[0], i, bhs[i],
                   again[i]);
            CU_FAIL("a field came out as another");
        }
}

/* Without digests only: with them, PDUs have more parts after login. */
static void look_at_stream(const struct stream *stream, const char *name)
{
    for (uint32_t at = 0; at + LQ_BHS_BYTES <= stream->size_bytes;) {
        const uint8_t *bhs = stream->bytes + at;
        uint32_t data = lq_iscsi_bhs_data_bytes(bhs);
        uint32_t head = LQ_BHS_BYTES + lq_iscsi_bhs_ahs_bytes(bhs);
        if (head + data > stream->size_bytes - at)
            return; /* cut off */
        look_at_pdu(bhs, name);
        uint8_t opcode = bhs[0] & 0x3f;
        if (opcode == LQ_OP_LOGIN_REQUEST || opcode == LQ_OP_LOGIN_RESPONSE ||
            opcode == LQ_OP_TEXT_REQUEST || opcode == LQ_OP_TEXT_RESPONSE)
            look_at_text(bhs + head, data);
        at += head + data + lq_iscsi_pad_bytes(data);
    }
}

static void test_captures(void)
{
    for (int i = 0; i < name_count; i++) {
        memset(streams, 0, sizeof streams);
        if (strstr(names[i], "digest") != NULL || !take_file(names[i]))
            continue;
        uint32_t before = pdu_count;
        for (uint32_t s = 0; s < STREAMS && streams[s].used; s++)
            look_at_stream(&streams[s], names[i]);
        CU_ASSERT(pdu_count > before);
        file_count++;
    }
    CU_ASSERT(file_count > 0 && pair_count > 0);
    printf("%u PDUs and %u pairs of %u files, opcodes %016llx ", (unsigned)pdu_count,
           (unsigned)pair_count, (unsigned)file_count, (unsigned long long)opcodes_seen);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"captures", test_captures},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"codec: captures", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    names = argv + 1;
    name_count = argc - 1;
    return lq_unit_run(suites);
}
