/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint against a fabric and a target made of bytes: discovery, logins from either
 * side, what a target may not send, nonsense. */
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/hash.h"
#include "proto/fc/initiator.h"

enum { OUR_ID = 0x010101, TARGET_ID = 0x010202 };

#define SECOND UINT64_C(1000000000)
#define OUR_NAME UINT64_C(0x2100000000000001)
#define TARGET_NAME UINT64_C(0x5000000000000011)

static _Alignas(64) uint8_t memory[4 << 20];
static struct lq_env env;
static struct lq_fc_initiator *ini;
static struct lq_fc_initiator_event event;
static struct lq_fc_frame got;
static uint8_t got_payload[LQ_FC_PAYLOAD_BYTES_MAX];

static void put(uint8_t *p, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

static uint64_t be(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static void make(void)
{
    struct lq_fc_initiator_config config = lq_fc_initiator_config_default;
    struct lq_arena arena;
    config.port_name = OUR_NAME;
    config.node_name = OUR_NAME + 1;
    lq_arena_init(&arena, memory, sizeof memory);
    env = (struct lq_env){.now_ns = 1000 * SECOND};
    ini = lq_fc_initiator_make(&arena, &config, &env);
    lq_fc_initiator_attach(ini, OUR_ID, 2112);
}

static bool pull(uint8_t r_ctl, uint32_t d_id)
{
    if (!lq_fc_initiator_emit(ini, &got))
        return false;
    CU_ASSERT_EQUAL(got.s_id, OUR_ID);
    CU_ASSERT_FATAL(got.payload_bytes <= sizeof got_payload);
    if (got.payload_bytes != 0)
        memcpy(got_payload, got.payload, got.payload_bytes);
    lq_fc_initiator_sent(ini);
    return got.r_ctl == r_ctl && got.d_id == d_id;
}

static bool silent(void)
{
    return !lq_fc_initiator_emit(ini, &got);
}

static bool next(enum lq_fc_initiator_event_kind kind)
{
    return lq_fc_initiator_next(ini, &event) && event.kind == kind;
}

static bool no_event(void)
{
    return !lq_fc_initiator_next(ini, &event);
}

static void feed(uint8_t r_ctl, uint8_t type, uint32_t s_id, uint32_t f_ctl, uint16_t ox_id,
                 uint16_t rx_id, uint32_t parameter, const uint8_t *payload, uint32_t bytes)
{
    struct lq_fc_frame frame = {.r_ctl = r_ctl,
                                .type = type,
                                .d_id = OUR_ID,
                                .s_id = s_id,
                                .f_ctl = f_ctl,
                                .ox_id = ox_id,
                                .rx_id = rx_id,
                                .parameter = parameter,
                                .payload = payload,
                                .payload_bytes = bytes};
    lq_fc_initiator_feed(ini, &frame);
}

/* The answer to the ELS in hand. */
static void answer_els(const uint8_t *payload, uint32_t bytes)
{
    feed(0x23, 0x01, got.d_id, 0x980000, got.ox_id, 0xffff, 0, payload, bytes);
}

static void login_payload(uint8_t login[116], uint8_t command, uint64_t name)
{
    memset(login, 0, 116);
    login[0] = command;
    put(login + 8, 0x8000, 2);
    put(login + 10, 2048, 2);
    put(login + 20, name, 8);
    put(login + 68, 0x8000, 2);
    put(login + 74, 1024, 2);
    put(login + 76, 1, 2);
}

static void accept_login(uint64_t name)
{
    uint8_t acc[116];
    login_payload(acc, 2, name);
    answer_els(acc, sizeof acc);
}

static void accept_prli(uint32_t parameters)
{
    uint8_t acc[20] = {2, 0x10, 0, 0x14, 8, 0, 0x21};
    put(acc + 16, parameters, 4);
    answer_els(acc, sizeof acc);
}

static void answer_ct(uint16_t command, const uint8_t *more, uint32_t bytes)
{
    uint8_t ct[16 + 64] = {1, 0, 0, 0, 0xfc, 2};
    put(ct + 8, command, 2);
    if (bytes != 0)
        memcpy(ct + 16, more, bytes);
    feed(0x03, 0x20, got.d_id, 0x980000, got.ox_id, 0xffff, 0, ct, 16 + bytes);
}

static bool asks_directory(uint16_t command)
{
    return pull(0x02, 0xfffffc) && got.type == 0x20 && be(got_payload + 8, 2) == command &&
           got_payload[0] == 1 && got_payload[4] == 0xfc && got_payload[5] == 2;
}

static void test_discovery(void)
{
    static const uint8_t scr_acc[4] = {2};
    static const uint8_t ports[48] = {
        [1] = 1, 1, 1, [8] = 0x21, [15] = 1,                /* ourselves */
        [17] = 1, 2, 2, [24] = 0x50, [31] = 0x11,           /* the target */
        [32] = 0x80, 1, 2, 3, [40] = 0x50, [47] = 0x12};
    make();
    CU_ASSERT_TRUE(lq_fc_initiator_discover(ini));
    CU_ASSERT_FALSE(lq_fc_initiator_discover(ini));
    CU_ASSERT_TRUE_FATAL(pull(0x22, 0xfffffc));
    CU_ASSERT(got_payload[0] == 0x03 && be(got_payload + 20, 8) == OUR_NAME);
    CU_ASSERT(got.f_ctl == 0x290000 && got.rx_id == 0xffff);
    accept_login(1);
    CU_ASSERT_TRUE_FATAL(asks_directory(0x0213)); /* RNN_ID */
    CU_ASSERT(be(got_payload + 17, 3) == OUR_ID && be(got_payload + 20, 8) == OUR_NAME + 1);
    answer_ct(0x8002, NULL, 0);
    CU_ASSERT_TRUE_FATAL(asks_directory(0x0217)); /* RFT_ID */
    CU_ASSERT(be(got_payload + 17, 3) == OUR_ID && be(got_payload + 20, 4) == 0x100);
    answer_ct(0x8001, NULL, 0); /* refused: no reason not to go on */
    CU_ASSERT_TRUE_FATAL(asks_directory(0x021f)); /* RFF_ID */
    CU_ASSERT(got_payload[22] == 2 && got_payload[23] == 8);
    answer_ct(0x8002, NULL, 0);
    CU_ASSERT_TRUE_FATAL(pull(0x22, 0xfffffd)); /* SCR */
    CU_ASSERT(got_payload[0] == 0x62 && got_payload[7] == 3);
    answer_els(scr_acc, 4);
    CU_ASSERT_TRUE_FATAL(asks_directory(0x0172)); /* GPN_FT */
    CU_ASSERT_EQUAL(got_payload[19], 8);
    answer_ct(0x8002, ports, sizeof ports);
    CU_ASSERT(next(LQ_FC_I_EVENT_PORT_FOUND) && event.fc_id == TARGET_ID);
    CU_ASSERT_EQUAL(event.port_name, TARGET_NAME);
    CU_ASSERT(next(LQ_FC_I_EVENT_PORT_FOUND) && event.fc_id == 0x010203);
    CU_ASSERT(next(LQ_FC_I_EVENT_DISCOVERED) && event.code == 0);
    static const uint8_t rscn[12] = {0x61, 4, 0, 12, 0, 1, 2, 2, 3};
    feed(0x22, 0x01, 0xfffffd, 0x290000, 7, 0xffff, 0, rscn, sizeof rscn);
    CU_ASSERT_TRUE(pull(0x23, 0xfffffd) && got_payload[0] == 2 && got.ox_id == 7);
    CU_ASSERT(next(LQ_FC_I_EVENT_STATE_CHANGED) && event.fc_id == TARGET_ID && event.code == 0);
    CU_ASSERT(next(LQ_FC_I_EVENT_STATE_CHANGED) && event.code == 3);
    CU_ASSERT_TRUE(lq_fc_initiator_discover(ini)); /* registered already: only the query */
    CU_ASSERT_TRUE_FATAL(asks_directory(0x0172));
    for (int i = 0; i < 2; i++) { /* no answer: again, then failure */
        env.now_ns = lq_fc_initiator_deadline(ini);
        lq_fc_initiator_expire(ini);
        CU_ASSERT_TRUE(asks_directory(0x0172));
    }
    env.now_ns += 20 * SECOND;
    lq_fc_initiator_expire(ini);
    CU_ASSERT(next(LQ_FC_I_EVENT_DISCOVERED) && event.code == LQ_FC_I_TIMEOUT);
    CU_ASSERT_TRUE(silent());
}

static void begin_login(uint64_t name)
{
    struct lq_fc_initiator_login login = {.fc_id = TARGET_ID, .port_name = name};
    CU_ASSERT_TRUE_FATAL(lq_fc_initiator_login(ini, &login));
    CU_ASSERT_TRUE_FATAL(pull(0x22, TARGET_ID) && got_payload[0] == 0x03);
}

static void enter(uint32_t parameters)
{
    begin_login(TARGET_NAME);
    accept_login(TARGET_NAME);
    CU_ASSERT_TRUE_FATAL(pull(0x22, TARGET_ID) && got_payload[0] == 0x20);
    accept_prli(parameters);
    CU_ASSERT_TRUE_FATAL(next(LQ_FC_I_EVENT_LOGGED_IN));
}

static void test_logins(void)
{
    static const uint8_t rjt[8] = {1, 0, 0, 0, 0, 9, 0x29};
    static const uint8_t logo[16] = {5}, prlo[20] = {0x21, 0x10, 0, 0x14, 8};
    make();
    begin_login(TARGET_NAME);
    answer_els(rjt, 8);
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGIN_FAILED) && event.code == 0x0929);
    begin_login(TARGET_NAME);
    accept_login(TARGET_NAME + 1); /* somebody else */
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGIN_FAILED) && event.code == LQ_FC_I_UNFIT);
    begin_login(0);
    accept_login(TARGET_NAME);
    CU_ASSERT_TRUE_FATAL(pull(0x22, TARGET_ID));
    CU_ASSERT(got_payload[0] == 0x20 && be(got_payload + 6, 2) == 0x2000);
    CU_ASSERT_EQUAL(be(got_payload + 16, 4), 0x1a2);
    accept_prli(0x22); /* no target */
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGIN_FAILED) && event.code == LQ_FC_I_UNFIT);
    enter(0x192);
    CU_ASSERT(event.port_name == TARGET_NAME && event.code == 0x192);
    CU_ASSERT_TRUE(lq_fc_initiator_state(ini).retry);
    feed(0x22, 0x01, TARGET_ID, 0x290000, 3, 0xffff, 0, prlo, sizeof prlo);
    CU_ASSERT_TRUE(pull(0x23, TARGET_ID) && got_payload[0] == 2);
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGGED_OUT) && event.code == 0x21);
    enter(0x012);
    CU_ASSERT_FALSE(lq_fc_initiator_state(ini).retry);
    feed(0x22, 0x01, TARGET_ID, 0x290000, 4, 0xffff, 0, logo, sizeof logo);
    CU_ASSERT_TRUE(pull(0x23, TARGET_ID) && got_payload[0] == 2);
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGGED_OUT) && event.code == 0x05);
    CU_ASSERT_FALSE(lq_fc_initiator_logout(ini, 1, false));
    uint8_t plogi[116]; /* the target begins */
    login_payload(plogi, 3, TARGET_NAME);
    feed(0x22, 0x01, TARGET_ID, 0x290000, 5, 0xffff, 0, plogi, sizeof plogi);
    CU_ASSERT_TRUE(pull(0x23, TARGET_ID) && got_payload[0] == 2 && got.payload_bytes == 116);
    struct lq_fc_initiator_login only = {.fc_id = TARGET_ID, .without_plogi = true};
    CU_ASSERT_TRUE(lq_fc_initiator_login(ini, &only));
    CU_ASSERT_TRUE(pull(0x22, TARGET_ID) && got_payload[0] == 0x20);
    accept_prli(0x12);
    CU_ASSERT(next(LQ_FC_I_EVENT_LOGGED_IN) && event.port_name == TARGET_NAME);
    CU_ASSERT(silent() && no_event());
}

static uint16_t start(uint64_t id, bool read, bool write)
{
    static const uint8_t cdb[6] = {0};
    static uint8_t in[1024];
    struct lq_fc_initiator_command command = {.id = id,
                                              .lun = UINT64_C(0x0001000000000000),
                                              .cdb = cdb,
                                              .cdb_bytes = 6,
                                              .attribute = LQ_HEAD_OF_QUEUE,
                                              .priority = 5,
                                              .crn = 9,
                                              .read = read,
                                              .write = write,
                                              .expected_in_bytes = 1024,
                                              .expected_out_bytes = 1024,
                                              .in = in,
                                              .in_bytes = sizeof in};
    CU_ASSERT_TRUE_FATAL(lq_fc_initiator_command(ini, &command));
    CU_ASSERT_TRUE_FATAL(pull(0x06, TARGET_ID));
    CU_ASSERT(next(LQ_FC_I_EVENT_SENT) && event.id == id && event.ox_id == got.ox_id);
    return got.ox_id;
}

static void from_target(uint8_t r_ctl, uint16_t ox_id, uint32_t parameter, const uint8_t *payload,
                        uint32_t bytes)
{
    feed(r_ctl, 0x08, TARGET_ID, 0x880008, ox_id, 0x55, parameter, payload, bytes);
}

static bool error(uint32_t code)
{
    return next(LQ_FC_I_EVENT_PROTOCOL_ERROR) && event.code == code;
}

static void test_errors(void)
{
    static const uint8_t data[600] = {0};
    uint8_t ready[12] = {[6] = 2}, rsp[24] = {0};
    make();
    enter(0x12);
    uint16_t ox_id = start(1, false, true);
    CU_ASSERT(be(got_payload, 8) == UINT64_C(0x0001000000000000) && got_payload[8] == 9);
    CU_ASSERT(got_payload[9] == (5 << 3 | 1) && got_payload[11] == 1);
    CU_ASSERT_EQUAL(be(got_payload + 28, 4), 1024);
    from_target(0x01, ox_id, 0, data, 600);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_DATA_UNASKED));
    from_target(0x05, ox_id, 0, ready, 11);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_FRAME));
    put(ready, 600, 4); /* 512 bytes at 600: beyond the end */
    from_target(0x05, ox_id, 0, ready, 12);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_XFER_RDY));
    put(ready, 0, 4);
    from_target(0x05, ox_id, 0, ready, 12);
    CU_ASSERT(next(LQ_FC_I_EVENT_XFER_RDY) && event.offset == 0 && event.size_bytes == 512);
    put(ready, 512, 4); /* before the first is answered */
    from_target(0x05, ox_id, 0, ready, 12);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_XFER_RDY));
    CU_ASSERT_TRUE(pull(0x01, TARGET_ID) && got.payload_bytes == 512 && got.f_ctl == 0x090008);
    CU_ASSERT(got.rx_id == 0x55 && got.parameter == 0);
    feed(0x07, 0x08, TARGET_ID, 0x990000, ox_id, 0x56, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_EXCHANGE)); /* RX_ID has changed */
    feed(0x07, 0x08, TARGET_ID, 0x090000, ox_id, 0x55, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_F_CTL));
    rsp[10] = 0x0c;
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_RESPONSE));
    rsp[10] = 0;
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT(next(LQ_FC_I_EVENT_COMMAND_DONE) && event.id == 1);
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_EXCHANGE));
    ox_id = start(2, true, false);
    from_target(0x01, ox_id, 600, data, 600);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_OFFSET));
    from_target(0x01, ox_id, 0, data, 600);
    rsp[10] = 0x08;
    put(rsp + 12, 1000, 4); /* says that 24 bytes were sent */
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_RESIDUAL));
    CU_ASSERT(next(LQ_FC_I_EVENT_COMMAND_DONE) && event.id == 2 && event.in_bytes == 600);
    for (uint32_t code = 0; code < LQ_FC_I_ERRORS; code++)
        CU_ASSERT_NOT_EQUAL(*lq_fc_initiator_error_text(code), '?');
    CU_ASSERT_EQUAL(*lq_fc_initiator_error_text(LQ_FC_I_ERRORS), '?');
    CU_ASSERT(silent() && no_event());
}

/* Without RETRY a read of which a part is missing is aborted. */
static void test_failure(void)
{
    static const uint8_t data[600] = {0}, rsp[24] = {0};
    make();
    enter(0x12);
    uint16_t ox_id = start(1, true, false);
    from_target(0x01, ox_id, 0, data, 600);
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT_TRUE_FATAL(pull(0x81, TARGET_ID));
    CU_ASSERT(got.type == 0 && got.ox_id == ox_id && got.rx_id == 0x55 && got.f_ctl == 0x090000);
    from_target(0x01, ox_id, 600, data, 424); /* too late, and no error */
    CU_ASSERT_TRUE(no_event());
    uint8_t acc[12] = {[10] = 0xff, 0xff};
    feed(0x84, 0x00, TARGET_ID, 0x980000, ox_id, 0x55, 0, acc, 12);
    CU_ASSERT(next(LQ_FC_I_EVENT_COMMAND_FAILED) && event.id == 1 && event.code == 0);
    from_target(0x07, ox_id, 0, rsp, 24);
    CU_ASSERT_TRUE(error(LQ_FC_I_ERROR_AFTER_ABORT));
    env.now_ns = lq_fc_initiator_deadline(ini);
    CU_ASSERT_EQUAL(env.now_ns, 1010 * SECOND);
    lq_fc_initiator_expire(ini);
    CU_ASSERT_TRUE(pull(0x22, TARGET_ID) && got_payload[0] == 0x12); /* RRQ */
    CU_ASSERT(be(got_payload + 5, 3) == OUR_ID && be(got_payload + 8, 2) == ox_id);
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).held_ox_ids, 0);
    ox_id = start(2, true, false);
    CU_ASSERT_TRUE(lq_fc_initiator_abort(ini, 3, 2));
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(pull(0x81, TARGET_ID) && got.ox_id == ox_id);
        env.now_ns = lq_fc_initiator_deadline(ini);
        lq_fc_initiator_expire(ini);
    }
    CU_ASSERT(next(LQ_FC_I_EVENT_ABORT_DONE) && event.id == 3 && event.code == 2);
}

static void test_nonsense(void)
{
    static const uint8_t r_ctls[] = {1, 3, 5, 7, 0x22, 0x23, 0x33, 0x84, 0x85};
    static const uint8_t types[] = {0, 1, 8, 8, 0x20};
    uint64_t seed = 7;
    struct lq_digest digest;
    make();
    enter(0x192);
    for (uint32_t round = 0; round < 100000; round++) {
        uint8_t payload[200];
        static const uint8_t cdb[6] = {0x12};
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t x = seed >> 16;
        for (uint32_t i = 0; i < sizeof payload; i++)
            payload[i] = round % 3 == 0 ? (uint8_t)lq_mix(seed, i) : 0;
        payload[0] = (x & 1) != 0 ? 2 : payload[0];
        struct lq_fc_initiator_command command = {
            .id = round + 1, .cdb = cdb, .cdb_bytes = 6, .read = (x & 2) != 0,
            .write = (x & 4) != 0, .expected_in_bytes = 512, .expected_out_bytes = 512};
        (void)lq_fc_initiator_command(ini, &command);
        if (x % 5 == 0)
            lq_fc_initiator_abandon(ini, round - 3);
        if (x % 97 == 0)
            (void)lq_fc_initiator_discover(ini);
        if (!lq_fc_initiator_state(ini).logged_in) {
            struct lq_fc_initiator_login login = {.fc_id = TARGET_ID};
            (void)lq_fc_initiator_login(ini, &login);
        }
        feed(r_ctls[x / 7 % sizeof r_ctls], types[x / 11 % sizeof types],
             (x & 64) != 0 ? TARGET_ID : 0xfffffc,
             (x & 128) != 0 ? 0x980008 : (uint32_t)x & 0xffffff,
             (uint16_t)(x / 13 % 64 + round / 2 % 0xff00), (uint16_t)(x / 17 % 2),
             (uint32_t)(x / 19 % 600), payload, (uint32_t)(x / 23 % sizeof payload));
        while (lq_fc_initiator_emit(ini, &got))
            lq_fc_initiator_sent(ini);
        while (lq_fc_initiator_next(ini, &event))
            CU_ASSERT_FATAL(event.kind > 0 && event.kind < LQ_FC_I_EVENTS);
        env.now_ns += SECOND / 7;
        lq_fc_initiator_expire(ini);
    }
    lq_digest_init(&digest, env.now_ns);
    lq_fc_initiator_digest(ini, &digest);
    CU_ASSERT_NOT_EQUAL(digest.hash, 0);
    lq_fc_initiator_detach(ini);
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).requests, 0);
    CU_ASSERT_TRUE(silent());
}

int main(void)
{
    CU_TestInfo tests[] = {{"discovery", test_discovery}, {"logins", test_logins},
                           {"errors", test_errors},       {"failure", test_failure},
                           {"nonsense", test_nonsense},   CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "initiator", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
