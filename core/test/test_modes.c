/* SPDX-License-Identifier: Apache-2.0 */
/* MODE SENSE and MODE SELECT [SPC-5 6.9 to 6.15, 7.5.10; SBC-4 6.5]. */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

enum { CHANGED = 0x062a01, INVALID_FIELD_IN_LIST = 0x052600, LIST_LENGTH_ERROR = 0x051a00 };

static uint32_t sense_of(uint32_t place)
{
    const struct rig_command *command = &rig.commands[place];
    CU_ASSERT_TRUE(command->completed);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

/* The Control mode page as it is by default, in a list for MODE SELECT(6). */
static const uint8_t plain[16] = {0, 0, 0, 0, 0x0a, 10, 0, 0x10, 0, 0, 0, 0, 0xff, 0xff, 0, 0};

/* PC field, page: the page, without header or block descriptor. */
static const uint8_t *show(uint32_t nexus, uint8_t control, uint8_t page)
{
    const uint8_t cdb[6] = {0x1a, 0x08, (uint8_t)(control << 6 | page), 0, 255, 0};
    uint32_t place = rig_send(&rig, nexus, 0, LQ_SIMPLE, cdb, 6, 255, 0, 0, 0);
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].status, LQ_GOOD);
    return rig.commands[place].data_in + 4;
}

static uint32_t select_six(uint32_t nexus, const uint8_t *list, uint8_t bytes)
{
    const uint8_t cdb[6] = {0x15, 0x10, 0, 0, bytes, 0};
    return rig_send_data(&rig, nexus, 0, cdb, 6, list, bytes, 0);
}

static void what_may_change(void)
{
    rig_init(&rig, NULL);
    const uint8_t *page = show(0, 1, 0x0a);
    CU_ASSERT_EQUAL(page[0], 0x0a);
    CU_ASSERT_EQUAL(page[1], 10);
    CU_ASSERT_EQUAL(page[2] & 0x04, 0x04); /* D_SENSE */
    CU_ASSERT_EQUAL(page[4] & 0x08, 0x08); /* SWP */
    CU_ASSERT_EQUAL(page[8], 0);           /* BUSY TIMEOUT PERIOD */
    page = show(0, 1, 0x08);
    CU_ASSERT_EQUAL(page[2], 0); /* no cache, no WCE */
    rig_fini(&rig);
}

static void values_hold_for_all(void)
{
    rig_init(&rig, NULL);
    uint8_t list[16];
    memcpy(list, plain, sizeof list);
    list[6] = 0x04; /* D_SENSE */
    CU_ASSERT_EQUAL(rig.commands[select_six(0, list, 16)].status, LQ_GOOD);
    CU_ASSERT_EQUAL(show(0, 0, 0x0a)[2], 0x04);
    CU_ASSERT_EQUAL(show(0, 2, 0x0a)[2], 0x00);    /* by default it is another */
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), CHANGED);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* once */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0); /* not whoever did it */
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 1), 0); /* not by other units */
    CU_ASSERT_EQUAL(show(1, 0, 0x0a)[2], 0x04);
    CU_ASSERT_EQUAL(rig.commands[select_six(1, list, 16)].status, LQ_GOOD); /* nothing new */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062903);
    CU_ASSERT_EQUAL(show(0, 0, 0x0a)[2], 0x00);
    rig_fini(&rig);
}

/* [SPC-5 6.9]: what is wrong in a list, and that nothing of it holds then. */
static void what_is_refused(void)
{
    static const struct {
        uint32_t sense;
        uint8_t bytes, at, value;
    } rows[] = {
        {INVALID_FIELD_IN_LIST, 16, 1, 0x05},  /* medium type */
        {INVALID_FIELD_IN_LIST, 16, 3, 0x04},  /* block descriptors of 4 bytes */
        {LIST_LENGTH_ERROR, 10, 3, 0x08},      /* ... of 8, which are not there */
        {INVALID_FIELD_IN_LIST, 16, 4, 0x0b},  /* a page that is not there */
        {INVALID_FIELD_IN_LIST, 16, 4, 0x4a},  /* a subpage of it */
        {INVALID_FIELD_IN_LIST, 16, 5, 0x0b},  /* another length than the page has */
        {INVALID_FIELD_IN_LIST, 16, 7, 0x14},  /* QERR 10b */
        {INVALID_FIELD_IN_LIST, 16, 12, 0xfe}, /* what can't be changed */
        {LIST_LENGTH_ERROR, 15, 0, 0},         /* a page cut off */
        {LIST_LENGTH_ERROR, 5, 0, 0},
        {LIST_LENGTH_ERROR, 3, 0, 0},          /* the header cut off */
    };
    rig_init(&rig, NULL);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t list[16];
        memcpy(list, plain, sizeof list);
        list[6] = 0x04;
        list[rows[i].at] = rows[i].value;
        CU_ASSERT_EQUAL(sense_of(select_six(0, list, rows[i].bytes)), rows[i].sense);
        CU_ASSERT_EQUAL(show(0, 0, 0x0a)[2], 0);
    }
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    const uint8_t saves[6] = {0x15, 0x11, 0, 0, 16, 0}, format[6] = {0x15, 0, 0, 0, 16, 0};
    CU_ASSERT_EQUAL(sense_of(rig_send_data(&rig, 0, 0, saves, 6, plain, 16, 0)), 0x052400);
    CU_ASSERT_EQUAL(sense_of(rig_send_data(&rig, 0, 0, format, 6, plain, 16, 0)), 0x052400);
    /* shorter than its CDB says */
    const uint8_t cdb[6] = {0x15, 0x10, 0, 0, 20, 0};
    CU_ASSERT_EQUAL(sense_of(rig_send_data(&rig, 0, 0, cdb, 6, plain, 16, 0)), LIST_LENGTH_ERROR);
    const uint8_t none[6] = {0x15, 0x10};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, none, 6, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD); /* no list is no error */
    rig_fini(&rig);
}

/* [SBC-4 6.5.2] */
static void block_descriptors(void)
{
    rig_init(&rig, NULL);
    const uint8_t ten[10] = {0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 255, 0}; /* LLBAA */
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, ten, 10, 255, 0, 0, 0);
    static const uint8_t header[24] = {0, 34, 0, 0x10, 1, 0, 0, 16, 0, 0, 0, 0,
                                       0, 0,  4, 0,    0, 0, 0, 0,  0, 0, 2, 0};
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].data_in_bytes, 36);
    CU_ASSERT_EQUAL(memcmp(rig.commands[place].data_in, header, sizeof header), 0);
    /* MODE SELECT(10) with what was shown, and with another block length */
    uint8_t list[36];
    memcpy(list, rig.commands[place].data_in, sizeof list);
    list[0] = list[1] = 0;
    list[26] = 0x04;
    const uint8_t cdb[10] = {0x55, 0x10, 0, 0, 0, 0, 0, 0, 36, 0};
    place = rig_send_data(&rig, 0, 0, cdb, 10, list, 36, 0);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    CU_ASSERT_EQUAL(show(0, 0, 0x0a)[2], 0x04);
    list[22] = 0x10;
    CU_ASSERT_EQUAL(sense_of(rig_send_data(&rig, 0, 0, cdb, 10, list, 36, 0)),
                    INVALID_FIELD_IN_LIST);
    list[22] = 0x02;
    list[14] = 0x03; /* another capacity */
    CU_ASSERT_EQUAL(sense_of(rig_send_data(&rig, 0, 0, cdb, 10, list, 36, 0)),
                    INVALID_FIELD_IN_LIST);
    rig_fini(&rig);
}

/* [SPC-5 4.4.2]: response code, key, ASC, ASCQ at their places in descriptor format. */
static void descriptor_sense(void)
{
    rig_init(&rig, NULL);
    uint8_t list[16];
    memcpy(list, plain, sizeof list);
    list[6] = 0x04;
    select_six(0, list, 16);
    const uint8_t unknown[6] = {0xff};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, unknown, 6, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].sense[0], 0x72);
    CU_ASSERT_EQUAL(rig.commands[place].sense[1], 0x05);
    CU_ASSERT_EQUAL(rig.commands[place].sense[2], 0x20);
    CU_ASSERT_EQUAL(rig.commands[place].sense[3], 0x00);
    CU_ASSERT_EQUAL(rig.commands[place].sense[7], 0);
    place = rig_send(&rig, 0, 1, LQ_SIMPLE, unknown, 6, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].sense[0], 0x70); /* another logical unit */
    rig_fini(&rig);
}

static void software_write_protection(void)
{
    rig_init(&rig, NULL);
    uint8_t list[16];
    memcpy(list, plain, sizeof list);
    list[8] = 0x08;
    select_six(0, list, 16);
    CU_ASSERT_EQUAL(sense_of(rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1)), 0x072702);
    const uint8_t sense[6] = {0x1a, 0x08, 0x0a, 0, 255, 0};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, sense, 6, 255, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[2], 0x90); /* WP, DPOFUA */
    uint32_t read = rig_read(&rig, 0, LQ_SIMPLE, 0, 1);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, read));
    select_six(0, plain, 16);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1)));
    rig_fini(&rig);
}

/* [SBC-4 6.5.6]: with WCE 0 what was cached is written out first, and writes are forced. */
static void the_cache_goes(void)
{
    static const uint8_t list[24] = {0, 0, 0, 0, 0x08, 18, 0x00};
    rig_init(&rig, NULL);
    struct rig_store *store = &rig.stores[0];
    store->store.volatile_cache = true;
    CU_ASSERT_TRUE(lq_engine_unit_remove(rig.engine, 0, 0) == NULL);
    const struct lq_unit_config unit = {.store = &store->store};
    CU_ASSERT_TRUE(lq_engine_unit_add(rig.engine, &unit) == NULL);
    rig_attention(&rig, 0, 0);
    CU_ASSERT_EQUAL(show(0, 0, 0x08)[2], 0x04);
    CU_ASSERT_EQUAL(show(0, 1, 0x08)[2], 0x04);
    rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    CU_ASSERT_FALSE(store->requests[store->count - 1]->fua);
    uint32_t place = select_six(0, list, 24);
    CU_ASSERT_FALSE(rig.commands[place].completed);
    CU_ASSERT_EQUAL_FATAL(store->requests[store->count - 1]->op, LQ_BLOCK_FLUSH);
    rig_complete_with(&rig, place, LQ_BLOCK_FAILED);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_CHECK_CONDITION);
    /* Once more: the values are there, what was cached need not be; and one flush at a time. */
    const uint8_t synchronize[10] = {0x35};
    uint32_t other = rig_send(&rig, 1, 0, LQ_SIMPLE, synchronize, 10, 0, 0, 0, 0);
    (void)rig_attention(&rig, 1, 0);
    other = rig_send(&rig, 1, 0, LQ_SIMPLE, synchronize, 10, 0, 0, 0, 0);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, other));
    place = select_six(0, list, 24);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, place) || rig.commands[place].completed);
    rig_complete(&rig, other);
    CU_ASSERT_EQUAL_FATAL(store->requests[store->count - 1]->op, LQ_BLOCK_FLUSH);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    CU_ASSERT_TRUE(store->requests[store->count - 1]->fua);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what may change", what_may_change},
        {"values hold for all", values_hold_for_all},
        {"what is refused", what_is_refused},
        {"block descriptors", block_descriptors},
        {"descriptor format sense data", descriptor_sense},
        {"software write protection", software_write_protection},
        {"the cache goes", the_cache_goes},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"mode parameters", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
