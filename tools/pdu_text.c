/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pdu_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "conformance/wire/pdu.h"

struct line {
    char *text;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line->text + line->used, line->size - line->used, format, arguments);
    va_end(arguments);
    if (wanted > 0)
        line->used += (size_t)wanted;
    if (line->used >= line->size)
        line->used = line->size - 1;
}

/* Operation codes that people know by name; others are shown as numbers. [SPC-5 E.3, SBC-4 5] */
static const struct {
    uint8_t code;
    const char *name;
} commands[] = {{0x00, "TEST UNIT READY"},
                {0x03, "REQUEST SENSE"},
                {0x08, "READ(6)"},
                {0x0a, "WRITE(6)"},
                {0x12, "INQUIRY"},
                {0x1a, "MODE SENSE(6)"},
                {0x25, "READ CAPACITY(10)"},
                {0x28, "READ(10)"},
                {0x2a, "WRITE(10)"},
                {0x35, "SYNCHRONIZE CACHE(10)"},
                {0x5a, "MODE SENSE(10)"},
                {0x88, "READ(16)"},
                {0x8a, "WRITE(16)"},
                {0x91, "SYNCHRONIZE CACHE(16)"},
                {0x9e, "SERVICE ACTION IN(16)"},
                {0xa0, "REPORT LUNS"}};

static void put_command(struct line *line, const uint8_t *cdb)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].code == cdb[0])
            name = commands[i].name;
    if (name == NULL)
        put(line, "opcode %02xh", (unsigned)cdb[0]);
    else
        put(line, "%s", name);
    uint32_t group = cdb[0] >> 5;
    if (cdb[0] == 0x08 || cdb[0] == 0x0a)
        put(line, " lba %" PRIu32 " blocks %u", lq_wire_be24(cdb + 1) & 0x1fffff,
            cdb[4] == 0 ? 256U : (unsigned)cdb[4]);
    else if (cdb[0] == 0x28 || cdb[0] == 0x2a || cdb[0] == 0x35)
        put(line, " lba %" PRIu32 " blocks %" PRIu32, lq_wire_be32(cdb + 2),
            lq_wire_be16(cdb + 7));
    else if (group == 4 && cdb[0] != 0x9e)
        put(line, " lba %" PRIu64 " blocks %" PRIu32, lq_wire_be64(cdb + 2),
            lq_wire_be32(cdb + 10));
}

static const char *const attributes[] = {"", " SIMPLE", " ORDERED", " HEAD OF QUEUE", " ACA"};

static void scsi_command(struct line *line, const uint8_t *h)
{
    put_command(line, lq_wire_cdb(h));
    uint32_t attribute = h[1] & 7;
    put(line, "%s", attribute >= 2 && attribute <= 4 ? attributes[attribute] : "");
    put(line, " lun %" PRIu64 " cmdsn %" PRIu32, lq_wire_lun(h) >> 48, lq_wire_cmd_sn(h));
}

static const char *const functions[] = {
    "?",         "ABORT TASK",        "ABORT TASK SET",     "CLEAR ACA",
    "CLEAR TASK SET", "LOGICAL UNIT RESET", "TARGET WARM RESET", "TARGET COLD RESET",
    "TASK REASSIGN"}; /* [RFC 7143 11.5.1] */

static void tm_request(struct line *line, const uint8_t *h)
{
    uint32_t function = lq_wire_function(h);
    put(line, "%s", function < 9 ? functions[function] : "task management");
    if (function == 1)
        put(line, " of itt %" PRIx32 "h", lq_wire_be32(h + 20));
    put(line, " lun %" PRIu64 " cmdsn %" PRIu32, lq_wire_lun(h) >> 48, lq_wire_cmd_sn(h));
}

static void scsi_response(struct line *line, const uint8_t *h)
{
    static const struct {
        uint32_t status;
        const char *name;
    } names[] = {{0x00, "GOOD"}, {0x02, "CHECK CONDITION"}, {0x04, "CONDITION MET"},
                 {0x08, "BUSY"}, {0x18, "RESERVATION CONFLICT"}, {0x28, "TASK SET FULL"},
                 {0x30, "ACA ACTIVE"}, {0x40, "TASK ABORTED"}};
    const char *name = "status";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == lq_wire_status(h))
            name = names[i].name;
    put(line, "%s statsn %" PRIu32, name, lq_wire_stat_sn(h));
    if (lq_wire_residual(h) != 0)
        put(line, " residual %" PRIu32, lq_wire_residual(h));
}

static void tm_response(struct line *line, const uint8_t *h)
{
    put(line, "task management response %" PRIu32 " statsn %" PRIu32, lq_wire_response(h),
        lq_wire_stat_sn(h));
}

static void login_request(struct line *line, const uint8_t *h)
{
    put(line, "Login stage %" PRIu32 "%s isid %" PRIx64 "h tsih %" PRIu32,
        lq_wire_current_stage(h), lq_wire_is_final(h) ? " done" : "", lq_wire_isid(h),
        lq_wire_tsih(h));
}

static void login_response(struct line *line, const uint8_t *h)
{
    put(line, "Login Response %02" PRIx32 "h/%02" PRIx32 "h stage %" PRIu32 "%s tsih %" PRIu32,
        lq_wire_login_status(h) >> 8, lq_wire_login_status(h) & 0xff, lq_wire_current_stage(h),
        lq_wire_is_final(h) ? " done" : "", lq_wire_tsih(h));
}

static void data(struct line *line, const uint8_t *h)
{
    bool is_in = lq_wire_opcode_of(h) == LQ_WIRE_DATA_IN;
    put(line, "%s datasn %" PRIu32 " offset %" PRIu32 "%s", is_in ? "Data-In" : "Data-Out",
        lq_wire_data_sn(h), lq_wire_buffer_offset(h), lq_wire_is_final(h) ? " F" : "");
    if (is_in && lq_wire_data_in_has_status(h))
        put(line, " status %02" PRIx32 "h", lq_wire_status(h));
}

static void r2t(struct line *line, const uint8_t *h)
{
    put(line, "R2T ttt %" PRIx32 "h offset %" PRIu32 " wants %" PRIu32, lq_wire_ttt(h),
        lq_wire_buffer_offset(h), lq_wire_desired_bytes(h));
}

static void plain(struct line *line, const uint8_t *h)
{
    static const char *const names[64] = {
        [LQ_WIRE_NOP_OUT] = "NOP-Out",         [LQ_WIRE_TEXT_REQUEST] = "Text",
        [LQ_WIRE_LOGOUT_REQUEST] = "Logout",   [LQ_WIRE_NOP_IN] = "NOP-In",
        [LQ_WIRE_TEXT_RESPONSE] = "Text Response", [LQ_WIRE_LOGOUT_RESPONSE] = "Logout Response",
        [LQ_WIRE_ASYNC] = "Asynchronous Message",  [LQ_WIRE_REJECT] = "Reject"};
    const char *name = names[lq_wire_opcode_of(h)];
    if (name == NULL)
        put(line, "PDU %02" PRIx32 "h", lq_wire_opcode_of(h));
    else
        put(line, "%s", name);
    if (lq_wire_opcode_of(h) == LQ_WIRE_REJECT)
        put(line, " reason %02xh", (unsigned)h[2]);
}

static void (*const texts[64])(struct line *line, const uint8_t *h) = {
    [LQ_WIRE_SCSI_COMMAND] = scsi_command,   [LQ_WIRE_TM_REQUEST] = tm_request,
    [LQ_WIRE_LOGIN_REQUEST] = login_request, [LQ_WIRE_DATA_OUT] = data,
    [LQ_WIRE_SCSI_RESPONSE] = scsi_response, [LQ_WIRE_TM_RESPONSE] = tm_response,
    [LQ_WIRE_LOGIN_RESPONSE] = login_response, [LQ_WIRE_DATA_IN] = data, [LQ_WIRE_R2T] = r2t};

void lq_pdu_text(const uint8_t *header, uint32_t data_bytes, char *text, size_t size)
{
    struct line line = {text, size, 0};
    uint32_t opcode = lq_wire_opcode_of(header);
    (texts[opcode] == NULL ? plain : texts[opcode])(&line, header);
    if (lq_wire_is_immediate(header) && opcode < 0x20 && opcode != LQ_WIRE_LOGIN_REQUEST)
        put(&line, " I");
    put(&line, " itt %" PRIx32 "h", lq_wire_itt(header));
    if (data_bytes != 0)
        put(&line, ", %" PRIu32 " bytes", data_bytes);
}
