/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limits.h"

#include <stddef.h>

const struct lq_limits lq_limits_live = {
    .targets = 4,
    .units = 64,
    .stores = 64,
    .nexuses = 256,
    .tasks = 512,
    .tasks_per_nexus = 128,
    .aborts = 32,
    .registrations = 1024,
    .unit_attentions = 8,
    .transfer_bytes_max = 1U << 20,
    .connections = 256,
    .sessions = 128,
    .commands_per_session = 128,
    .segment_bytes_max = 256U << 10,
    .login_text_bytes_max = 16U << 10,
};

const struct lq_limits lq_limits_virtual = {
    .targets = 1,
    .units = 8,
    .stores = 4,
    .nexuses = 16,
    .tasks = 64,
    .tasks_per_nexus = 32,
    .aborts = 16,
    .registrations = 32,
    .unit_attentions = 8,
    .transfer_bytes_max = 64U << 10,
    .connections = 24,
    .sessions = 16,
    .commands_per_session = 32,
    .segment_bytes_max = 16U << 10,
    .login_text_bytes_max = 8U << 10,
};

/* One row a limit: where it is and what it may be. */
struct range {
    const char *name;
    size_t offset;
    uint32_t least, most;
};

#define RANGE(member, least, most)                                                                 \
    {                                                                                              \
#member, offsetof(struct lq_limits, member), least, most                                   \
    }

static const struct range ranges[] = {
    RANGE(targets, 1, 1024),
    RANGE(units, 1, 16384),
    RANGE(stores, 1, 16384),
    RANGE(nexuses, 1, 65535),
    RANGE(tasks, 1, 1U << 20),
    RANGE(tasks_per_nexus, 1, 1U << 16),
    RANGE(aborts, 1, 60),
    RANGE(registrations, 1, 1U << 16),
    RANGE(unit_attentions, 2, 16),
    RANGE(transfer_bytes_max, 4096, 1U << 28),
    RANGE(connections, 1, 1U << 16),
    RANGE(sessions, 1, 65535),
    RANGE(commands_per_session, 1, 1U << 12),
    RANGE(segment_bytes_max, 512, (1U << 24) - 1), /* [RFC 7143 13.12] */
    RANGE(login_text_bytes_max, 8192, 1U << 20),
};

const char *lq_limits_check(const struct lq_limits *limits)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const void *member = (const char *)limits + ranges[i].offset;
        uint32_t value = *(const uint32_t *)member;
        if (value < ranges[i].least || value > ranges[i].most)
            return ranges[i].name;
    }
    if ((limits->commands_per_session & (limits->commands_per_session - 1)) != 0)
        return "commands_per_session";
    return NULL;
}
