/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codecs against foreign captures: every FCoE and FIP frame is decoded and encoded again, and
 * must come out as it was. Arguments: pcap and pcapng files of Ethernet.
 */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/fcoe/fcoe.h"
#include "proto/fcoe/fip.h"

enum { FILE_BYTES = 8 << 20, FRAME_BYTES = 4096 };

static uint8_t file[FILE_BYTES];
static char **names;
static int name_count;
static uint32_t fcoe_count, fip_count, crc_count;

static uint32_t number(const uint8_t *p, bool little)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 4; i++)
        value |= (uint32_t)p[i] << (8 * (little ? i : 3 - i));
    return value;
}

static void look_at_fcoe(const struct lq_ethernet *ethernet, const uint8_t *bytes,
                         uint32_t size_bytes, uint32_t skip)
{
    struct lq_fcoe fcoe;
    struct lq_fcoe_ends ends;
    enum lq_fcoe_error error = lq_fcoe_decode(&fcoe, bytes + skip, size_bytes - skip, NULL);
    if (error == LQ_FCOE_CRC) {
        crc_count++;
        return;
    }
    CU_ASSERT_EQUAL_FATAL(error, LQ_FCOE_OK);
    fcoe_count++;
    lq_fcoe_encode(ethernet, &fcoe, NULL, &ends);
    CU_ASSERT_EQUAL_FATAL(ends.head_bytes + fcoe.fc.payload_bytes + ends.tail_bytes, size_bytes);
    CU_ASSERT_EQUAL(memcmp(ends.head, bytes, ends.head_bytes), 0);
    CU_ASSERT_EQUAL(memcmp(ends.tail, bytes + size_bytes - ends.tail_bytes, ends.tail_bytes), 0);
}

static void look_at_fip(const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fip_message message;
    uint8_t again[FRAME_BYTES];
    CU_ASSERT_FATAL(size_bytes <= sizeof again);
    CU_ASSERT_EQUAL_FATAL(lq_fip_decode(&message, bytes, size_bytes), LQ_FIP_OK);
    fip_count++;
    memcpy(again, bytes, size_bytes);
    lq_fip_patch(&message, again);
    CU_ASSERT_EQUAL(memcmp(again, bytes, size_bytes), 0);
    uint32_t own_bytes = lq_fip_encode(&message, size_bytes, again, sizeof again);
    CU_ASSERT_EQUAL(own_bytes, size_bytes);
    CU_ASSERT_EQUAL(memcmp(again, bytes, own_bytes), 0);
}

static void look_at_frame(const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_ethernet ethernet;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    CU_ASSERT_FATAL(skip > 0);
    if (ethernet.type == LQ_ETHERTYPE_FCOE)
        look_at_fcoe(&ethernet, bytes, size_bytes, skip);
    if (ethernet.type == LQ_ETHERTYPE_FIP)
        look_at_fip(bytes + skip, size_bytes - skip);
}

static void look_at_pcap(uint32_t size, bool little)
{
    CU_ASSERT_EQUAL_FATAL(number(file + 20, little), 1);
    for (uint32_t at = 24; at + 16 <= size;) {
        uint32_t captured = number(file + at + 8, little);
        if (captured > size - at - 16)
            break;
        look_at_frame(file + at + 16, captured);
        at += 16 + captured;
    }
}

/* Enhanced packet blocks of one section. */
static void look_at_pcapng(uint32_t size, bool little)
{
    for (uint32_t at = 0; at + 32 <= size;) {
        uint32_t block_bytes = number(file + at + 4, little);
        if (block_bytes < 12 || block_bytes > size - at)
            break;
        uint32_t captured = number(file + at + 20, little);
        if (number(file + at, little) == 6 && captured <= block_bytes - 32)
            look_at_frame(file + at + 28, captured);
        at += block_bytes;
    }
}

static void look_at_file(const char *name)
{
    FILE *input = fopen(name, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(input);
    uint32_t size = (uint32_t)fread(file, 1, sizeof file, input);
    fclose(input);
    CU_ASSERT_FATAL(size > 32 && size < sizeof file);
    if (number(file, true) == 0x0a0d0d0a)
        look_at_pcapng(size, file[8] == 0x4d);
    else
        look_at_pcap(size, file[0] == 0xd4 || file[0] == 0x4d);
}

static void test_captures(void)
{
    for (int i = 0; i < name_count; i++)
        look_at_file(names[i]);
    CU_ASSERT(fcoe_count > 0 && fip_count > 0);
    printf("%u FCoE frames, %u more of a wrong CRC, %u FIP frames ", (unsigned)fcoe_count,
           (unsigned)crc_count, (unsigned)fip_count);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"captures", test_captures},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"FCoE and FIP: captures", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    names = argv + 1;
    name_count = argc - 1;
    return lq_unit_run(suites);
}
