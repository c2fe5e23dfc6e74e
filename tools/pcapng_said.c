/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pcapng_said.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "faults/faults.h"
#include "proto/fcoe/fields.h"
#include "proto/iscsi/fields.h"

static const char *kind_of(uint32_t code)
{
    const struct lq_pdu_kind *kind = lq_pdu_kind_by_code(&lq_iscsi_pdu_table, code);
    if (kind == NULL)
        kind = lq_pdu_kind_by_code(&lq_fcoe_pdu_table, code);
    return kind == NULL ? "PDU" : kind->name;
}

bool lq_said_is_of_frames(const struct lq_event *event)
{
    enum lq_fault_place place = lq_fault_class((enum lq_fault)event->code)->place;
    if (place == LQ_FAULT_PLACE_PDU)
        return lq_pdu_kind_by_code(&lq_fcoe_pdu_table, event->detail) != NULL;
    return place == LQ_FAULT_PLACE_FRAME || place == LQ_FAULT_PLACE_FABRIC;
}

void lq_said_add(struct lq_said *said, const struct lq_event *event)
{
    bool from_target = (event->flags & LQ_F_FROM_TARGET) != 0;
    const struct lq_fault_class *class = lq_fault_class((enum lq_fault)event->code);
    size_t at = strlen(said->text);
    said->time_ns = event->time_ns;
    if ((event->flags & LQ_F_PDU) == 0) {
        snprintf(said->text + at, sizeof said->text - at, "%s%s. %s", at == 0 ? "" : "\n",
                 class->name, class->sentence);
        return;
    }
    snprintf(said->text + at, sizeof said->text - at,
             "%s%s struck a %s (%s %" PRIx64 "h, %" PRIu64 " bytes) %s. %s", at == 0 ? "" : "\n",
             class->name, kind_of(event->detail), lq_said_is_of_frames(event) ? "ox_id" : "itt",
             event->tag, event->lba,
             from_target ? "from the target; here is what the target sent"
                         : "to the target; here is what the target received",
             class->sentence);
}
