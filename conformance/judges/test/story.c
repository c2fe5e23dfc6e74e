/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/judges/property.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/test/heap_allocator.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

static struct {
    struct lq_judge *judge;
    struct lq_history history;
    uint64_t now_ns;
    uint64_t stamp; /* of the next command or function of any nexus */
    uint32_t stat_sn[16];
    uint32_t cmd_sn[16];
    bool finished;
} story;

static void finish_story(void)
{
    if (story.judge != NULL && !story.finished)
        lq_judge_finish(story.judge);
    story.finished = true;
}

void story_at_once(struct lq_event event)
{
    event.time_ns = story.now_ns;
    lq_history_add(&story.history, &event);
}

void story_add(struct lq_event event)
{
    story.now_ns += 1000;
    story_at_once(event);
}

void story_pass(uint64_t duration_ns)
{
    story.now_ns += duration_ns;
}

void story_begin(void)
{
    if (story.judge == NULL)
        story.judge = lq_judge_make(lq_heap_allocator());
    else
        lq_judge_reset(story.judge);
    story.finished = false;
    story.now_ns = 0;
    story.stamp = 1;
    for (uint32_t i = 0; i < 16; i++)
        story.stat_sn[i] = story.cmd_sn[i] = 1;
    lq_history_init(&story.history);
    lq_history_attach(&story.history, lq_judge_sink(story.judge));
    for (uint32_t i = 0; i < 2; i++) {
        EV(LQ_W_STORE, .code = i, .value = 1000, .nblocks = BLOCK, .detail = 8);
        EV(LQ_W_LUN, .lun = story_lun(i), .code = i, .detail = i, .nblocks = BLOCK, .value = 1000);
    }
    EV(LQ_W_BOUND, .code = LQ_BOUND_QUARANTINE_AFTER, .value = SECONDS(3));
    EV(LQ_W_BOUND, .code = LQ_BOUND_LOGIN_QUARANTINE_AFTER, .value = 0);
    EV(LQ_W_BOUND, .code = LQ_BOUND_BUSY_AFTER, .value = SECONDS(10));
    EV(LQ_W_BOUND, .code = LQ_BOUND_LIVENESS, .value = SECONDS(60));
    EV(LQ_W_BOUND, .code = LQ_BOUND_LOGIN_TIMEOUT, .value = SECONDS(15));
}

static void print_findings(void)
{
    const struct lq_finding *finding;
    for (uint32_t i = 0; (finding = lq_judge_finding(story.judge, i)) != NULL; i++) {
        printf("\n    %s: %s", lq_property_table[finding->property].id, finding->text);
        for (uint32_t e = 0; e < finding->proof_count; e++)
            printf("\n        %" PRIu64 " %s", finding->proof[e].seq,
                   lq_event_kind_name(finding->proof[e].kind));
    }
    printf("\n");
}

bool story_is_legal(void)
{
    finish_story();
    if (lq_judge_violations(story.judge) != 0)
        print_findings();
    return lq_judge_violations(story.judge) == 0;
}

uint64_t story_violations(void)
{
    finish_story();
    return lq_judge_violations(story.judge);
}

bool story_breaks(const char *id)
{
    finish_story();
    uint32_t property = lq_property_find(id);
    if (property == LQ_NO_PROPERTY)
        return false;
    uint64_t own = lq_judge_violations_of(story.judge, property);
    bool is_proven = own > 0;
    const struct lq_finding *finding;
    for (uint32_t i = 0; (finding = lq_judge_finding(story.judge, i)) != NULL; i++)
        if (finding->proof_count == 0 || finding->text[0] == '\0')
            is_proven = false;
    bool is_it = is_proven && own == lq_judge_violations(story.judge);
    if (!is_it) {
        printf("\n    expected %s:", id);
        print_findings();
    }
    return is_it;
}

uint64_t story_violations_of(const char *id)
{
    finish_story();
    return lq_judge_violations_of(story.judge, lq_property_find(id));
}

uint64_t story_exercised(const char *id)
{
    return lq_judge_exercised(story.judge, lq_property_find(id));
}

uint32_t story_findings(void)
{
    uint32_t count = 0;
    while (lq_judge_finding(story.judge, count) != NULL)
        count++;
    return count;
}

const struct lq_finding *story_finding(void)
{
    return lq_judge_finding(story.judge, 0);
}

/* --- the wire --------------------------------------------------------------------------------- */

/* CRC32C of what stands between FROM and AT, bit by bit [RFC 7143 13.1], put at AT. */
static uint32_t put_digest(uint8_t *bytes, uint32_t from, uint32_t at, bool is_broken)
{
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = from; i < at; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc % 2 != 0 ? UINT32_C(0x82f63b78) : 0);
    }
    crc ^= is_broken ? 1 : UINT32_MAX;
    for (uint32_t i = 0; i < 4; i++)
        bytes[at + i] = (uint8_t)(crc >> 8 * i);
    return at + 4;
}

void story_wire(uint32_t connection, enum lq_direction direction, struct story_pdu pdu)
{
    static uint8_t bytes[48 + 65536 + 8];
    memset(bytes, 0, 48);
    bytes[0] = pdu.opcode;
    bytes[1] = pdu.flags;
    bytes[2] = pdu.byte2;
    bytes[3] = pdu.byte3;
    lq_put_be24(bytes + 5, pdu.data_bytes);
    lq_put_be64(bytes + 8, pdu.lun);
    lq_put_be32(bytes + 16, pdu.itt);
    const uint32_t words[] = {pdu.w20, pdu.w24, pdu.w28, pdu.w32, pdu.w36, pdu.w40, pdu.w44};
    for (uint32_t i = 0; i < 7; i++)
        lq_put_be32(bytes + 20 + 4 * i, words[i]);
    uint32_t padded = (pdu.data_bytes + 3) & ~UINT32_C(3), at = 48;
    if ((pdu.digests & 1) != 0)
        at = put_digest(bytes, 0, 48, (pdu.broken & 1) != 0);
    memset(bytes + at, 0, padded);
    if (pdu.data != NULL)
        memcpy(bytes + at, pdu.data, pdu.data_bytes);
    at += padded;
    if ((pdu.digests & 2) != 0 && padded > 0)
        at = put_digest(bytes, at - padded, at, (pdu.broken & 2) != 0);
    story.now_ns += 1000;
    lq_history_tap(&story.history, story.now_ns, connection, direction, bytes, at);
}

void story_frame(enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes)
{
    story.now_ns += 1000;
    lq_history_frame(&story.history, story.now_ns, 1, direction, bytes, size_bytes);
}

static uint32_t add_text(char *to, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    for (uint32_t i = 0; i < length; i++)
        to[i] = text[i] == ';' ? '\0' : text[i];
    to[length] = '\0';
    return length + 1;
}

void story_login_with(uint32_t connection, uint16_t actor, uint64_t nexus, const char *text,
                      const char *answer)
{
    char request[1024], response[1024];
    uint32_t request_bytes = add_text(request, "TargetName=iqn.t;InitiatorName=iqn.i");
    request[request_bytes - 1] = (char)('0' + nexus);
    request[request_bytes++] = '\0';
    if (text[0] != '\0')
        request_bytes += add_text(request + request_bytes, text);
    uint32_t response_bytes = add_text(response, "TargetPortalGroupTag=1");
    if (answer[0] != '\0')
        response_bytes += add_text(response + response_bytes, answer);
    EV(LQ_W_ACCEPT, .connection = connection, .actor = actor);
    EV(LQ_I_LOGIN, .connection = connection, .actor = actor, .nexus = nexus);
    TO(connection, .opcode = 0x43, .flags = 0x87, .lun = (nexus << 16) << 16, .itt = 0x700,
       .w24 = 1, .data = request, .data_bytes = request_bytes);
    EV(LQ_E_NEXUS_ESTABLISHED, .nexus = nexus, .stamp = 1);
    story.stat_sn[connection] = 2;
    story.cmd_sn[connection] = 1;
    FROM(connection, .opcode = 0x23, .flags = 0x87, .lun = (nexus << 16) << 16 | connection,
         .itt = 0x700, .w24 = 1, .w28 = 1, .w32 = 32, .data = response,
         .data_bytes = response_bytes);
    EV(LQ_I_LOGGED_IN, .connection = connection, .actor = actor, .nexus = nexus, .value = 1);
}

void story_login(uint32_t connection, uint16_t actor, uint64_t nexus)
{
    story_login_with(connection, actor, nexus, "", "");
}

/* --- commands --------------------------------------------------------------------------------- */

uint64_t story_lun(uint64_t lun)
{
    return lun << 48;
}

static struct lq_event about(const struct story_command *command, uint16_t kind)
{
    return (struct lq_event){
        .kind = kind,
        .nexus = command->nexus,
        .lun = story_lun(command->lun),
        .tag = command->serial,
        .serial = command->serial,
        .lba = command->lba,
        .nblocks = command->nblocks,
    };
}

static bool is_write(const struct story_command *command)
{
    return command->opcode == 0x2a;
}

static bool is_read(const struct story_command *command)
{
    return command->opcode == 0x28;
}

static uint32_t length_of(const struct story_command *command)
{
    if (is_read(command) || is_write(command))
        return command->nblocks * BLOCK;
    if (command->cdb != NULL)
        return command->list_bytes + command->told_bytes;
    return command->opcode == 0x12 ? 36 : command->opcode == 0x03 ? 18 : 0;
}

void story_send(const struct story_command *command)
{
    struct lq_event event = about(command, LQ_I_COMMAND);
    event.actor = command->actor;
    event.connection = command->connection;
    event.code = (uint32_t)command->attribute;
    event.detail = command->opcode;
    event.value = length_of(command);
    event.flags = is_write(command) ? LQ_F_MEDIUM_WRITE : is_read(command) ? LQ_F_MEDIUM_READ : 0;
    story_add(event);
    if (!is_write(command))
        return;
    event.kind = LQ_I_WRITE_DATA;
    event.value = command->content;
    story_add(event);
}

/* The SCSI Command PDU of a command that brings its own CDB. */
static void arrive_with_cdb(const struct story_command *command)
{
    const uint8_t *cdb = command->cdb;
    uint8_t direction = command->list_bytes > 0 ? 0x20 : 0x40;
    TO(command->connection, .opcode = 0x01, .flags = (uint8_t)(0x81 | direction),
       .lun = story_lun(command->lun), .itt = (uint32_t)command->serial,
       .w20 = length_of(command), .w24 = story.cmd_sn[command->connection]++,
       .w28 = story.stat_sn[command->connection], .w32 = lq_get_be32(cdb),
       .w36 = lq_get_be32(cdb + 4), .w40 = (uint32_t)lq_get_be16(cdb + 8) << 16,
       .data = command->list, .data_bytes = command->list_bytes);
}

void story_arrive(const struct story_command *command)
{
    struct lq_event event = about(command, LQ_E_RECEIVED);
    event.stamp = story.stamp++;
    event.code = (uint32_t)command->attribute;
    event.detail = command->opcode;
    event.value = length_of(command);
    if (command->cdb != NULL) {
        arrive_with_cdb(command);
    } else if (command->connection != 0) {
        static const uint8_t codes[] = {1, 2, 3, 4};
        uint8_t direction = is_write(command) ? 0x20 : length_of(command) > 0 ? 0x40 : 0;
        uint32_t data_bytes = is_write(command) ? length_of(command) : 0;
        TO(command->connection, .opcode = 0x01,
           .flags = (uint8_t)(0x80 | direction | codes[command->attribute]),
           .lun = story_lun(command->lun), .itt = (uint32_t)command->serial,
           .w20 = length_of(command), .w24 = story.cmd_sn[command->connection]++,
           .w28 = story.stat_sn[command->connection],
           .w32 = command->opcode << 24 | (command->opcode == 0x12 || command->opcode == 0x03
                                               ? 0
                                               : (uint32_t)command->lba >> 16),
           .w36 = command->opcode == 0x12 || command->opcode == 0x03
                      ? length_of(command) << 24
                      : (uint32_t)command->lba << 16 | command->nblocks >> 8,
           .w40 = command->opcode == 0x12 || command->opcode == 0x03 ? 0 : command->nblocks << 24,
           .data_bytes = data_bytes);
    }
    story_add(event);
    event.kind = LQ_E_ENTERED;
    event.value = command->lun;
    story_add(event);
}

void story_enable(const struct story_command *command)
{
    story_add(about(command, LQ_E_ENABLED));
}

void story_submit(const struct story_command *command)
{
    struct lq_event event = about(command, LQ_S_SUBMITTED);
    event.code = (uint32_t)command->lun;
    event.value = command->serial;
    event.detail = is_write(command) ? 2 : is_read(command) ? 1 : 3;
    story_add(event);
}

void story_complete(const struct story_command *command)
{
    struct lq_event event = about(command, LQ_S_EFFECT);
    event.code = (uint32_t)command->lun;
    event.value = command->serial;
    story_add(event);
    event.kind = LQ_S_COMPLETED;
    story_add(event);
}

void story_engine_ends(const struct story_command *command, uint32_t status, uint32_t sense)
{
    struct lq_event event = about(command, LQ_E_ENDED);
    event.code = status;
    event.detail = sense;
    story_add(event);
}

void story_respond(const struct story_command *command, uint32_t status, uint32_t sense)
{
    uint32_t c = command->connection;
    if (c == 0)
        return;
    uint32_t max = story.cmd_sn[c] + 31;
    uint8_t bytes[20] = {0, 18, 0x70};
    bytes[4] = (uint8_t)(sense >> 16);
    bytes[9] = 10;
    bytes[14] = (uint8_t)(sense >> 8);
    bytes[15] = (uint8_t)sense;
    uint32_t length = length_of(command);
    bool has_told = command->told_bytes > 0;
    bool sends_data = status == 0 && !is_write(command) && command->list == NULL;
    if (status == 0 && has_told)
        FROM(c, .opcode = 0x25, .flags = 0x80, .itt = (uint32_t)command->serial,
             .w20 = 0xffffffff, .w28 = story.cmd_sn[c], .w32 = max, .data = command->told,
             .data_bytes = command->told_bytes);
    else if (sends_data && length > 0) {
        for (uint32_t at = 0; at < length; at += 8192) {
            uint32_t piece = length - at < 8192 ? length - at : 8192;
            FROM(c, .opcode = 0x25, .flags = at + piece == length ? 0x80 : 0,
                 .itt = (uint32_t)command->serial, .w20 = 0xffffffff, .w28 = story.cmd_sn[c],
                 .w32 = max, .w36 = at / 8192, .w40 = at, .data_bytes = piece);
        }
    }
    bool lacks = status != 0 && length > 0;
    uint32_t data_sn = sends_data ? (length + 8191) / 8192 : 0;
    FROM(c, .opcode = 0x21, .flags = lacks ? 0x82 : 0x80, .byte3 = (uint8_t)status,
         .itt = (uint32_t)command->serial, .w24 = story.stat_sn[c]++, .w28 = story.cmd_sn[c],
         .w32 = max, .w36 = data_sn, .w44 = lacks ? length : 0, .data = bytes,
         .data_bytes = sense != 0 ? 20 : 0);
}

void story_status(const struct story_command *command, uint32_t status, uint32_t sense,
                  uint64_t content)
{
    struct lq_event event = about(command, LQ_I_READ_DATA);
    event.actor = command->actor;
    event.value = content;
    if (is_read(command) && status == 0)
        story_add(event);
    event.kind = LQ_I_STATUS;
    event.value = 0;
    event.code = status;
    event.detail = sense;
    story_add(event);
}

void story_free(const struct story_command *command)
{
    story_add(about(command, LQ_E_DELIVERED));
    story_add(about(command, LQ_E_FREED));
}

void story_end(const struct story_command *command, uint32_t status, uint32_t sense,
               uint64_t content)
{
    story_engine_ends(command, status, sense);
    story_respond(command, status, sense);
    story_status(command, status, sense, content);
    story_free(command);
}

void story_abort(const struct story_command *command, enum lq_trigger trigger)
{
    struct lq_event event = about(command, LQ_E_ENDED);
    event.flags = LQ_F_ABORTED;
    event.code = (uint32_t)trigger;
    story_add(event);
    story_add(about(command, LQ_E_FREED));
}

void story_give_up(const struct story_command *command)
{
    struct lq_event event = about(command, LQ_I_GAVE_UP);
    event.actor = command->actor;
    story_add(event);
}

void story_run(const struct story_command *command, uint64_t content)
{
    story_send(command);
    story_arrive(command);
    story_enable(command);
    if (is_read(command) || is_write(command)) {
        story_submit(command);
        story_complete(command);
    }
    story_end(command, 0, 0, content);
}

/* --- TM functions ----------------------------------------------------------------------------- */

static struct lq_event about_function(const struct story_function *function, uint16_t kind)
{
    return (struct lq_event){
        .kind = kind,
        .nexus = function->nexus,
        .lun = story_lun(function->lun),
        .tag = function->serial,
        .serial = function->serial,
        .code = (uint32_t)function->function,
        .value = function->referenced,
    };
}

void story_ask(const struct story_function *function)
{
    uint32_t c = function->connection;
    struct lq_event event = about_function(function, LQ_I_TM);
    event.actor = function->actor;
    event.connection = c;
    event.flags = LQ_F_IMMEDIATE;
    story_add(event);
    if (c != 0)
        TO(c, .opcode = 0x42, .flags = (uint8_t)(0x80 | function->function),
           .lun = story_lun(function->lun), .itt = (uint32_t)function->serial,
           .w20 = (uint32_t)function->referenced, .w24 = story.cmd_sn[c],
           .w28 = story.stat_sn[c], .w32 = story.cmd_sn[c] - 1);
    event = about_function(function, LQ_E_TM_RECEIVED);
    event.stamp = story.stamp++;
    story_add(event);
}

void story_answer(const struct story_function *function, enum lq_tm_answer answer)
{
    static const uint8_t codes[] = {0, 1, 2, 5, 255, 7};
    uint32_t c = function->connection;
    struct lq_event event = about_function(function, LQ_E_TM_ANSWERED);
    event.code = (uint32_t)answer;
    event.value = 0;
    story_add(event);
    if (c != 0)
        FROM(c, .opcode = 0x22, .flags = 0x80, .byte2 = codes[answer],
             .itt = (uint32_t)function->serial, .w24 = story.stat_sn[c]++,
             .w28 = story.cmd_sn[c], .w32 = story.cmd_sn[c] + 31);
    event.kind = LQ_I_TM_DONE;
    event.actor = function->actor;
    story_add(event);
}

int story_main(const char *suite, const CU_TestInfo *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite added = CU_add_suite(suite, NULL, NULL);
    for (; tests->pName != NULL; tests++)
        if (added == NULL || CU_add_test(added, tests->pName, tests->pTestFunc) == NULL)
            return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    finish_story();
    lq_judge_free(story.judge);
    return failures == 0 ? 0 : 1;
}
