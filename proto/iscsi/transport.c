/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iSCSI as a SCSI transport: the table through which the engine speaks to the endpoint. These
 * functions are called from inside the engine, so they note and queue and never call it back.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/iscsi/state.h"

/* --- data and status -------------------------------------------------------------------------- */

static void receive_data_out(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                             uint8_t *buffer)
{
    struct lq_iscsi_target *t = transport;
    struct lq_tgt_command *command = lq_tgt_command_of(t, cookie);
    if (command == NULL)
        return;
    command->window = buffer;
    command->window_offset = offset;
    command->window_bytes = bytes;
    command->done_told = false;
    command->next_offset = command->filled > offset ? command->filled : offset;
    lq_tgt_solicit(t, command);
}

static void send_data_in(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                         const uint8_t *data)
{
    struct lq_iscsi_target *t = transport;
    struct lq_tgt_command *command = lq_tgt_command_of(t, cookie);
    if (command == NULL)
        return;
    LQ_ASSERT(offset == 0 && command->in_bytes == 0); /* one run, as the engine's header says */
    command->in = data;
    command->in_bytes =
        bytes < command->expected_in_bytes ? bytes : (uint32_t)command->expected_in_bytes;
    /* Queued with its status, which follows at once or ends what is then half out. */
}

static bool terminate_data_transfer(void *transport, uint64_t cookie, bool wait_for_peer)
{
    struct lq_iscsi_target *t = transport;
    struct lq_tgt_command *command = lq_tgt_command_of(t, cookie);
    return command == NULL || lq_tgt_terminate(t, command, wait_for_peer);
}

static void command_complete(void *transport, uint64_t cookie,
                             const struct lq_command_complete *complete)
{
    struct lq_iscsi_target *t = transport;
    struct lq_tgt_command *command = lq_tgt_command_of(t, cookie);
    if (command != NULL)
        lq_tgt_complete(t, command, complete);
}

/* --- task management and nexus ---------------------------------------------------------------- */

/* [RFC 7143 11.6.1]; LQ_TM_TASK_ABSENT depends on RefCmdSN and was decided at receipt. */
static const uint8_t responses[] = {
    [LQ_TM_COMPLETE] = LQ_TM_RSP_COMPLETE,
    [LQ_TM_TASK_ABSENT] = LQ_TM_RSP_NO_TASK,
    [LQ_TM_INCORRECT_LUN] = LQ_TM_RSP_NO_LUN,
    [LQ_TM_NOT_SUPPORTED] = LQ_TM_RSP_NOT_SUPPORTED,
    [LQ_TM_REJECTED] = LQ_TM_RSP_REJECTED,
    [LQ_TM_SUCCEEDED] = LQ_TM_RSP_SUCCEEDED,
};

/* Wrong "one-tm-response-a-session": a newer function of the session is under way. */
static bool has_newer_function(const struct lq_tgt_command *command)
{
    struct lq_link *commands = &command->session->commands;
    for (struct lq_link *link = command->link.next; link != commands; link = link->next)
        if (LQ_ELEMENT(link, struct lq_tgt_command, link)->kind == LQ_CMD_TM)
            return true;
    return false;
}

static void tm_executed(void *transport, uint64_t cookie, enum lq_tm_answer answer,
                        uint32_t information)
{
    struct lq_iscsi_target *t = transport;
    struct lq_tgt_command *command = lq_tgt_command_of(t, cookie);
    if (command == NULL || command->session->conn == NULL)
        return;
    if (lq_tgt_wrong(t, LQ_WRONG_ONE_TM_RESPONSE_A_SESSION) && has_newer_function(command))
        return;
    command->tm_response =
        answer == LQ_TM_TASK_ABSENT ? command->tm_absent_response : responses[answer];
    command->tm_information = information;
    lq_tgt_queue(t, command->session->conn, &command->output);
}

static void nexus_ended(void *transport, uint64_t cookie)
{
    struct lq_iscsi_target *t = transport;
    lq_handle handle = lq_handle_unpack(cookie);
    LQ_ASSERT(handle.index < t->session_slots);
    struct lq_tgt_session *session = &t->sessions[handle.index];
    if (session->generation != handle.generation)
        return;
    session->ended = true;
    t->nexus_ended_noted = true;
}

static void close_all(void *transport, uint16_t target)
{
    struct lq_iscsi_target *t = transport;
    for (uint32_t i = 0; i < t->session_slots; i++) {
        struct lq_tgt_session *session = &t->sessions[i];
        if (session->state == LQ_SESSION_ACTIVE && !session->discovery &&
            session->target == target)
            session->close_noted = t->close_all_noted = true;
    }
}

/* --- identity --------------------------------------------------------------------------------- */

enum { ID_HEADER_BYTES = 4, ID_WITH_ISID = 0x45, ID_ISID_CHARACTERS = 5 + 2 * LQ_ISID_BYTES };

uint32_t lq_tgt_transport_id(const char *name, const uint8_t *isid, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t at = ID_HEADER_BYTES;
    size_t name_bytes = strlen(name);
    memset(out, 0, LQ_TRANSPORT_ID_BYTES_MAX);
    out[0] = ID_WITH_ISID; /* format 01b: iSCSI name, separator, ISID; protocol 5h */
    memcpy(out + at, name, name_bytes);
    at += (uint32_t)name_bytes;
    memcpy(out + at, ",i,0x", 5);
    at += 5;
    for (uint32_t i = 0; i < LQ_ISID_BYTES; i++) {
        out[at++] = (uint8_t)digits[isid[i] >> 4];
        out[at++] = (uint8_t)digits[isid[i] & 15];
    }
    /* ended by a NUL, padded to a multiple of four, at least 20 */
    uint32_t text_bytes = (at - ID_HEADER_BYTES + 1 + 3) & ~UINT32_C(3);
    if (text_bytes < 20)
        text_bytes = 20;
    lq_put_be16(out + 2, (uint16_t)text_bytes);
    return ID_HEADER_BYTES + text_bytes;
}

static bool transport_id_is_valid(const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes < ID_HEADER_BYTES + 20 || (bytes[0] & 0x3f) != 0x05 || bytes[0] >> 6 > 1)
        return false;
    uint32_t text_bytes = lq_get_be16(bytes + 2);
    if (text_bytes < 20 || text_bytes % 4 != 0 || text_bytes > size_bytes - ID_HEADER_BYTES)
        return false;
    const uint8_t *text = bytes + ID_HEADER_BYTES;
    const uint8_t *end = memchr(text, 0, text_bytes);
    if (end == NULL || end == text)
        return false;
    uint32_t length = (uint32_t)(end - text);
    if (bytes[0] >> 6 == 0)
        return length <= LQ_ISCSI_NAME_BYTES_MAX;
    return length > ID_ISID_CHARACTERS &&
           memcmp(end - ID_ISID_CHARACTERS, ",i,0x", 5) == 0;
}

/* The six bytes that the hexadecimal digits at TEXT say; false: they are none. */
static bool parse_isid(const uint8_t *text, uint8_t *isid)
{
    for (uint32_t i = 0; i < 2 * LQ_ISID_BYTES; i++) {
        uint8_t c = text[i];
        bool is_digit = c >= '0' && c <= '9';
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
        if (!is_digit && !is_letter)
            return false;
        uint8_t value = (uint8_t)(is_digit ? c - '0' : (c | 0x20) - 'a' + 10);
        isid[i / 2] = (uint8_t)(isid[i / 2] << 4 | value);
    }
    return true;
}

/* A name alone (format 00b) speaks of all ports of an initiator: not one of them. */
static uint32_t transport_id_canonical(const uint8_t *bytes, uint32_t size_bytes,
                                       uint8_t *canonical, uint32_t *taken_bytes)
{
    if (!transport_id_is_valid(bytes, size_bytes) || bytes[0] != ID_WITH_ISID)
        return 0;
    const uint8_t *text = bytes + ID_HEADER_BYTES;
    uint32_t text_bytes = lq_get_be16(bytes + 2);
    const uint8_t *end = memchr(text, 0, text_bytes);
    uint32_t name_bytes = (uint32_t)(end - text) - ID_ISID_CHARACTERS;
    char name[LQ_TGT_NAME_SIZE];
    uint8_t isid[LQ_ISID_BYTES] = {0};
    if (!lq_iscsi_name_fold((struct lq_slice){text, name_bytes}, name) ||
        !parse_isid(end - 2 * LQ_ISID_BYTES, isid))
        return 0;
    *taken_bytes = ID_HEADER_BYTES + text_bytes;
    return lq_tgt_transport_id(name, isid, canonical);
}

const struct lq_transport lq_iscsi_transport = {
    .name = "iSCSI",
    .protocol_identifier = 5,
    .transport_id_is_valid = transport_id_is_valid,
    .transport_id_canonical = transport_id_canonical,
    .receive_data_out = receive_data_out,
    .send_data_in = send_data_in,
    .terminate_data_transfer = terminate_data_transfer,
    .command_complete = command_complete,
    .tm_executed = tm_executed,
    .nexus_ended = nexus_ended,
    .asynchronous_event = NULL,
    .close_all = close_all,
};
