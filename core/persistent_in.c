/* SPDX-License-Identifier: Apache-2.0 */
/* PERSISTENT RESERVE IN [SPC-4 6.15]: what is registered and reserved; it needs no registration. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

enum { HEADER_BYTES = 8, STATUS_DESCRIPTOR_BYTES = 24 };

/* Ends TASK with header and BYTES of what follows; ADDITIONAL LENGTH counts all there is. */
static void end_with(struct lq_engine *engine, struct lq_engine_task *task, uint32_t additional,
                     uint32_t bytes)
{
    lq_put_be32(task->buffer, task->unit->reservations.generation);
    lq_put_be32(task->buffer + 4, additional);
    lq_end_allocated(engine, task, bytes);
}

/* [SPC-4 6.15.2] */
void lq_persistent_read_keys(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t bytes = HEADER_BYTES, additional = 0;
    LQ_LIST_EACH(link, &task->unit->reservations.registrations)
    {
        additional += 8;
        if (bytes + 8 > engine->config.limits.transfer_bytes_max)
            continue;
        lq_put_be64(task->buffer + bytes, LQ_ELEMENT(link, struct lq_registration, link)->key);
        bytes += 8;
    }
    end_with(engine, task, additional, bytes);
}

/* [SPC-4 6.15.3]; of an all registrants reservation the key is 0. */
void lq_persistent_read_reservation(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_reservations *reservations = &task->unit->reservations;
    if (reservations->type == LQ_TYPE_NONE) {
        end_with(engine, task, 0, HEADER_BYTES);
        return;
    }
    uint8_t *body = task->buffer + HEADER_BYTES;
    memset(body, 0, 16);
    if (reservations->holder != NULL)
        lq_put_be64(body, reservations->holder->key);
    body[13] = reservations->type; /* SCOPE 0: the logical unit */
    end_with(engine, task, 16, HEADER_BYTES + 16);
}

/* [SPC-4 6.15.4] */
void lq_persistent_report_capabilities(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t *data = task->buffer;
    memset(data, 0, 8);
    lq_put_be16(data, 8);
    data[2] = 0x10 | 0x04; /* CRH, ATP_C */
    if (task->unit->saved.has_place)
        data[2] |= 0x01; /* PTPL_C */
    if (task->nexus->transport->transport_id_canonical != NULL)
        data[2] |= 0x08; /* SIP_C */
    data[3] = 0x80 | 0x40; /* TMV; ALLOW COMMANDS 100b: as core/reserve.c's matrix has it */
    if (task->unit->reservations.aptpl)
        data[3] |= 0x01; /* PTPL_A */
    data[4] = 0xea;        /* all registrants (WE), registrants only, EA, WE */
    data[5] = 0x01;        /* all registrants (EA) */
    lq_end_allocated(engine, task, 8);
}

static uint32_t put_full_status(const struct lq_engine *engine, const struct lq_unit *unit,
                                const struct lq_registration *registration, uint8_t *at)
{
    memset(at, 0, STATUS_DESCRIPTOR_BYTES);
    lq_put_be64(at, registration->key);
    if (lq_holds_reservation(engine, unit, registration)) {
        at[12] = 0x01; /* R_HOLDER */
        at[13] = unit->reservations.type;
    }
    lq_put_be16(at + 18, registration->target_port);
    lq_put_be32(at + 20, registration->transport_id_bytes);
    memcpy(at + STATUS_DESCRIPTOR_BYTES, registration->transport_id,
           registration->transport_id_bytes);
    return STATUS_DESCRIPTOR_BYTES + registration->transport_id_bytes;
}

/* [SPC-4 6.15.5]: each port that ALL_TG_PT registered through has a descriptor of its own. */
void lq_persistent_read_full_status(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t bytes = HEADER_BYTES, additional = 0;
    LQ_LIST_EACH(link, &task->unit->reservations.registrations)
    {
        const struct lq_registration *registration =
            LQ_ELEMENT(link, struct lq_registration, link);
        uint32_t more = STATUS_DESCRIPTOR_BYTES + registration->transport_id_bytes;
        additional += more;
        if (bytes + more <= engine->config.limits.transfer_bytes_max)
            bytes += put_full_status(engine, task->unit, registration, task->buffer + bytes);
    }
    end_with(engine, task, additional, bytes);
}
