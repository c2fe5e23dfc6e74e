/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suites/held_session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ATTENTIONS_MAX = 8 };

static _Noreturn void give_up(const char *what, struct iscsi_context *iscsi)
{
    printf("FAILED: %s: %s\n", what, iscsi != NULL ? iscsi_get_error(iscsi) : "no memory");
    exit(1);
}

static void start(struct held_op *op)
{
    memset(op, 0, sizeof *op);
    op->started_ms = held_now_ms();
    op->fill = -1;
}

static void end(struct held_op *op, int status)
{
    op->done = true;
    op->status = status;
    op->ended_ms = held_now_ms();
}

void held_session_init(struct held_session *session, const char *uri, const char *initiator,
                       uint32_t isid)
{
    struct iscsi_context *iscsi = iscsi_create_context(initiator);
    struct iscsi_url *url = iscsi != NULL ? iscsi_parse_full_url(iscsi, uri) : NULL;

    if (url == NULL)
        give_up(uri, iscsi);
    snprintf(session->portal, sizeof session->portal, "%s", url->portal);
    session->lun = url->lun;
    session->iscsi = iscsi;
    iscsi_set_targetname(iscsi, url->target);
    iscsi_set_session_type(iscsi, ISCSI_SESSION_NORMAL);
    iscsi_set_isid_random(iscsi, isid, 0);
    iscsi_set_noautoreconnect(iscsi, 1);
    iscsi_destroy_url(url);
}

static void leave_pump(struct held_pump *pump, const struct held_session *session)
{
    for (unsigned i = 0; i < pump->nsessions; i++) {
        if (pump->sessions[i] == session) {
            pump->sessions[i] = pump->sessions[--pump->nsessions];
            return;
        }
    }
}

void held_session_end(struct held_pump *pump, struct held_session *session)
{
    leave_pump(pump, session);
    iscsi_destroy_context(session->iscsi);
    session->iscsi = NULL;
}

static void on_login(struct iscsi_context *iscsi, int status, void *data, void *op)
{
    (void)iscsi;
    (void)data;
    end(op, status);
}

static void on_connect(struct iscsi_context *iscsi, int status, void *data, void *op)
{
    (void)data;
    if (status != SCSI_STATUS_GOOD) {
        end(op, status);
        return;
    }
    if (iscsi_login_async(iscsi, on_login, op) != 0)
        give_up("login", iscsi);
}

void held_login(struct held_pump *pump, struct held_session *session, struct held_op *op)
{
    start(op);
    if (pump->nsessions == HELD_SESSIONS_MAX)
        give_up("too many sessions", session->iscsi);
    pump->sessions[pump->nsessions++] = session;
    if (iscsi_connect_async(session->iscsi, session->portal, on_connect, op) != 0)
        give_up("connect", session->iscsi);
}

void held_drop(struct held_pump *pump, struct held_session *session, bool reset)
{
    if (reset) {
        struct linger linger = { .l_onoff = 1, .l_linger = 0 };

        setsockopt(iscsi_get_fd(session->iscsi), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    leave_pump(pump, session);
    iscsi_disconnect(session->iscsi);
}

static void on_logout(struct iscsi_context *iscsi, int status, void *data, void *op)
{
    (void)iscsi;
    (void)data;
    end(op, status);
}

void held_logout(struct held_session *session, struct held_op *op)
{
    start(op);
    if (iscsi_logout_async(session->iscsi, on_logout, op) != 0)
        give_up("logout", session->iscsi);
}

static void on_command(struct iscsi_context *iscsi, int status, void *data, void *private_data)
{
    struct held_op *op = private_data;
    const struct scsi_task *task = data;

    (void)iscsi;
    if (status == SCSI_STATUS_CHECK_CONDITION && task != NULL)
        op->sense = (uint32_t)task->sense.key << 16 | (uint32_t)task->sense.ascq;
    if (status == SCSI_STATUS_GOOD && task != NULL && task->datain.size == HELD_EXTENT_BYTES) {
        op->fill = task->datain.data[0];
        for (int i = 1; i < HELD_EXTENT_BYTES; i++)
            if (task->datain.data[i] != task->datain.data[0])
                op->fill = -1;
    }
    end(op, status);
    if (op->task != NULL)
        scsi_free_scsi_task(op->task);
    op->task = NULL;
}

static void started(struct held_session *session, struct held_op *op, const char *what)
{
    if (op->task == NULL)
        give_up(what, session->iscsi);
}

void held_test_unit_ready(struct held_session *session, struct held_op *op)
{
    start(op);
    op->task = iscsi_testunitready_task(session->iscsi, session->lun, on_command, op);
    started(session, op, "TEST UNIT READY");
}

void held_write(struct held_session *session, uint32_t lba, unsigned char value,
                struct held_op *op)
{
    start(op);
    memset(op->data, value, sizeof op->data);
    op->task = iscsi_write10_task(session->iscsi, session->lun, lba, op->data, sizeof op->data,
                                  HELD_BLOCK_BYTES, 0, 0, 0, 0, 0, on_command, op);
    started(session, op, "WRITE");
}

void held_read(struct held_session *session, uint32_t lba, struct held_op *op)
{
    start(op);
    op->task = iscsi_read10_task(session->iscsi, session->lun, lba, HELD_EXTENT_BYTES,
                                 HELD_BLOCK_BYTES, 0, 0, 0, 0, 0, on_command, op);
    started(session, op, "READ");
}

static void on_task_management(struct iscsi_context *iscsi, int status, void *data,
                               void *private_data)
{
    struct held_op *op = private_data;

    (void)iscsi;
    if (data != NULL && status == SCSI_STATUS_GOOD)
        memcpy(&op->response, data, sizeof op->response);
    end(op, status);
}

void held_task_management(struct held_session *session, enum iscsi_task_mgmt_funcs function,
                          const struct scsi_task *task, struct held_op *op)
{
    /* Not the library's wrappers: they cancel commands by themselves and so hide the answers. */
    start(op);
    if (iscsi_task_mgmt_async(session->iscsi, session->lun, function,
                              task != NULL ? task->itt : 0xffffffff,
                              task != NULL ? task->cmdsn : 0, on_task_management, op) != 0)
        give_up("task management", session->iscsi);
}

/* Wait once, at most timeout_ms, for any session or heldfs, and serve what is ready. */
static void pump_once(struct held_pump *pump, int timeout_ms)
{
    struct pollfd fds[HELD_SESSIONS_MAX + 1];
    struct held_session *sessions[HELD_SESSIONS_MAX];
    unsigned n = pump->nsessions;

    memcpy(sessions, pump->sessions, sizeof sessions);
    for (unsigned i = 0; i < n; i++) {
        fds[i].fd = iscsi_get_fd(sessions[i]->iscsi);
        fds[i].events = (short)iscsi_which_events(sessions[i]->iscsi);
    }
    fds[n].fd = pump->control->fd;
    fds[n].events = POLLIN;
    if (poll(fds, n + 1, timeout_ms) <= 0)
        return;
    for (unsigned i = 0; i < n; i++) {
        /* A session whose connection the target closed is served no more. */
        if (fds[i].revents != 0 && iscsi_service(sessions[i]->iscsi, fds[i].revents) < 0)
            leave_pump(pump, sessions[i]);
    }
    if (fds[n].revents != 0)
        held_poll(pump->control);
}

bool held_wait(struct held_pump *pump, const bool *until, int64_t timeout_ms)
{
    int64_t end_ms = held_now_ms() + timeout_ms;

    for (;;) {
        int64_t left_ms = end_ms - held_now_ms();

        if (until != NULL && *until)
            return true;
        if (left_ms <= 0)
            return false;
        pump_once(pump, left_ms > 50 ? 50 : (int)left_ms);
    }
}

bool held_wait_held(struct held_pump *pump, unsigned *from, unsigned file, uint64_t offset,
                    int64_t timeout_ms, struct held_event *event)
{
    int64_t end_ms = held_now_ms() + timeout_ms;

    for (;;) {
        const struct held_event *found =
            held_find(pump->control, from, file, offset, HELD_EXTENT_BYTES);

        if (found != NULL && found->held) {
            *event = *found;
            return true;
        }
        if (found != NULL)
            continue;
        if (held_now_ms() >= end_ms)
            return false;
        pump_once(pump, 20);
    }
}

bool held_settle(struct held_pump *pump, struct held_session *session, int64_t timeout_ms)
{
    int64_t end_ms = held_now_ms() + timeout_ms;

    for (int i = 0; i < ATTENTIONS_MAX; i++) {
        struct held_op op;

        held_test_unit_ready(session, &op);
        if (!held_wait(pump, &op.done, end_ms - held_now_ms())) {
            /* op lives on this stack: the session must not answer into it later. */
            held_session_end(pump, session);
            return false;
        }
        if (op.status == SCSI_STATUS_GOOD)
            return true;
    }
    return false;
}
