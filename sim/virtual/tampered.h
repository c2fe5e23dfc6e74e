/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose fault a protocol error is: the target's, or that of a fault rule which struck a PDU on its
 * way to the initiator or made the target answer what was never asked.
 *
 * An error about a task is excused when a PDU with its tag was struck on its connection; one about
 * the numbers that all PDUs share (StatSN, ExpCmdSN, MaxCmdSN) when any PDU of it was, or when the
 * tag is that of no task. When a TM function was struck, its initiator may believe commands gone
 * that are not. When PDUs to the target were, commands may have come ahead of a hole in CmdSN: then
 * the target may ask for data again that it could not keep.
 *
 * Who uses it: totals.c, tools (sim --exhaust, live scenarios).
 */
#ifndef LQ_SIM_VIRTUAL_TAMPERED_H
#define LQ_SIM_VIRTUAL_TAMPERED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/history.h"

enum { LQ_TAMPERED_MAX = 512 };

struct lq_tampered {
    uint32_t count; /* of the newest hits; older ones are overwritten */
    uint64_t hits;
    struct {
        uint32_t connection;
        bool from_target, is_function; /* of task management */
        uint64_t tag;
    } tasks[LQ_TAMPERED_MAX];
};

/* Notes EVENT, an LQ_W_FAULT that struck a PDU. */
void lq_tampered_note(struct lq_tampered *tampered, const struct lq_event *event);

/* Whether EVENT, an LQ_I_PROTOCOL, is excused. */
bool lq_tampered_excuses(const struct lq_tampered *tampered, const struct lq_event *event);

/* Mixes in what is excused from now on (core/base/digest.h). */
void lq_tampered_digest(const struct lq_tampered *tampered, struct lq_digest *digest);

#endif
