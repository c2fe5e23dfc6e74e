/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous iSCSI sessions for the held-write tests, on libiscsi.
 *
 * Everything is started without waiting and then watched by held_pump, which serves all sessions
 * and the control connection to heldfs together, so that no wait for one hides an event of another.
 * It judges nothing. libiscsi cannot set a task attribute; for that see raw_client.h.
 */
#ifndef LQ_CONFORMANCE_SUITES_HELD_SESSION_H
#define LQ_CONFORMANCE_SUITES_HELD_SESSION_H

#include "conformance/suites/held_control.h"

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

enum { HELD_BLOCK_BYTES = 512, HELD_EXTENT_BLOCKS = 8,
       HELD_EXTENT_BYTES = HELD_BLOCK_BYTES * HELD_EXTENT_BLOCKS, HELD_SESSIONS_MAX = 8 };

/* Anything that was started and ends later. */
struct held_op {
    bool done;
    int status;                       /* SCSI status, or libiscsi's own codes above 255 */
    uint32_t sense;                   /* key << 16 | ASC << 8 | ASCQ, of CHECK CONDITION */
    uint32_t response;                /* of a task management function */
    int fill;                         /* of a read: value of every byte, or -1 */
    int64_t started_ms;
    int64_t ended_ms;
    struct scsi_task *task;           /* until done; for ABORT TASK */
    unsigned char data[HELD_EXTENT_BYTES];
};

struct held_session {
    struct iscsi_context *iscsi;
    char portal[256];
    int lun;
};

struct held_pump {
    struct held_control *control;
    unsigned nsessions;
    struct held_session *sessions[HELD_SESSIONS_MAX];
};

/* Make a session's context from the URI; initiator names the initiator, isid its session. */
void held_session_init(struct held_session *session, const char *uri, const char *initiator,
                       uint32_t isid);

/* Destroy it; the connection, if any, is closed. Ends its outstanding operations as cancelled. */
void held_session_end(struct held_pump *pump, struct held_session *session);

/* TCP connect and login as one operation. Adds the session to the pump. */
void held_login(struct held_pump *pump, struct held_session *session, struct held_op *op);

/* Close the TCP connection: with a FIN, or with a RST. Takes the session out of the pump. */
void held_drop(struct held_pump *pump, struct held_session *session, bool reset);

void held_logout(struct held_session *session, struct held_op *op);
void held_test_unit_ready(struct held_session *session, struct held_op *op);

/* HELD_EXTENT_BLOCKS blocks from lba, every byte `value`. */
void held_write(struct held_session *session, uint32_t lba, unsigned char value,
                struct held_op *op);
void held_read(struct held_session *session, uint32_t lba, struct held_op *op);

/* task: of ABORT TASK, else NULL. */
void held_task_management(struct held_session *session, enum iscsi_task_mgmt_funcs function,
                          const struct scsi_task *task, struct held_op *op);

/* Serve everything until *until is true (or NULL: never) or timeout_ms have passed. Returns whether
 * *until became true. */
bool held_wait(struct held_pump *pump, const bool *until, int64_t timeout_ms);

/* Serve everything until a request that touches the extent is held; false on time-out. */
bool held_wait_held(struct held_pump *pump, unsigned *from, unsigned file, uint64_t offset,
                    int64_t timeout_ms, struct held_event *event);

/* TEST UNIT READY until every unit attention is reported; false when it does not become GOOD. */
bool held_settle(struct held_pump *pump, struct held_session *session, int64_t timeout_ms);

#endif
