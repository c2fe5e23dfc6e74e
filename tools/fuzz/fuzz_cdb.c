/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CDBs: a session sends commands whose every byte is from the input, with the lengths that it
 * names. A command is: a byte of flags (2 bits of LUN, 2 of attribute, in, out), lengths in and out
 * in units of 64 bytes, the CDB's length, the CDB.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "sim/shard/shard.h"
#include "tools/fuzz/fuzz.h"

enum { COMMANDS_MAX = 24, HEAD_BYTES = 4, TEXT_MAX = 8192 };

static const char head[] = "scenario \"CDBs from bytes\"\n"
                           "target t { lun 0 disk 64KiB; lun 1 disk 64KiB { cache writeback } }\n"
                           "initiator a -> t\n"
                           "at 0\n a login\n a test-unit-ready\n a test-unit-ready lun 1\n";

static struct lq_scenario scenario;
static char text[TEXT_MAX];
static size_t used;

static void put(const char *words)
{
    int written = snprintf(text + used, sizeof text - used, "%s", words);
    LQ_ASSERT(written > 0 && (size_t)written < sizeof text - used);
    used += (size_t)written;
}

static void put_number(const char *words, unsigned number)
{
    char digits[16];
    snprintf(digits, sizeof digits, " %u", number);
    put(words);
    put(digits);
}

static void put_hex(unsigned byte)
{
    char digits[4];
    snprintf(digits, sizeof digits, " %02x", byte & 0xffU);
    put(digits);
}

/* One statement; how many bytes it took, 0: there are too few. */
static size_t put_command(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    uint32_t cdb_bytes = 1 + data[3] % 16U;
    if (size < HEAD_BYTES + cdb_bytes)
        return 0;
    put(" a cdb");
    for (uint32_t i = 0; i < cdb_bytes; i++)
        put_hex(data[HEAD_BYTES + i]);
    put_number(" lun", data[0] & 3U);
    if ((data[0] & 0x0c) == 4)
        put(" ordered");
    if ((data[0] & 0x0c) == 8)
        put(" head-of-queue");
    if ((data[0] & 0x10) != 0)
        put_number(" in", 1 + data[1] * 64U);
    if ((data[0] & 0x20) != 0)
        put_number(" out", 1 + data[2] * 64U);
    put("\n");
    return HEAD_BYTES + cdb_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lq_history_sink sinks[] = {lq_fuzz_begin()};
    struct lq_run_result result;
    struct lq_scn_problem problem;
    memcpy(text, head, sizeof head);
    used = sizeof head - 1;
    size_t taken = 1;
    for (uint32_t i = 0; taken > 0 && i < COMMANDS_MAX; i++) {
        taken = put_command(data, size);
        data += taken;
        size -= taken;
    }
    LQ_ASSERT(lq_scenario_parse(&scenario, lq_shard_pdus, LQ_SCN_OVER_ISCSI, text, used,
                                &problem));
    struct lq_run_request request = {
        .scenario = &scenario, .seed = 1, .sinks = sinks, .sink_count = 1};
    lq_world_run(lq_fuzz_world(), &request, &result);
    lq_fuzz_end(&result);
    return 0;
}
