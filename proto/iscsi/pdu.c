/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: what stands at the same place in all PDUs of a direction is loaded and stored once; the
 * rest is one pair of small functions per opcode, found through one table.
 */
#include "proto/iscsi/pdu.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"

enum { BIT7 = 0x80, BIT6 = 0x40, BIT5 = 0x20, BIT4 = 0x10, BIT3 = 0x08, BIT2 = 0x04, BIT1 = 0x02 };

static bool has(uint8_t byte, int bit)
{
    return (byte & bit) != 0;
}

static uint8_t flag(bool value, int bit)
{
    return value ? (uint8_t)bit : 0;
}

/* Replaces the bits of MASK in *BYTE; the others stay. */
static void put_bits(uint8_t *byte, int mask, unsigned value)
{
    *byte = (uint8_t)((*byte & ~(unsigned)mask) | (value & (unsigned)mask));
}

/* --- SCSI Command, SCSI Response ------------------------------------------------------------ */

static void get_command(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.command.read = has(b[1], BIT6);
    pdu->u.command.write = has(b[1], BIT5);
    pdu->u.command.attribute = b[1] & 7;
    pdu->u.command.priority = b[2] & 15;
    pdu->u.command.expected_bytes = lq_get_be32(b + 20);
    memcpy(pdu->u.command.cdb, b + 32, 16);
}

static void put_command(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], BIT6 | BIT5 | 7,
             (unsigned)(flag(pdu->u.command.read, BIT6) | flag(pdu->u.command.write, BIT5) |
                        (pdu->u.command.attribute & 7)));
    put_bits(&b[2], 15, pdu->u.command.priority);
    lq_put_be32(b + 20, pdu->u.command.expected_bytes);
    memcpy(b + 32, pdu->u.command.cdb, 16);
}

static void get_response(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.response.bidi_overflow = has(b[1], BIT4);
    pdu->u.response.bidi_underflow = has(b[1], BIT3);
    pdu->u.response.overflow = has(b[1], BIT2);
    pdu->u.response.underflow = has(b[1], BIT1);
    pdu->u.response.response = b[2];
    pdu->u.response.status = b[3];
    pdu->u.response.snack_tag = lq_get_be32(b + 20);
    pdu->u.response.exp_data_sn = lq_get_be32(b + 36);
    pdu->u.response.bidi_residual = lq_get_be32(b + 40);
    pdu->u.response.residual = lq_get_be32(b + 44);
}

static void put_response(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], BIT4 | BIT3 | BIT2 | BIT1,
             (unsigned)(flag(pdu->u.response.bidi_overflow, BIT4) |
                        flag(pdu->u.response.bidi_underflow, BIT3) |
                        flag(pdu->u.response.overflow, BIT2) |
                        flag(pdu->u.response.underflow, BIT1)));
    b[2] = pdu->u.response.response;
    b[3] = pdu->u.response.status;
    lq_put_be32(b + 20, pdu->u.response.snack_tag);
    lq_put_be32(b + 36, pdu->u.response.exp_data_sn);
    lq_put_be32(b + 40, pdu->u.response.bidi_residual);
    lq_put_be32(b + 44, pdu->u.response.residual);
}

/* --- task management ------------------------------------------------------------------------ */

static void get_tm(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.tm.function = b[1] & 0x7f;
    pdu->u.tm.referenced_itt = lq_get_be32(b + 20);
    pdu->u.tm.ref_cmd_sn = lq_get_be32(b + 32);
    pdu->u.tm.exp_data_sn = lq_get_be32(b + 36);
}

static void put_tm(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], 0x7f, pdu->u.tm.function);
    lq_put_be32(b + 20, pdu->u.tm.referenced_itt);
    lq_put_be32(b + 32, pdu->u.tm.ref_cmd_sn);
    lq_put_be32(b + 36, pdu->u.tm.exp_data_sn);
}

static void get_tm_response(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.tm_response.response = b[2];
    pdu->u.tm_response.information = lq_get_be24(b + 8);
}

static void put_tm_response(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    b[2] = pdu->u.tm_response.response;
    lq_put_be24(b + 8, pdu->u.tm_response.information);
}

/* --- data ----------------------------------------------------------------------------------- */

static void get_data_out(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.data.data_sn = lq_get_be32(b + 36);
    pdu->u.data.buffer_offset = lq_get_be32(b + 40);
}

static void put_data_out(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    lq_put_be32(b + 36, pdu->u.data.data_sn);
    lq_put_be32(b + 40, pdu->u.data.buffer_offset);
}

static void get_data_in(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    get_data_out(pdu, b);
    pdu->u.data.acknowledge = has(b[1], BIT6);
    pdu->u.data.overflow = has(b[1], BIT2);
    pdu->u.data.underflow = has(b[1], BIT1);
    pdu->u.data.has_status = has(b[1], 1);
    pdu->u.data.status = b[3];
    pdu->u.data.residual = lq_get_be32(b + 44);
}

static void put_data_in(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_data_out(pdu, b);
    put_bits(&b[1], BIT6 | BIT2 | BIT1 | 1,
             (unsigned)(flag(pdu->u.data.acknowledge, BIT6) | flag(pdu->u.data.overflow, BIT2) |
                        flag(pdu->u.data.underflow, BIT1) | flag(pdu->u.data.has_status, 1)));
    b[3] = pdu->u.data.status;
    lq_put_be32(b + 44, pdu->u.data.residual);
}

static void get_r2t(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.r2t.r2t_sn = lq_get_be32(b + 36);
    pdu->u.r2t.buffer_offset = lq_get_be32(b + 40);
    pdu->u.r2t.desired_bytes = lq_get_be32(b + 44);
}

static void put_r2t(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    lq_put_be32(b + 36, pdu->u.r2t.r2t_sn);
    lq_put_be32(b + 40, pdu->u.r2t.buffer_offset);
    lq_put_be32(b + 44, pdu->u.r2t.desired_bytes);
}

/* --- Async Message, text, NOP --------------------------------------------------------------- */

static void get_async(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.async.event = b[36];
    pdu->u.async.vendor_code = b[37];
    pdu->u.async.parameter1 = lq_get_be16(b + 38);
    pdu->u.async.parameter2 = lq_get_be16(b + 40);
    pdu->u.async.parameter3 = lq_get_be16(b + 42);
}

static void put_async(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    b[36] = pdu->u.async.event;
    b[37] = pdu->u.async.vendor_code;
    lq_put_be16(b + 38, pdu->u.async.parameter1);
    lq_put_be16(b + 40, pdu->u.async.parameter2);
    lq_put_be16(b + 42, pdu->u.async.parameter3);
}

static void get_text(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.text.more = has(b[1], BIT6);
}

static void put_text(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], BIT6, flag(pdu->u.text.more, BIT6));
}

static void get_nothing(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    (void)pdu;
    (void)b;
}

static void put_nothing(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    (void)pdu;
    (void)b;
}

/* --- login ---------------------------------------------------------------------------------- */

static void get_login(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.login.more = has(b[1], BIT6);
    pdu->u.login.csg = (b[1] >> 2) & 3;
    pdu->u.login.nsg = b[1] & 3;
    pdu->u.login.version_max = b[2];
    pdu->u.login.version_min = b[3];
    memcpy(pdu->u.login.isid, b + 8, LQ_ISID_BYTES);
    pdu->u.login.tsih = lq_get_be16(b + 14);
}

static void put_login(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], BIT6 | 0x0f,
             (unsigned)(flag(pdu->u.login.more, BIT6) | ((pdu->u.login.csg & 3) << 2) |
                        (pdu->u.login.nsg & 3)));
    b[2] = pdu->u.login.version_max;
    b[3] = pdu->u.login.version_min;
    memcpy(b + 8, pdu->u.login.isid, LQ_ISID_BYTES);
    lq_put_be16(b + 14, pdu->u.login.tsih);
}

static void get_login_request(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    get_login(pdu, b);
    pdu->u.login.cid = lq_get_be16(b + 20);
    pdu->u.login.status = 0;
}

static void put_login_request(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_login(pdu, b);
    lq_put_be16(b + 20, pdu->u.login.cid);
}

static void get_login_response(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    get_login(pdu, b);
    pdu->u.login.cid = 0;
    pdu->u.login.status = lq_get_be16(b + 36);
}

static void put_login_response(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_login(pdu, b);
    lq_put_be16(b + 36, pdu->u.login.status);
}

/* --- logout, SNACK, Reject ------------------------------------------------------------------ */

static void get_logout(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.logout.reason = b[1] & 0x7f;
    pdu->u.logout.cid = lq_get_be16(b + 20);
}

static void put_logout(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], 0x7f, pdu->u.logout.reason);
    lq_put_be16(b + 20, pdu->u.logout.cid);
}

static void get_logout_response(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.logout_response.response = b[2];
    pdu->u.logout_response.time2wait_s = lq_get_be16(b + 40);
    pdu->u.logout_response.time2retain_s = lq_get_be16(b + 42);
}

static void put_logout_response(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    b[2] = pdu->u.logout_response.response;
    lq_put_be16(b + 40, pdu->u.logout_response.time2wait_s);
    lq_put_be16(b + 42, pdu->u.logout_response.time2retain_s);
}

static void get_snack(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.snack.type = b[1] & 0x0f;
    pdu->u.snack.beg_run = lq_get_be32(b + 40);
    pdu->u.snack.run_length = lq_get_be32(b + 44);
}

static void put_snack(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    put_bits(&b[1], 0x0f, pdu->u.snack.type);
    lq_put_be32(b + 40, pdu->u.snack.beg_run);
    lq_put_be32(b + 44, pdu->u.snack.run_length);
}

static void get_reject(struct lq_iscsi_pdu *pdu, const uint8_t *b)
{
    pdu->u.reject.reason = b[2];
    pdu->u.reject.data_sn = lq_get_be32(b + 36);
}

static void put_reject(const struct lq_iscsi_pdu *pdu, uint8_t *b)
{
    b[2] = pdu->u.reject.reason;
    lq_put_be32(b + 36, pdu->u.reject.data_sn);
}

/* --- the table ------------------------------------------------------------------------------ */

enum {
    HAS_LUN = 1 << 0,
    HAS_TTT = 1 << 1,
    HAS_CMD_SN = 1 << 2,      /* from the initiator; all have ExpStatSN */
    HAS_STAT_SN = 1 << 3,
    ALWAYS_FINAL = 1 << 4     /* bit 7 of byte 1 is always 1 */
};

struct codec {
    struct lq_iscsi_opcode_info info;
    uint8_t fields;
    void (*get)(struct lq_iscsi_pdu *pdu, const uint8_t *bhs);
    void (*put)(const struct lq_iscsi_pdu *pdu, uint8_t *bhs);
};

/* clang-format off */
static const struct codec codecs[] = {
    /* opcode, name, from initiator, numbered, data, AHS */
    {{LQ_OP_NOP_OUT, "NOP-Out", true, true, true, false},
     HAS_LUN | HAS_TTT | HAS_CMD_SN | ALWAYS_FINAL, get_nothing, put_nothing},
    {{LQ_OP_SCSI_COMMAND, "SCSI Command", true, true, true, true},
     HAS_LUN | HAS_CMD_SN, get_command, put_command},
    {{LQ_OP_TM_REQUEST, "Task Management Function Request", true, true, false, false},
     HAS_LUN | HAS_CMD_SN | ALWAYS_FINAL, get_tm, put_tm},
    {{LQ_OP_LOGIN_REQUEST, "Login Request", true, false, true, false},
     HAS_CMD_SN, get_login_request, put_login_request},
    {{LQ_OP_TEXT_REQUEST, "Text Request", true, true, true, false},
     HAS_LUN | HAS_TTT | HAS_CMD_SN, get_text, put_text},
    {{LQ_OP_DATA_OUT, "SCSI Data-Out", true, false, true, false},
     HAS_LUN | HAS_TTT, get_data_out, put_data_out},
    {{LQ_OP_LOGOUT_REQUEST, "Logout Request", true, true, false, false},
     HAS_CMD_SN | ALWAYS_FINAL, get_logout, put_logout},
    {{LQ_OP_SNACK_REQUEST, "SNACK Request", true, false, false, false},
     HAS_LUN | HAS_TTT | ALWAYS_FINAL, get_snack, put_snack},
    {{LQ_OP_NOP_IN, "NOP-In", false, false, true, false},
     HAS_LUN | HAS_TTT | HAS_STAT_SN | ALWAYS_FINAL, get_nothing, put_nothing},
    {{LQ_OP_SCSI_RESPONSE, "SCSI Response", false, false, true, false},
     HAS_STAT_SN | ALWAYS_FINAL, get_response, put_response},
    {{LQ_OP_TM_RESPONSE, "Task Management Function Response", false, false, false, false},
     HAS_STAT_SN | ALWAYS_FINAL, get_tm_response, put_tm_response},
    {{LQ_OP_LOGIN_RESPONSE, "Login Response", false, false, true, false},
     HAS_STAT_SN, get_login_response, put_login_response},
    {{LQ_OP_TEXT_RESPONSE, "Text Response", false, false, true, false},
     HAS_LUN | HAS_TTT | HAS_STAT_SN, get_text, put_text},
    {{LQ_OP_DATA_IN, "SCSI Data-In", false, false, true, false},
     HAS_LUN | HAS_TTT | HAS_STAT_SN, get_data_in, put_data_in},
    {{LQ_OP_LOGOUT_RESPONSE, "Logout Response", false, false, false, false},
     HAS_STAT_SN | ALWAYS_FINAL, get_logout_response, put_logout_response},
    {{LQ_OP_R2T, "Ready To Transfer", false, false, false, false},
     HAS_LUN | HAS_TTT | HAS_STAT_SN | ALWAYS_FINAL, get_r2t, put_r2t},
    {{LQ_OP_ASYNC_MESSAGE, "Asynchronous Message", false, false, true, false},
     HAS_LUN | HAS_STAT_SN | ALWAYS_FINAL, get_async, put_async},
    {{LQ_OP_REJECT, "Reject", false, false, true, false},
     HAS_STAT_SN | ALWAYS_FINAL, get_reject, put_reject},
};

/* Place in the table + 1 by opcode. */
static const uint8_t codec_of[64] = {
    [LQ_OP_NOP_OUT] = 1, [LQ_OP_SCSI_COMMAND] = 2, [LQ_OP_TM_REQUEST] = 3,
    [LQ_OP_LOGIN_REQUEST] = 4, [LQ_OP_TEXT_REQUEST] = 5, [LQ_OP_DATA_OUT] = 6,
    [LQ_OP_LOGOUT_REQUEST] = 7, [LQ_OP_SNACK_REQUEST] = 8, [LQ_OP_NOP_IN] = 9,
    [LQ_OP_SCSI_RESPONSE] = 10, [LQ_OP_TM_RESPONSE] = 11, [LQ_OP_LOGIN_RESPONSE] = 12,
    [LQ_OP_TEXT_RESPONSE] = 13, [LQ_OP_DATA_IN] = 14, [LQ_OP_LOGOUT_RESPONSE] = 15,
    [LQ_OP_R2T] = 16, [LQ_OP_ASYNC_MESSAGE] = 17, [LQ_OP_REJECT] = 18,
};
/* clang-format on */

static const struct codec *find_codec(uint8_t opcode)
{
    unsigned place = opcode < 64 ? codec_of[opcode] : 0;
    return place == 0 ? NULL : &codecs[place - 1];
}

const struct lq_iscsi_opcode_info *lq_iscsi_opcode_info(uint8_t opcode)
{
    const struct codec *codec = find_codec(opcode);
    return codec == NULL ? NULL : &codec->info;
}

bool lq_iscsi_pdu_decode(struct lq_iscsi_pdu *pdu, const uint8_t *bhs)
{
    pdu->opcode = bhs[0] & 0x3f;
    pdu->immediate = has(bhs[0], BIT6);
    pdu->final = has(bhs[1], BIT7);
    pdu->ahs_words = bhs[4];
    pdu->data_bytes = lq_get_be24(bhs + 5);
    pdu->lun = lq_get_be64(bhs + 8);
    pdu->itt = lq_get_be32(bhs + 16);
    pdu->ttt = lq_get_be32(bhs + 20);
    uint32_t first = lq_get_be32(bhs + 24);
    uint32_t second = lq_get_be32(bhs + 28);
    const struct codec *codec = find_codec(pdu->opcode);
    bool to_target = codec != NULL && codec->info.from_initiator;
    pdu->cmd_sn = to_target ? first : 0;
    pdu->exp_stat_sn = to_target ? second : 0;
    pdu->stat_sn = to_target ? 0 : first;
    pdu->exp_cmd_sn = to_target ? 0 : second;
    pdu->max_cmd_sn = to_target ? 0 : lq_get_be32(bhs + 32);
    if (codec == NULL)
        return false;
    codec->get(pdu, bhs);
    return true;
}

void lq_iscsi_pdu_patch(const struct lq_iscsi_pdu *pdu, uint8_t *bhs)
{
    const struct codec *codec = find_codec(pdu->opcode);
    LQ_ASSERT(codec != NULL);
    put_bits(&bhs[0], BIT6 | 0x3f, (unsigned)(flag(pdu->immediate, BIT6) | pdu->opcode));
    bool final = pdu->final || (codec->fields & ALWAYS_FINAL) != 0;
    put_bits(&bhs[1], BIT7, flag(final, BIT7));
    bhs[4] = pdu->ahs_words;
    lq_put_be24(bhs + 5, pdu->data_bytes);
    lq_put_be32(bhs + 16, pdu->itt);
    if ((codec->fields & HAS_LUN) != 0)
        lq_put_be64(bhs + 8, pdu->lun);
    if ((codec->fields & HAS_TTT) != 0)
        lq_put_be32(bhs + 20, pdu->ttt);
    if ((codec->fields & HAS_STAT_SN) != 0) {
        lq_put_be32(bhs + 24, pdu->stat_sn);
        lq_put_be32(bhs + 28, pdu->exp_cmd_sn);
        lq_put_be32(bhs + 32, pdu->max_cmd_sn);
    } else {
        if ((codec->fields & HAS_CMD_SN) != 0)
            lq_put_be32(bhs + 24, pdu->cmd_sn);
        lq_put_be32(bhs + 28, pdu->exp_stat_sn);
    }
    codec->put(pdu, bhs);
}

void lq_iscsi_pdu_encode(const struct lq_iscsi_pdu *pdu, uint8_t *bhs)
{
    memset(bhs, 0, LQ_BHS_BYTES);
    lq_iscsi_pdu_patch(pdu, bhs);
}

/* --- additional header segments ------------------------------------------------------------- */

int lq_iscsi_ahs_next(const uint8_t *bytes, uint32_t ahs_bytes, uint32_t *position,
                      struct lq_iscsi_ahs *ahs)
{
    uint32_t left = ahs_bytes - *position;
    if (left == 0)
        return 0;
    if (left < 4)
        return -1;
    const uint8_t *at = bytes + *position;
    uint32_t length = lq_get_be16(at); /* counts the AHS-Specific byte, not itself and the type */
    if (length == 0)
        return -1;
    uint32_t size = (3 + length + 3) & ~UINT32_C(3);
    if (size > left)
        return -1;
    ahs->type = at[2] & 0x3f;
    ahs->contents = (struct lq_slice){at + 4, length - 1};
    *position += size;
    return 1;
}

uint32_t lq_iscsi_ahs_put_cdb(uint8_t *out, const uint8_t *extra, uint32_t extra_bytes)
{
    uint32_t size = lq_iscsi_ahs_size(extra_bytes);
    memset(out, 0, size);
    lq_put_be16(out, (uint16_t)(extra_bytes + 1));
    out[2] = LQ_AHS_EXTENDED_CDB;
    memcpy(out + 4, extra, extra_bytes);
    return size;
}

uint32_t lq_iscsi_ahs_put_bidi(uint8_t *out, uint32_t read_bytes)
{
    lq_put_be16(out, 5);
    out[2] = LQ_AHS_BIDI_READ_LENGTH;
    out[3] = 0;
    lq_put_be32(out + 4, read_bytes);
    return 8;
}
