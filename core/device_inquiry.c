/* SPDX-License-Identifier: Apache-2.0 */
/* INQUIRY and the vital product data pages [SPC-4 6.6, 7.8; SBC-3 6.6]: one row a page. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/hash.h"
#include "core/device.h"

enum { PAGE_BYTES_MAX = 256 };

/* Writes what follows the page's four header bytes; returns how many. */
typedef uint32_t (*page_writer)(const struct lq_engine *engine, const struct lq_engine_task *task,
                                uint8_t *body);

struct vpd_page {
    uint8_t code;
    page_writer write;
};

static uint32_t supported_pages(const struct lq_engine *engine, const struct lq_engine_task *task,
                                uint8_t *body);

/* Unit serial number [SPC-4 7.8.15]. */
static uint32_t unit_serial_number(const struct lq_engine *engine,
                                   const struct lq_engine_task *task, uint8_t *body)
{
    (void)engine;
    uint32_t bytes = (uint32_t)strlen(task->unit->serial);
    memcpy(body, task->unit->serial, bytes);
    return bytes;
}

/* Header of a designation descriptor [SPC-4 7.8.6.1]; returns where the designator goes. */
static uint8_t *put_designator(uint8_t *at, uint8_t code_set, uint8_t association, uint8_t type,
                               uint32_t bytes, uint8_t protocol)
{
    at[0] = (uint8_t)(association == 0 ? code_set : protocol << 4 | code_set);
    at[1] = (uint8_t)((association == 0 ? 0 : 0x80) | association << 4 | type);
    at[2] = 0;
    at[3] = (uint8_t)bytes;
    return at + 4;
}

/* Device identification [SPC-4 7.8.6]: T10 vendor id, NAA (locally assigned) and the port. */
static uint32_t device_identification(const struct lq_engine *engine,
                                      const struct lq_engine_task *task, uint8_t *body)
{
    (void)engine;
    const struct lq_unit *unit = task->unit;
    uint8_t *at = body;
    uint32_t serial_bytes = (uint32_t)strlen(unit->serial);
    uint8_t *designator = put_designator(at, 2, 0, 1, 8 + serial_bytes, 0);
    lq_put_ascii(designator, 8, unit->vendor);
    memcpy(designator + 8, unit->serial, serial_bytes);
    at = designator + 8 + serial_bytes;

    uint64_t locally = lq_hash(0, unit->serial, serial_bytes) & UINT64_C(0x0fffffffffffffff);
    designator = put_designator(at, 1, 0, 3, 8, 0);
    lq_put_be64(designator, UINT64_C(3) << 60 | locally);
    at = designator + 8;

    designator = put_designator(at, 1, 1, 4, 4, task->nexus->transport->protocol_identifier);
    lq_put_be32(designator, task->nexus->target_port);
    at = designator + 4;
    return (uint32_t)(at - body);
}

/* Block limits [SBC-3 6.6.3]: what one command may move. */
static uint32_t block_limits(const struct lq_engine *engine, const struct lq_engine_task *task,
                             uint8_t *body)
{
    const struct lq_store *store = task->unit->store->store;
    uint32_t most = engine->config.limits.transfer_bytes_max / store->block_bytes;
    uint32_t granule = 1U << store->physical_exponent;
    memset(body, 0, 60);
    body[1] = (uint8_t)lq_compare_blocks_max(engine, task->unit);
    lq_put_be16(body + 2, (uint16_t)granule); /* OPTIMAL TRANSFER LENGTH GRANULARITY */
    lq_put_be32(body + 4, most);              /* MAXIMUM TRANSFER LENGTH */
    lq_put_be32(body + 8, most);              /* OPTIMAL TRANSFER LENGTH */
    lq_put_be64(body + 32, LQ_WRITE_SAME_BLOCKS_MAX); /* MAXIMUM WRITE SAME LENGTH */
    if (store->is_thin) {
        lq_put_be32(body + 16, LQ_UNMAP_BLOCKS_MAX);         /* MAXIMUM UNMAP LBA COUNT */
        lq_put_be32(body + 20, LQ_UNMAP_DESCRIPTORS_MAX);    /* ... BLOCK DESCRIPTOR COUNT */
        lq_put_be32(body + 24, store->unmap_granule_blocks); /* OPTIMAL UNMAP GRANULARITY */
        body[28] = 0x80;                                     /* UGAVALID: aligned to 0 */
    }
    return 60;
}

/* Logical block provisioning [SBC-3 6.6.4]. */
static uint32_t provisioning(const struct lq_engine *engine, const struct lq_engine_task *task,
                             uint8_t *body)
{
    (void)engine;
    memset(body, 0, 4);
    if (task->unit->store->store->is_thin) {
        body[1] = 0xe0 | 0x04; /* LBPU, LBPWS, LBPWS10; LBPRZ: what is unmapped reads as zeros */
        body[2] = 0x02;        /* thin provisioned */
    }
    return 4;
}

static const struct vpd_page pages[] = {
    {0x00, supported_pages},
    {0x80, unit_serial_number},
    {0x83, device_identification},
    {0xb0, block_limits},
    {0xb2, provisioning},
};

enum { PAGES = sizeof pages / sizeof pages[0] };

static uint32_t supported_pages(const struct lq_engine *engine, const struct lq_engine_task *task,
                                uint8_t *body)
{
    (void)engine;
    (void)task;
    for (uint32_t i = 0; i < PAGES; i++)
        body[i] = pages[i].code;
    return PAGES;
}

/* What we claim [SPC-4 6.6.2, version descriptors]: SAM-5, SPC-4, SBC-3, iSCSI. */
static const uint16_t version_descriptors[] = {0x00a0, 0x0460, 0x04c0, 0x0960};

static void standard_inquiry(struct lq_engine *engine, struct lq_engine_task *task)
{
    enum { STANDARD_BYTES = 96 };
    uint8_t *data = task->buffer;
    memset(data, 0, STANDARD_BYTES);
    bool has_unit = lq_task_has_unit(engine, task);
    data[0] = has_unit ? 0x00 : 0x7f; /* 011b, 1Fh: nothing can be here */
    data[1] = has_unit && task->unit->removable ? 0x80 : 0; /* RMB */
    data[2] = 0x06;                   /* SPC-4 */
    data[3] = 0x10 | 0x02;            /* HISUP, response data format 2 */
    data[4] = STANDARD_BYTES - 5;
    data[7] = 0x02; /* CMDQUE: the SAM command queuing model */
    lq_put_ascii(data + 8, 8, has_unit ? task->unit->vendor : "LUNQUAKE");
    lq_put_ascii(data + 16, 16, has_unit ? task->unit->product : "NO DEVICE");
    lq_put_ascii(data + 32, 4, has_unit ? task->unit->revision : "0001");
    for (uint32_t i = 0; i < sizeof version_descriptors / sizeof version_descriptors[0]; i++)
        lq_put_be16(data + 58 + 2 * i, version_descriptors[i]);
    lq_end_allocated(engine, task, STANDARD_BYTES);
}

static void vpd_inquiry(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t code = task->cdb[2];
    for (uint32_t i = 0; i < PAGES && lq_task_has_unit(engine, task); i++) {
        if (pages[i].code != code)
            continue;
        memset(task->buffer, 0, PAGE_BYTES_MAX);
        uint32_t bytes = pages[i].write(engine, task, task->buffer + 4);
        LQ_ASSERT(bytes <= PAGE_BYTES_MAX - 4);
        task->buffer[1] = code;
        lq_put_be16(task->buffer + 2, (uint16_t)bytes);
        lq_end_allocated(engine, task, 4 + bytes);
        return;
    }
    lq_check_condition(engine, task, 0x05, 0x24, 0x00);
}

void lq_inquiry(struct lq_engine *engine, struct lq_engine_task *task)
{
    bool wants_page = (task->cdb[1] & 1) != 0;
    bool is_invalid = (task->cdb[1] & 2) != 0 || /* CMDDT: obsolete */
                      (!wants_page && task->cdb[2] != 0);
    if (is_invalid)
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
    else if (wants_page)
        vpd_inquiry(engine, task);
    else
        standard_inquiry(engine, task);
}
