/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small blocking iSCSI initiator that sends exactly what it is told.
 *
 * For what libiscsi cannot do: task attributes, Data-Out that is withheld. It answers nothing by
 * itself, retries nothing and judges nothing. Offsets are written from [RFC 7143 11]; it shares no
 * code with the engine. Every wait is bounded; each function that can fail prints one line and
 * returns false or -1. Used by held_order.c.
 */
#ifndef LQ_CONFORMANCE_SUITES_RAW_CLIENT_H
#define LQ_CONFORMANCE_SUITES_RAW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAW_HEADER_BYTES = 48, RAW_DATA_MAX_BYTES = 65536 };

/* [RFC 7143 11.3.1] ATTR */
enum raw_attribute { RAW_SIMPLE = 1, RAW_ORDERED = 2, RAW_HEAD_OF_QUEUE = 3 };

enum raw_opcode {                     /* [RFC 7143 11.2.1.2] */
    RAW_NOP_IN = 0x20,
    RAW_SCSI_RESPONSE = 0x21,
    RAW_LOGIN_RESPONSE = 0x23,
    RAW_DATA_IN = 0x25,
    RAW_R2T = 0x31
};

struct raw_pdu {
    unsigned char header[RAW_HEADER_BYTES];
    uint32_t data_bytes;
    unsigned char data[RAW_DATA_MAX_BYTES];
};

struct raw_client {
    int fd;
    int lun;
    uint32_t cmd_sn;
    uint32_t exp_stat_sn;
    uint32_t next_tag;
    struct raw_pdu pdu;               /* the last one received */
};

/* Connect and log in to iscsi://HOST:PORT/IQN/LUN with InitialR2T=Yes, ImmediateData=Yes and no
 * digests. */
bool raw_login(struct raw_client *client, const char *uri, const char *initiator, int timeout_ms);
void raw_close(struct raw_client *client);

/* WRITE(10) of nblocks of 512 bytes, every byte `value`, all as immediate data or none of it.
 * Returns its initiator task tag in *tag. */
bool raw_write(struct raw_client *client, enum raw_attribute attribute, uint32_t lba,
               uint32_t nblocks, unsigned char value, bool immediate, uint32_t *tag);

/* The Data-Out PDU that answers an R2T whole; ttt and bytes as the R2T said. */
bool raw_data_out(struct raw_client *client, uint32_t tag, uint32_t ttt, uint32_t bytes,
                  unsigned char value);

bool raw_test_unit_ready(struct raw_client *client, uint32_t *tag);

/* An immediate NOP-Out that asks for an answer: when it comes, all sent before it was received. */
bool raw_ping(struct raw_client *client, uint32_t *tag);

/* Receive one PDU into client->pdu. Returns 1; 0 on time-out; -1 when the connection is gone. */
int raw_receive(struct raw_client *client, int timeout_ms);

/* Fields of client->pdu. */
unsigned raw_opcode(const struct raw_client *client);
uint32_t raw_tag(const struct raw_client *client);
uint32_t raw_field32(const struct raw_client *client, size_t offset);
unsigned raw_status(const struct raw_client *client);

#endif
