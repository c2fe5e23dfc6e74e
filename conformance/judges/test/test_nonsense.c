/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that make no sense: judges may say what they like, but end, and keep to memory. */
#include "conformance/judges/test/story.h"
#include "core/base/hash.h"

static uint64_t state;

static uint64_t draw(uint64_t n)
{
    state = lq_mix(state, 7);
    return (state >> 11) % n;
}

/* Small numbers mostly, so that records meet; now and then anything. */
static uint64_t field(void)
{
    return draw(16) == 0 ? lq_mix(state, 3) : draw(6);
}

static void nonsense_event(void)
{
    EV((uint16_t)draw(LQ_EVENT_KINDS + 2), .actor = (uint16_t)draw(3), .flags = (uint16_t)field(),
       .connection = (uint32_t)draw(4), .code = (uint32_t)field(), .detail = (uint32_t)field(),
       .nblocks = (uint32_t)field(), .nexus = draw(4), .lun = story_lun(draw(3)), .tag = draw(6),
       .serial = draw(12), .stamp = field(), .lba = field(), .value = field());
}

static void nonsense_pdu(void)
{
    static const uint8_t opcodes[] = {0x00, 0x41, 0x01, 0x42, 0x43, 0x05, 0x46, 0x20, 0x21,
                                      0x22, 0x23, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f, 0x77};
    static const char text[] = "MaxBurstLength=9\0InitialR2T=\0HeaderDigest\0\0=x\0FirstBurst=1";
    story_wire(1 + (uint32_t)draw(3), draw(2) ? LQ_TO_TARGET : LQ_FROM_TARGET,
               (struct story_pdu){.opcode = opcodes[draw(sizeof opcodes)],
                                  .flags = (uint8_t)draw(256),
                                  .byte2 = (uint8_t)draw(3),
                                  .byte3 = (uint8_t)(draw(3) * 2),
                                  .lun = story_lun(draw(3)),
                                  .itt = (uint32_t)draw(6),
                                  .w20 = (uint32_t)field(),
                                  .w24 = (uint32_t)field(),
                                  .w28 = (uint32_t)field(),
                                  .w32 = draw(2) ? (uint32_t)field() : 0x28000000,
                                  .w36 = (uint32_t)field(),
                                  .w40 = (uint32_t)field(),
                                  .w44 = (uint32_t)field(),
                                  .data = text,
                                  .data_bytes = (uint32_t)draw(sizeof text)});
}

static void test_nonsense(void)
{
    uint64_t broken = 0;
    for (uint32_t round = 0; round < 400; round++) {
        state = round;
        story_begin();
        if (draw(2))
            story_login(1, 1, 1);
        for (uint32_t i = 0; i < 400; i++) {
            if (draw(3) == 0)
                nonsense_pdu();
            else
                nonsense_event();
            if (draw(100) == 0)
                story_pass(SECONDS(4));
        }
        broken += story_violations() != 0;
    }
    CU_ASSERT(broken > 390); /* nonsense is noticed */
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"nonsense", test_nonsense}, CU_TEST_INFO_NULL};
    return story_main("nonsense", tests);
}
