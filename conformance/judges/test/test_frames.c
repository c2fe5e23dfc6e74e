/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of Fibre Channel, legal and illegal. Frames are laid out here byte by byte from FC-BB-6
 * 7.7, FC-FS-4 9 and FCP-4 9. */
#include <string.h>

#include "conformance/judges/test/story.h"
#include "core/base/bytes.h"

enum { HOST = 0x010002, DISK = 0x010001, LENGTH = 64 };
enum { RESPONDER = 0x800000, LAST = 0x100000, END = 0x080000, INITIATIVE = 0x010000, OFFSET = 8 };
#define PORT_NAME UINT64_C(0x2000000000000011)

struct frame {
    uint8_t r_ctl, type, seq_id;
    uint16_t ox_id, rx_id, seq_cnt;
    uint32_t f_ctl, parameter;
    const uint8_t *payload;
    uint32_t payload_bytes;
    uint8_t sof, eof; /* 0: as F_CTL and SEQ_CNT have it */
    bool is_damaged;
    uint32_t host, disk; /* N_Port identifiers other than HOST and DISK; 0 */
};

static uint32_t crc(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t rest = UINT32_MAX;
    for (uint32_t i = 0; i < 8 * size_bytes; i++) {
        uint32_t bit = (uint32_t)bytes[i / 8] >> i % 8 & 1;
        rest = ((rest ^ bit) & 1) != 0 ? rest >> 1 ^ UINT32_C(0xedb88320) : rest >> 1;
    }
    return ~rest;
}

static void put(enum lq_direction direction, struct frame f)
{
    uint8_t bytes[2200] = {0}, *fc = bytes + 28;
    bool to_target = direction == LQ_TO_TARGET;
    uint32_t host = f.host != 0 ? f.host : HOST, disk = f.disk != 0 ? f.disk : DISK;
    lq_put_be48(bytes, UINT64_C(0x0efc00000000) | (to_target ? disk : host));
    lq_put_be48(bytes + 6, UINT64_C(0x0efc00000000) | (to_target ? host : disk));
    lq_put_be16(bytes + 12, 0x8906);
    bytes[27] = f.sof != 0 ? f.sof : f.seq_cnt == 0 ? 0x2e : 0x36;
    fc[0] = f.r_ctl;
    lq_put_be24(fc + 1, to_target ? disk : host);
    lq_put_be24(fc + 5, to_target ? host : disk);
    fc[8] = f.type;
    lq_put_be24(fc + 9, f.f_ctl);
    fc[12] = f.seq_id;
    lq_put_be16(fc + 14, f.seq_cnt);
    lq_put_be16(fc + 16, f.ox_id);
    lq_put_be16(fc + 18, f.rx_id);
    lq_put_be32(fc + 20, f.parameter);
    if (f.payload != NULL)
        memcpy(fc + 24, f.payload, f.payload_bytes);
    uint32_t at = 28 + 24 + f.payload_bytes, value = crc(fc, 24 + f.payload_bytes);
    for (uint32_t i = 0; i < 4; i++)
        bytes[at + i] = (uint8_t)(value >> 8 * i);
    bytes[at + 4] = f.eof != 0 ? f.eof : (f.f_ctl & END) != 0 ? 0x42 : 0x41;
    fc[23] ^= f.is_damaged;
    story_frame(direction, bytes, at + 8);
}

#define TO_DISK(...) put(LQ_TO_TARGET, (struct frame){__VA_ARGS__})
#define TO_HOST(...) put(LQ_FROM_TARGET, (struct frame){__VA_ARGS__})

/* --- link services ---------------------------------------------------------------------------- */

static void ask(uint8_t command, uint16_t ox_id)
{
    uint8_t payload[116] = {command};
    lq_put_be64(payload + 20, PORT_NAME);
    TO_DISK(.r_ctl = 0x22, .type = 1, .ox_id = ox_id, .rx_id = 0xffff,
            .f_ctl = 0x200000 | END | INITIATIVE, .payload = payload, .payload_bytes = 116);
}

static void accept(uint16_t ox_id)
{
    static const uint8_t payload[116] = {0x02};
    TO_HOST(.r_ctl = 0x23, .type = 1, .ox_id = ox_id, .rx_id = 1, .f_ctl = RESPONDER | LAST | END,
            .payload = payload, .payload_bytes = 116);
}

static void begin(void)
{
    story_begin();
    ask(0x03, 1);
    accept(1);
    ask(0x20, 2);
    accept(2);
}

/* --- information units ------------------------------------------------------------------------ */

enum { NOTHING, READ = 2, WRITE = 1 };

static void command(uint16_t ox_id, uint8_t direction, uint8_t tm_flags)
{
    uint8_t payload[32] = {[10] = tm_flags, [11] = direction, [12] = 0x28};
    lq_put_be32(payload + 28, direction == NOTHING ? 0 : LENGTH);
    TO_DISK(.r_ctl = 0x06, .type = 8, .ox_id = ox_id, .rx_id = 0xffff,
            .f_ctl = 0x200000 | END | INITIATIVE, .payload = payload, .payload_bytes = 32);
}

static const uint8_t zeros[LENGTH];

/* Data from AT to END, frame COUNT of its sequence. */
static void data_in(uint16_t ox_id, uint32_t at, uint32_t end, uint16_t count, bool is_last)
{
    TO_HOST(.r_ctl = 0x01, .type = 8, .seq_id = 1, .ox_id = ox_id, .rx_id = 7, .seq_cnt = count,
            .f_ctl = RESPONDER | OFFSET | (is_last ? END : 0U), .parameter = at,
            .payload = zeros, .payload_bytes = end - at);
}

static void data_out(uint16_t ox_id, uint32_t at, uint32_t end)
{
    TO_DISK(.r_ctl = 0x01, .type = 8, .ox_id = ox_id, .rx_id = 7,
            .f_ctl = OFFSET | END | INITIATIVE, .parameter = at,
            .payload = zeros, .payload_bytes = end - at);
}

static void ready(uint16_t ox_id, uint32_t at, uint32_t end)
{
    uint8_t payload[12] = {0};
    lq_put_be32(payload, at);
    lq_put_be32(payload + 4, end - at);
    TO_HOST(.r_ctl = 0x05, .type = 8, .seq_id = 2, .ox_id = ox_id, .rx_id = 7,
            .f_ctl = RESPONDER | END | INITIATIVE, .payload = payload, .payload_bytes = 12);
}

/* FLAGS: 4 over, 8 under. */
static void response(uint16_t ox_id, uint8_t flags, uint32_t residual, uint16_t rx_id)
{
    uint8_t payload[24] = {[10] = flags};
    lq_put_be32(payload + 12, residual);
    TO_HOST(.r_ctl = 0x07, .type = 8, .seq_id = 3, .ox_id = ox_id, .rx_id = rx_id,
            .f_ctl = RESPONDER | LAST | END, .payload = payload, .payload_bytes = 24);
}

static void abort_exchange(uint16_t ox_id)
{
    TO_DISK(.r_ctl = 0x81, .type = 0, .ox_id = ox_id, .rx_id = 0xffff, .f_ctl = END | INITIATIVE);
}

static void abort_accepted(uint16_t ox_id)
{
    static const uint8_t payload[12] = {0};
    TO_HOST(.r_ctl = 0x84, .type = 0, .ox_id = ox_id, .rx_id = 7, .f_ctl = RESPONDER | LAST | END,
            .payload = payload, .payload_bytes = 12);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_legal(void)
{
    begin();
    command(1, READ, 0);
    data_in(1, 0, 24, 0, false);
    data_in(1, 24, 48, 1, true);
    response(1, 8, 16, 7);
    command(2, WRITE, 0);
    ready(2, 0, 40);
    data_out(2, 0, 40);
    ready(2, 40, 64);
    data_out(2, 40, 64);
    response(2, 0, 0, 7);
    command(3, NOTHING, 0);
    response(3, 0, 0, 8);
    command(4, READ, 0);
    abort_exchange(4);
    abort_accepted(4);
    ask(0x05, 3);
    accept(3);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("FRAME-8") == 1);
    CU_ASSERT(story_exercised("FRAME-11") == 3);
}

static void test_form(void)
{
    begin();
    command(1, NOTHING, 0);
    TO_HOST(.r_ctl = 0x01, .type = 8, .ox_id = 1, .rx_id = 7, .f_ctl = RESPONDER | END,
            .is_damaged = true);
    CU_ASSERT(story_breaks("FRAME-1"));
    begin();
    command(1, READ, 0);
    TO_HOST(.r_ctl = 0x01, .type = 8, .seq_id = 1, .ox_id = 1, .rx_id = 7, .eof = 0x41,
            .f_ctl = RESPONDER | OFFSET | END, .payload = zeros, .payload_bytes = LENGTH);
    CU_ASSERT(story_breaks("FRAME-1"));
}

static void test_exchange(void)
{
    begin();
    response(9, 0, 0, 7);
    CU_ASSERT(story_breaks("FRAME-2"));
    begin();
    command(1, READ, 0);
    data_in(1, 0, LENGTH, 0, true);
    response(1, 0, 0, 8);
    CU_ASSERT(story_breaks("FRAME-2"));
}

static void test_count(void)
{
    begin();
    command(1, READ, 0);
    data_in(1, 0, 32, 0, false);
    data_in(1, 32, 64, 2, true);
    CU_ASSERT(story_breaks("FRAME-3"));
    begin();
    command(1, READ, 0);
    data_in(1, 0, 32, 0, false);
    response(1, 8, 32, 7);
    CU_ASSERT(story_breaks("FRAME-3"));
}

static void test_data(void)
{
    begin();
    command(1, READ, 0);
    data_in(1, 0, 32, 0, false);
    data_in(1, 40, 64, 1, true);
    CU_ASSERT(story_breaks("FRAME-4"));
    begin();
    command(1, WRITE, 0);
    data_in(1, 0, 32, 0, true);
    CU_ASSERT(story_breaks("FRAME-4"));
}

static void test_ready(void)
{
    begin();
    command(1, WRITE, 0);
    ready(1, 0, 32);
    ready(1, 32, 64);
    CU_ASSERT(story_breaks("FRAME-5"));
    begin();
    command(1, WRITE, 0);
    ready(1, 0, 65);
    CU_ASSERT(story_breaks("FRAME-5"));
    begin();
    command(1, READ, 0);
    ready(1, 0, 32);
    CU_ASSERT(story_breaks("FRAME-5"));
}

static void test_response(void)
{
    begin();
    command(1, NOTHING, 0);
    response(1, 0, 0, 7);
    response(1, 0, 0, 7);
    CU_ASSERT(story_breaks("FRAME-6"));
    begin();
    command(1, READ, 0);
    response(1, 8, LENGTH, 7);
    data_in(1, 0, LENGTH, 0, true);
    CU_ASSERT(story_breaks("FRAME-6"));
}

static void test_silence(void)
{
    begin();
    command(1, READ, 0);
    abort_exchange(1);
    abort_accepted(1);
    data_in(1, 0, LENGTH, 0, true);
    CU_ASSERT(story_breaks("FRAME-7"));
    begin();
    command(1, READ, 0);
    command(2, NOTHING, 0x10); /* LOGICAL UNIT RESET */
    response(2, 0, 0, 8);
    response(1, 8, LENGTH, 7);
    CU_ASSERT(story_breaks("FRAME-7"));
    begin();
    command(1, READ, 0);
    ask(0x05, 3);
    accept(3);
    response(1, 8, LENGTH, 7);
    CU_ASSERT(story_breaks("FRAME-7"));
}

static void test_abort(void)
{
    uint8_t id[24] = {0};
    lq_put_be64(id + 8, PORT_NAME);
    uint64_t nexus = lq_nexus_hash(id, sizeof id, 1);
    for (int is_quiet = 0; is_quiet < 2; is_quiet++) {
        begin();
        EV(LQ_E_NEXUS_ESTABLISHED, .nexus = nexus, .stamp = 1);
        command(5, READ, 0);
        EV(LQ_E_RECEIVED, .nexus = nexus, .tag = 5, .serial = 1, .detail = 0x28);
        EV(LQ_E_ENTERED, .nexus = nexus, .tag = 5, .serial = 1);
        abort_exchange(5);
        if (is_quiet) {
            EV(LQ_E_ENDED, .nexus = nexus, .tag = 5, .serial = 1, .flags = LQ_F_ABORTED,
               .code = LQ_TRIGGER_ABORT_TASK);
            EV(LQ_E_FREED, .nexus = nexus, .tag = 5, .serial = 1);
        }
        abort_accepted(5);
        (void)story_violations(); /* of the rest of its engine's life it tells nothing */
        CU_ASSERT(story_violations_of("FRAME-8") == (is_quiet ? 0 : 1));
    }
}

static void test_residual(void)
{
    begin();
    command(1, READ, 0);
    data_in(1, 0, 32, 0, true);
    response(1, 0, 0, 7);
    CU_ASSERT(story_breaks("FRAME-9"));
    begin();
    command(1, WRITE, 0);
    ready(1, 0, LENGTH);
    data_out(1, 0, 32);
    response(1, 0, 0, 7);
    CU_ASSERT(story_breaks("FRAME-9"));
}

static void test_login(void)
{
    story_begin();
    ask(0x03, 1);
    accept(1);
    command(1, NOTHING, 0);
    response(1, 0, 0, 7);
    CU_ASSERT(story_breaks("FRAME-10"));
}

static void test_services(void)
{
    begin();
    accept(2);
    CU_ASSERT(story_breaks("FRAME-11"));
    begin();
    accept(77);
    CU_ASSERT(story_breaks("FRAME-11"));
}

static void test_recovery(void)
{
    for (uint32_t from = 0; from <= 24; from += 24) {
        uint8_t payload[16] = {0x14, [5] = 1, [7] = 7, [12] = 0x01};
        begin();
        command(1, READ, 0);
        data_in(1, 0, 24, 0, false);
        data_in(1, 24, 64, 1, true);
        response(1, 0, 0, 7);
        lq_put_be32(payload + 8, 24);
        TO_DISK(.r_ctl = 0x32, .type = 8, .ox_id = 9, .rx_id = 0xffff,
                .f_ctl = 0x200000 | END | INITIATIVE, .payload = payload, .payload_bytes = 16);
        TO_HOST(.r_ctl = 0x33, .type = 8, .ox_id = 9, .rx_id = 1, .f_ctl = RESPONDER | LAST | END,
                .payload = (const uint8_t[]){2, 0, 0, 0}, .payload_bytes = 4);
        data_in(1, from, 64, 0, true);
        response(1, 0, 0, 7);
        CU_ASSERT(from == 24 ? story_is_legal() : story_breaks("FRAME-12"));
    }
}

/* An SRR for FCP_RSP is accepted; what it asked for comes, or the initiator asks once more. */
static void test_promise(void)
{
    for (int sends = 0; sends < 2; sends++) {
        uint8_t payload[16] = {0x14, [5] = 1, [7] = 7, [12] = 0x07};
        begin();
        command(1, NOTHING, 0);
        response(1, 0, 0, 7);
        for (uint16_t ox_id = 9; ox_id < 11; ox_id++) {
            TO_DISK(.r_ctl = 0x32, .type = 8, .ox_id = ox_id, .rx_id = 0xffff,
                    .f_ctl = 0x200000 | END | INITIATIVE, .payload = payload, .payload_bytes = 16);
            TO_HOST(.r_ctl = 0x33, .type = 8, .ox_id = ox_id, .rx_id = 1,
                    .f_ctl = RESPONDER | LAST | END, .payload = (const uint8_t[]){2, 0, 0, 0},
                    .payload_bytes = 4);
            if (sends)
                response(1, 0, 0, 7);
            story_pass(SECONDS(1));
        }
        CU_ASSERT(sends ? story_is_legal() : story_breaks("FRAME-14"));
    }
}

/* RX_ID 7 is that of an aborted exchange. */
static void test_identity(void)
{
    for (int rests = 0; rests < 2; rests++) {
        begin();
        command(1, WRITE, 0);
        ready(1, 0, LENGTH);
        abort_exchange(1);
        abort_accepted(1);
        if (rests)
            story_pass(SECONDS(2));
        command(2, WRITE, 0);
        ready(2, 0, LENGTH);
        CU_ASSERT(rests ? story_is_legal() : story_breaks("FRAME-15"));
    }
}

/* A write ends with a unit attention, and its data is there all the same. A late copy of its
 * FCP_CMND, when the OX_ID may be used again, explains that; one that comes early doesn't. */
static void test_late_copy(void)
{
    enum { NEVER, EARLY, LATE };
    uint8_t id[24] = {0};
    lq_put_be64(id + 8, PORT_NAME);
    struct story_command write = {.actor = 1, .nexus = lq_nexus_hash(id, sizeof id, 1),
                                  .serial = 5, .opcode = 0x2a, .nblocks = 1, .content = 77};
    struct story_command read = write;
    read.serial = 6;
    read.opcode = 0x28;
    for (int copied = NEVER; copied <= LATE; copied++) {
        begin();
        EV(LQ_E_NEXUS_ESTABLISHED, .nexus = write.nexus, .stamp = 1);
        story_send(&write);
        command(5, WRITE, 0);
        story_arrive(&write);
        if (copied == EARLY)
            EV(LQ_E_RECEIVED, .nexus = write.nexus, .tag = 5, .serial = 50);
        story_engine_ends(&write, 0x02, 0x062900);
        story_status(&write, 0x02, 0x062900, 0);
        story_free(&write);
        if (copied == LATE)
            EV(LQ_E_RECEIVED, .nexus = write.nexus, .tag = 5, .serial = 50);
        story_send(&read);
        story_status(&read, 0, 0, 77);
        (void)story_violations(); /* of the rest of its engine's life it tells nothing */
        CU_ASSERT_EQUAL(story_violations_of("DATA-3"), copied == LATE ? 0 : 1);
    }
}

/* --- the fabric ------------------------------------------------------------------------------- */

enum { OTHER = 0x010003, CONTROLLER = 0xfffffd, DIRECTORY = 0xfffffc };

static void ask_for_notices(void)
{
    TO_DISK(.r_ctl = 0x22, .type = 1, .ox_id = 20, .rx_id = 0xffff, .disk = CONTROLLER,
            .f_ctl = 0x200000 | END | INITIATIVE, .payload = (const uint8_t[]){0x62, [7] = 3},
            .payload_bytes = 8);
    TO_HOST(.r_ctl = 0x23, .type = 1, .ox_id = 20, .rx_id = 1, .disk = CONTROLLER,
            .f_ctl = RESPONDER | LAST | END, .payload = (const uint8_t[]){2, 0, 0, 0},
            .payload_bytes = 4);
}

/* RFT_ID and its accept [FC-GS-7]. */
static void other_registers(void)
{
    static const uint8_t request[52] = {1, [4] = 0xfc, 2, [8] = 0x02, 0x17, [17] = 1, 0, 3};
    static const uint8_t reply[16] = {1, [4] = 0xfc, 2, [8] = 0x80, 0x02};
    TO_DISK(.r_ctl = 0x02, .type = 0x20, .ox_id = 30, .rx_id = 0xffff, .host = OTHER,
            .disk = DIRECTORY, .f_ctl = 0x200000 | END | INITIATIVE, .payload = request,
            .payload_bytes = sizeof request);
    TO_HOST(.r_ctl = 0x03, .type = 0x20, .ox_id = 30, .rx_id = 1, .host = OTHER,
            .disk = DIRECTORY, .f_ctl = RESPONDER | LAST | END, .payload = reply,
            .payload_bytes = sizeof reply);
}

static void tell_of(uint8_t last_byte)
{
    const uint8_t payload[8] = {0x61, 4, 0, 8, 0, 1, 0, last_byte};
    TO_HOST(.r_ctl = 0x22, .type = 1, .ox_id = 40, .rx_id = 0xffff, .disk = CONTROLLER,
            .f_ctl = 0x200000 | END | INITIATIVE, .payload = payload, .payload_bytes = 8);
    TO_DISK(.r_ctl = 0x23, .type = 1, .ox_id = 40, .rx_id = 1, .disk = CONTROLLER,
            .f_ctl = RESPONDER | LAST | END, .payload = (const uint8_t[]){2, 0, 0, 0},
            .payload_bytes = 4);
}

/* Told of OTHER (3), or of somebody else; or nobody asked to be told. */
static void test_notices(void)
{
    for (uint8_t told = 3; told < 6; told++) {
        begin();
        if (told != 5)
            ask_for_notices();
        other_registers();
        if (told != 5)
            tell_of(told);
        story_pass(SECONDS(10));
        command(1, NOTHING, 0);
        response(1, 0, 0, 7);
        CU_ASSERT(told != 4 ? story_is_legal() : story_breaks("FRAME-13"));
    }
}

/* A frame of FIP from the fabric: OPERATION, subcode 2, and one descriptor [FC-BB-6 7.8]. */
static void fip(uint16_t operation, const uint8_t *descriptor, uint32_t descriptor_bytes)
{
    uint8_t bytes[128] = {[12] = 0x89, 0x14, 0x10, [19] = 2};
    lq_put_be16(bytes + 16, operation);
    lq_put_be16(bytes + 20, (uint16_t)(descriptor_bytes / 4));
    memcpy(bytes + 24, descriptor, descriptor_bytes);
    story_frame(LQ_FROM_TARGET, bytes, 24 + descriptor_bytes);
}

/* FLOGI of FC_ID is accepted (2) or rejected (1). */
static void login_reply(uint32_t fc_id, uint8_t command)
{
    uint8_t flogi[36] = {7, 9, [4] = 0x23, [28] = command};
    lq_put_be24(flogi + 5, fc_id);
    fip(2, flogi, sizeof flogi);
}

static void clear_link(uint32_t fc_id)
{
    uint8_t vn_port[20] = {11, 5};
    lq_put_be24(vn_port + 9, fc_id);
    fip(3, vn_port, sizeof vn_port);
}

/* Who asks to be told, and a login that ends, or somebody else's: only its own ends what it asked
 * for. */
static void test_notices_end(void)
{
    static const uint8_t nobody[8] = {2, 2}; /* a MAC address: all links */
    for (uint32_t what = 0; what < 6; what++) {
        begin();
        ask_for_notices();
        if (what < 3)
            login_reply(what == 0 ? HOST : OTHER, what == 2 ? 1 : 2);
        else if (what < 5)
            clear_link(what == 3 ? HOST : OTHER);
        else
            fip(3, nobody, sizeof nobody);
        other_registers();
        story_pass(SECONDS(10));
        command(1, NOTHING, 0);
        response(1, 0, 0, 7);
        CU_ASSERT(what == 0 || what == 3 || what == 5 ? story_is_legal()
                                                      : story_breaks("FRAME-13"));
    }
}

/* An N_Port that is registered and says so again: no change, whoever else logs in between; anew
 * after its own login. */
static void test_notices_again(void)
{
    for (uint32_t who = HOST; who <= OTHER + 1; who++) {
        begin();
        other_registers();
        login_reply(who, 2);
        ask_for_notices();
        other_registers();
        story_pass(SECONDS(10));
        command(1, NOTHING, 0);
        response(1, 0, 0, 7);
        CU_ASSERT(who != OTHER ? story_is_legal() : story_breaks("FRAME-13"));
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"legal", test_legal},
        {"form", test_form},
        {"exchange", test_exchange},
        {"count", test_count},
        {"data", test_data},
        {"transfer ready", test_ready},
        {"response", test_response},
        {"silence", test_silence},
        {"abort", test_abort},
        {"residual", test_residual},
        {"login", test_login},
        {"link services", test_services},
        {"recovery", test_recovery},
        {"promise", test_promise},
        {"identity", test_identity},
        {"late copy", test_late_copy},
        {"notices", test_notices},
        {"notices end", test_notices_end},
        {"notices again", test_notices_again},
        CU_TEST_INFO_NULL,
    };
    return story_main("frames", tests);
}
