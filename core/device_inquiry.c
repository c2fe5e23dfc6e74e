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

/* Extended INQUIRY data [SPC-4 7.8.7]. */
static uint32_t extended_inquiry(const struct lq_engine *engine, const struct lq_engine_task *task,
                                 uint8_t *body)
{
    enum { BODY_BYTES = 60 };
    memset(body, 0, BODY_BYTES);
    body[1] = 0x07; /* HEADSUP, ORDSUP, SIMPSUP */
    body[2] = lq_has_write_cache(engine, task->unit) ? 0x01 : 0; /* V_SUP */
    body[3] = 0x01; /* LUICLR: REPORTED LUNS DATA HAS CHANGED is cleared for all units at once */
    return BODY_BYTES;
}

/* Mode page policy [SPC-4 7.8.10]: all pages are shared by all I_T nexuses. */
static uint32_t mode_page_policy(const struct lq_engine *engine, const struct lq_engine_task *task,
                                 uint8_t *body)
{
    static const uint8_t all_shared[4] = {0x3f, 0xff, 0x00, 0x00};
    (void)engine, (void)task;
    memcpy(body, all_shared, sizeof all_shared);
    return sizeof all_shared;
}

/* SCSI ports [SPC-4 7.8.14]: each target port, with its relative identifier as its designator. The
 * protocol is known of the one that is asked by. */
static uint32_t scsi_ports(const struct lq_engine *engine, const struct lq_engine_task *task,
                           uint8_t *body)
{
    enum { PORT_BYTES = 20, DESIGNATOR_BYTES = 8, PORTS_MAX = (PAGE_BYTES_MAX - 4) / PORT_BYTES };
    uint32_t ports = engine->target_ports[task->nexus->target];
    if (ports > PORTS_MAX)
        ports = PORTS_MAX;
    memset(body, 0, ports * PORT_BYTES);
    for (uint32_t i = 0; i < ports; i++) {
        uint8_t *port = body + i * PORT_BYTES;
        uint16_t number = (uint16_t)(i + 1);
        bool is_own = number == task->nexus->target_port;
        lq_put_be16(port + 2, number);
        lq_put_be16(port + 10, DESIGNATOR_BYTES);
        uint8_t *designator = put_designator(port + 12, 1, 1, 4, 4,
                                             task->nexus->transport->protocol_identifier);
        if (!is_own) { /* PIV 0 */
            port[12] &= 0x0f;
            port[13] &= 0x7f;
        }
        lq_put_be32(designator, number);
    }
    return ports * PORT_BYTES;
}

/* Block device characteristics [SBC-3 6.6.2]: does not rotate; FUA and SYNCHRONIZE CACHE do what
 * the standard says. */
static uint32_t characteristics(const struct lq_engine *engine, const struct lq_engine_task *task,
                                uint8_t *body)
{
    /* WABEREQ and WACEREQ 01b: blocks can be read after SANITIZE; VBULS: VERIFY compares with
     * unmapped ones, too. */
    enum { BODY_BYTES = 60, NON_ROTATING = 1, FUAB = 0x02, VBULS = 0x01, READABLE = 0x50 };
    (void)engine, (void)task;
    memset(body, 0, BODY_BYTES);
    lq_put_be16(body, NON_ROTATING);
    body[3] = READABLE;
    body[4] = FUAB | VBULS;
    return BODY_BYTES;
}

static const struct vpd_page pages[] = {
    {0x00, supported_pages},
    {0x80, unit_serial_number},
    {0x83, device_identification},
    {0x86, extended_inquiry},
    {0x87, mode_page_policy},
    {0x88, scsi_ports},
    {0xb0, block_limits},
    {0xb1, characteristics},
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
    data[3] = 0x20 | 0x10 | 0x02;     /* NORMACA, HISUP, response data format 2 */
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
