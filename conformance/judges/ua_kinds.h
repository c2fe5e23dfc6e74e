/* SPDX-License-Identifier: Apache-2.0 */
/* Unit attentions by kind, and which commands report none. Internal to the UA judge (ua.c). */
#ifndef LQ_CONFORMANCE_JUDGES_UA_KINDS_H
#define LQ_CONFORMANCE_JUDGES_UA_KINDS_H

#include <stdbool.h>
#include <stdint.h>

/* COARSE: what a nexus that is new to the target may hear, and what a full queue is merged into. */
enum kind {
    COARSE, POWER_ON, RESET, STORE_RESET, NEXUS_LOSS, CLEARED, LUNS_CHANGED, CAPACITY, PARAMETERS,
    RESERVATIONS_PREEMPTED, RESERVATIONS_RELEASED, REGISTRATIONS_PREEMPTED,
    KINDS, OTHER_KIND = KINDS
};

static const char *const kind_names[] = {"POWER ON, RESET, OR BUS DEVICE RESET", "POWER ON",
                                         "RESET", "DEVICE INTERNAL RESET", "I_T NEXUS LOSS",
                                         "COMMANDS CLEARED BY ANOTHER INITIATOR",
                                         "REPORTED LUNS DATA HAS CHANGED",
                                         "CAPACITY DATA HAS CHANGED", "MODE PARAMETERS CHANGED",
                                         "RESERVATIONS PREEMPTED", "RESERVATIONS RELEASED",
                                         "REGISTRATIONS PREEMPTED"};

/* DETAIL is ASC << 8 | ASCQ. */
static inline enum kind kind_of(uint32_t detail)
{
    switch (detail) {
    case 0x2900: return COARSE;
    case 0x2901: return POWER_ON;
    case 0x2902: case 0x2903: return RESET;
    case 0x2904: return STORE_RESET;
    case 0x2907: return NEXUS_LOSS;
    case 0x2f00: return CLEARED;
    case 0x3f0e: return LUNS_CHANGED;
    case 0x2a09: return CAPACITY;
    case 0x2a01: return PARAMETERS;
    case 0x2a03: return RESERVATIONS_PREEMPTED;
    case 0x2a04: return RESERVATIONS_RELEASED;
    case 0x2a05: return REGISTRATIONS_PREEMPTED;
    default: return OTHER_KIND;
    }
}

/* Rank by precedence, highest 0 [SAM-4 r14 5.14]; equal ranks may come in any order. */
static inline uint32_t rank_of(uint32_t detail)
{
    switch (detail) {
    case 0x2900: return 0;
    case 0x2901: case 0x2904: return 1;
    case 0x2902: return 2;
    case 0x2903: return 3;
    case 0x2907: return 4;
    default: return 5;
    }
}

/* [SAM-5 r21 5.14]: INQUIRY, REPORT LUNS, REQUEST SENSE. */
static inline bool is_exempt(uint32_t opcode)
{
    return opcode == 0x12 || opcode == 0xa0 || opcode == 0x03;
}

#endif
