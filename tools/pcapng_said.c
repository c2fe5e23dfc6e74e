/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pcapng_said.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "faults/faults.h"
#include "proto/iscsi/fields.h"

static const char *kind_of(uint32_t opcode)
{
    for (const struct lq_pdu_kind *kind = lq_iscsi_pdu_table.kinds; kind->name != NULL; kind++)
        if (kind->code == opcode)
            return kind->name;
    return "PDU";
}

void lq_said_add(struct lq_said *said, const struct lq_event *event)
{
    bool from_target = (event->flags & LQ_F_FROM_TARGET) != 0;
    const struct lq_fault_class *class = lq_fault_class((enum lq_fault)event->code);
    size_t at = strlen(said->text);
    said->time_ns = event->time_ns;
    snprintf(said->text + at, sizeof said->text - at,
             "%s%s struck a %s (itt %" PRIx64 "h, %" PRIu64 " bytes) %s. %s", at == 0 ? "" : "\n",
             class->name, kind_of(event->detail), event->tag, event->lba,
             from_target ? "from the target; here is what the target sent"
                         : "to the target; here is what the target received",
             class->sentence);
}
