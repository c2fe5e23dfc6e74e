/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit of a shard in one place. All memory follows from these at start; nothing grows.
 *
 * Exhaustion has a protocol answer: the command window closes, then TASK SET FULL, then BUSY; task
 * management has slots of its own; what an administrator asks beyond a limit is refused by name.
 */
#ifndef LQ_CORE_LIMITS_H
#define LQ_CORE_LIMITS_H

#include <stdint.h>

struct lq_limits {
    uint32_t targets;         /* SCSI target devices */
    uint32_t units;           /* logical units, all targets together */
    uint32_t stores;          /* block stores */
    uint32_t nexuses;         /* I_T nexuses remembered, all targets together; fewer than 65536 */
    uint32_t tasks;           /* commands in the engine at once, orphans included */
    uint32_t tasks_per_nexus; /* beyond it: TASK SET FULL */
    uint32_t aborts;          /* TM functions and nexus losses in progress; at most 60 */
    uint32_t registrations;   /* for persistent reservations, all logical units together */
    uint32_t unit_attentions; /* pending per I_T_L nexus; at most 16 */
    uint32_t transfer_bytes_max;   /* data of one command; every task slot owns a buffer of it */
    uint32_t connections;          /* transport connections, those not logged in included */
    uint32_t sessions;             /* sessions in full feature phase */
    uint32_t commands_per_session; /* command window of a session; a power of two */
    uint32_t segment_bytes_max; /* largest data segment that we accept (MaxRecvDataSegmentLength) */
    uint32_t login_text_bytes_max; /* login and text negotiation, all PDUs of one exchange */
};

/* Defaults of the live world, and small ones for the virtual one. */
extern const struct lq_limits lq_limits_live;
extern const struct lq_limits lq_limits_virtual;

/* The name of the first limit that is out of its range, NULL when all are usable. */
const char *lq_limits_check(const struct lq_limits *limits);

#endif
