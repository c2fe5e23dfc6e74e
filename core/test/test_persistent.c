/* SPDX-License-Identifier: Apache-2.0 */
/* Persistent reservations [SPC-4 5.13, 6.15, 6.16] and RESERVE [SPC-2 7.16], rule by rule. */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/persist.h"

static struct rig rig;

enum { PREEMPTED = 0x062a03, RELEASED = 0x062a04, REGISTRATIONS_PREEMPTED = 0x062a05 };

#define KEYS_ARE(...)                                                                              \
    CU_ASSERT_TRUE(persist_keys_are(&rig, (const uint64_t[]){__VA_ARGS__},                         \
                                    sizeof((const uint64_t[]){__VA_ARGS__}) / 8))

static uint32_t out(uint32_t nexus, uint8_t action, uint8_t type, uint64_t key, uint64_t service)
{
    return persist_out(&rig, nexus, action, type, key, service);
}

static void begin(uint8_t type)
{
    persist_begin(&rig, type);
}

/* What each nexus is told, at once and nothing more. */
static void attentions_are(uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t wanted[3] = {first, second, third};
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(rig_attention(&rig, i, 0), wanted[i]);
        CU_ASSERT_EQUAL(rig_attention(&rig, i, 0), 0);
        CU_ASSERT_EQUAL(rig_attention(&rig, i, 1), 0);
    }
}

static uint8_t type_now(void)
{
    uint64_t key;
    return persist_type(&rig, &key);
}

static uint64_t key_now(void)
{
    uint64_t key;
    persist_type(&rig, &key);
    return key;
}

static void registering(void)
{
    persist_init(&rig, NULL);
    CU_ASSERT_EQUAL(persist_generation(&rig), 0);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 1, 0xa), ANSWER_CONFLICT); /* not registered: key 0 */
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0, 0), ANSWER_GOOD);       /* registers nothing */
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0, 0xa), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_generation(&rig), 1);
    KEYS_ARE(0xa);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xb, 0xc), ANSWER_CONFLICT); /* the wrong key */
    CU_ASSERT_EQUAL(persist_generation(&rig), 1);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xa, 0xc), ANSWER_GOOD);
    KEYS_ARE(0xc);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER_AND_IGNORE, 0, 0x99, 0xd), ANSWER_GOOD);
    KEYS_ARE(0xd);
    CU_ASSERT_EQUAL(persist_generation(&rig), 3);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xd, 0), ANSWER_GOOD);
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    CU_ASSERT_EQUAL(persist_generation(&rig), 4);
    attentions_are(0, 0, 0);
    rig_fini(&rig);
}

/* The key of the reservation is the holder's, whatever it becomes; D22. */
static void key_of_the_holder_changes(void)
{
    begin(WE);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xa, 0x11), ANSWER_GOOD);
    CU_ASSERT_EQUAL(key_now(), 0x11);
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, EA, 0xb, 0xa), ANSWER_CONFLICT); /* nobody has it now */
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, EA, 0xb, 0x11), ANSWER_GOOD);
    CU_ASSERT_EQUAL(key_now(), 0xb);
    CU_ASSERT_EQUAL(type_now(), EA);
    rig_fini(&rig);
}

static void reserving(void)
{
    begin(WE_RO);
    uint32_t generation = persist_generation(&rig);
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, WE_RO, 0xa, 0), ANSWER_GOOD); /* again: no change */
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, EA, 0xa, 0), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, WE_RO, 0xb, 0), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, 0x10 | WE_RO, 0xa, 0), ANSWER_SENSE(0x052400)); /* scope */
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, 2, 0xa, 0), ANSWER_SENSE(0x052400)); /* read exclusive */
    CU_ASSERT_EQUAL(out(1, OUT_RESERVE, WE_RO, 0xb, 0), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(type_now(), WE_RO);
    CU_ASSERT_EQUAL(key_now(), 0xa);
    CU_ASSERT_EQUAL(persist_generation(&rig), generation);
    rig_fini(&rig);
}

static void releasing(void)
{
    begin(WE_RO);
    CU_ASSERT_EQUAL(out(1, OUT_RELEASE, WE_RO, 0xb, 0), ANSWER_GOOD); /* not his: no effect */
    CU_ASSERT_EQUAL(type_now(), WE_RO);
    CU_ASSERT_EQUAL(out(0, OUT_RELEASE, EA_RO, 0xa, 0), ANSWER_SENSE(0x052604));
    CU_ASSERT_EQUAL(type_now(), WE_RO);
    uint32_t generation = persist_generation(&rig);
    CU_ASSERT_EQUAL(out(0, OUT_RELEASE, WE_RO, 0xa, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    CU_ASSERT_EQUAL(persist_generation(&rig), generation);
    attentions_are(0, RELEASED, RELEASED);
    CU_ASSERT_EQUAL(out(1, OUT_RELEASE, WE_RO, 0xb, 0), ANSWER_GOOD); /* nothing is reserved */
    rig_fini(&rig);

    begin(WE); /* of a type that let nobody in, nobody hears */
    CU_ASSERT_EQUAL(out(0, OUT_RELEASE, WE, 0xa, 0), ANSWER_GOOD);
    attentions_are(0, 0, 0);
    rig_fini(&rig);

    begin(EA_AR); /* every registrant holds it */
    CU_ASSERT_EQUAL(out(1, OUT_RELEASE, EA_AR, 0xb, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    attentions_are(RELEASED, 0, RELEASED);
    rig_fini(&rig);
}

static void unregistering_holders(void)
{
    begin(WE); /* released, and nobody hears */
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xa, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    attentions_are(0, 0, 0);
    rig_fini(&rig);

    begin(EA_RO);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER_AND_IGNORE, 0, 0, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    attentions_are(0, RELEASED, RELEASED);
    rig_fini(&rig);

    begin(WE_AR); /* stays until the last registrant goes */
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xa, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(out(1, OUT_REGISTER, 0, 0xb, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), WE_AR);
    CU_ASSERT_EQUAL(key_now(), 0);
    CU_ASSERT_EQUAL(out(2, OUT_REGISTER, 0, 0xc, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    attentions_are(0, 0, 0);
    rig_fini(&rig);
}

static void clearing(void)
{
    begin(EA);
    uint32_t generation = persist_generation(&rig);
    CU_ASSERT_EQUAL(out(1, OUT_CLEAR, 0, 0xb, 0), ANSWER_GOOD);
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    CU_ASSERT_EQUAL(type_now(), 0);
    CU_ASSERT_EQUAL(persist_generation(&rig), generation + 1);
    attentions_are(PREEMPTED, 0, PREEMPTED);
    rig_fini(&rig);
}

static void preempting_the_holder(void)
{
    begin(WE_RO);
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, WE_RO, 0xb, 0xa), ANSWER_GOOD);
    KEYS_ARE(0xb, 0xc);
    CU_ASSERT_EQUAL(key_now(), 0xb);
    attentions_are(REGISTRATIONS_PREEMPTED, 0, 0); /* the type is the same */
    rig_fini(&rig);

    begin(WE_RO); /* another type: who is left hears of it */
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, EA, 0xb, 0xa), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), EA);
    attentions_are(REGISTRATIONS_PREEMPTED, 0, RELEASED);
    rig_fini(&rig);

    begin(WE); /* himself: he keeps his registration and gets the new reservation */
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, EA_RO, 0xa, 0xa), ANSWER_GOOD);
    KEYS_ARE(0xa, 0xb, 0xc);
    CU_ASSERT_EQUAL(type_now(), EA_RO);
    attentions_are(0, RELEASED, RELEASED);
    rig_fini(&rig);
}

static void preempting_registrations(void)
{
    begin(WE_RO);
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, 0xff, 0xb, 0xc), ANSWER_GOOD); /* type means nothing */
    KEYS_ARE(0xa, 0xb);
    CU_ASSERT_EQUAL(key_now(), 0xa);
    attentions_are(0, 0, REGISTRATIONS_PREEMPTED);
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, 0, 0xb, 0xb), ANSWER_GOOD); /* its own: it goes */
    KEYS_ARE(0xa);
    attentions_are(0, 0, 0);
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, 0, 0xa, 0), ANSWER_SENSE(0x052600)); /* key 0 */
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, 0, 0xa, 0x77), ANSWER_CONFLICT);     /* nobody's */
    rig_fini(&rig);

    begin(0); /* without a reservation there is nothing else to preempt */
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, WE, 0xa, 0xb), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    KEYS_ARE(0xa, 0xc);
    rig_fini(&rig);
}

static void preempting_all_registrants(void)
{
    begin(WE_AR); /* a key removes registrations only */
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, EA, 0xa, 0xb), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), WE_AR);
    KEYS_ARE(0xa, 0xc);
    attentions_are(0, REGISTRATIONS_PREEMPTED, 0);
    CU_ASSERT_EQUAL(out(2, OUT_PREEMPT, EA, 0xc, 0), ANSWER_GOOD); /* 0: everybody else */
    KEYS_ARE(0xc);
    CU_ASSERT_EQUAL(type_now(), EA);
    CU_ASSERT_EQUAL(key_now(), 0xc);
    attentions_are(REGISTRATIONS_PREEMPTED, 0, 0);
    rig_fini(&rig);
}

/* --- REGISTER AND MOVE, SPEC_I_PT, ALL_TG_PT -------------------------------------------------- */

static void moving(void)
{
    begin(EA);
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0, 0, 1, 1), ANSWER_SENSE(0x052600));   /* key 0 */
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0xd, 0, 1, 0), ANSWER_SENSE(0x052600)); /* own */
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0xd, 0, 2, 1), ANSWER_SENSE(0x052600)); /* port */
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0xd, APTPL, 1, 1), ANSWER_SENSE(0x052600));
    uint32_t generation = persist_generation(&rig);
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0xd, 0, 1, 1), ANSWER_GOOD);
    KEYS_ARE(0xa, 0xd, 0xc);
    CU_ASSERT_EQUAL(key_now(), 0xd);
    CU_ASSERT_EQUAL(persist_generation(&rig), generation + 1);
    CU_ASSERT_EQUAL(persist_move(&rig, 1, 0xd, 0xe, 2, 1, 7), ANSWER_GOOD); /* UNREG; a new one */
    KEYS_ARE(0xa, 0xc, 0xe);
    CU_ASSERT_EQUAL(key_now(), 0xe);
    CU_ASSERT_EQUAL(type_now(), EA);
    attentions_are(0, 0, 0);
    rig_fini(&rig);

    begin(0);
    CU_ASSERT_EQUAL(persist_move(&rig, 0, 0xa, 0xd, 0, 1, 1), ANSWER_SENSE(0x052400));
    rig_fini(&rig);
}

static void registering_others(void)
{
    persist_init(&rig, NULL);
    uint8_t more[20] = {0, 0, 0, 16};
    persist_name(1, more + 4);
    persist_name(7, more + 12); /* whom the engine has never seen */
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER_AND_IGNORE, 0, 0xa, SPEC_I_PT, more, 20),
                    ANSWER_SENSE(0x052600));
    more[3] = 24; /* more than there is */
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, SPEC_I_PT, more, 20),
                    ANSWER_SENSE(0x052600));
    more[3] = 16;
    more[12] = 0x99; /* the second is none: neither is registered */
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, SPEC_I_PT, more, 20),
                    ANSWER_SENSE(0x052600));
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    more[12] = 0x45;
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, SPEC_I_PT, more, 20),
                    ANSWER_GOOD);
    uint8_t data[128];
    CU_ASSERT_EQUAL(persist_in(&rig, 0, 0x00, data, sizeof data), 8 + 3 * 8);
    CU_ASSERT_EQUAL(out(1, OUT_RESERVE, WE, 0xa, 0), ANSWER_GOOD); /* he is one of them */
    CU_ASSERT_EQUAL(persist_out_list(&rig, 1, OUT_REGISTER, 0xa, 0xb, SPEC_I_PT, more, 20),
                    ANSWER_SENSE(0x052600)); /* registered already */
    rig_fini(&rig);
}

static void registering_through_all_ports(void)
{
    persist_init(&rig, NULL);
    lq_engine_target_ports(rig.engine, 0, 3);
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, ALL_TG_PT, NULL, 0),
                    ANSWER_GOOD);
    uint8_t data[256];
    CU_ASSERT_EQUAL_FATAL(persist_in(&rig, 0, 0x03, data, sizeof data), 8 + 3 * 32);
    for (uint8_t port = 1; port <= 3; port++)
        CU_ASSERT_EQUAL(data[8 + 32 * (port - 1) + 19], port);
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0xa, 0), ANSWER_GOOD); /* through this port only */
    CU_ASSERT_EQUAL(persist_in(&rig, 0, 0x00, data, sizeof data), 8 + 2 * 8);
    rig_fini(&rig);
}

static void no_room_for_more(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.registrations = 2;
    persist_init(&rig, &config);
    uint8_t more[20] = {0, 0, 0, 16};
    persist_name(1, more + 4);
    persist_name(7, more + 12);
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, SPEC_I_PT, more, 20),
                    ANSWER_SENSE(0x055504)); /* INSUFFICIENT REGISTRATION RESOURCES */
    CU_ASSERT_EQUAL(out(0, OUT_REGISTER, 0, 0, 0xa), ANSWER_GOOD);
    CU_ASSERT_EQUAL(out(1, OUT_REGISTER, 0, 0, 0xb), ANSWER_GOOD);
    CU_ASSERT_EQUAL(out(2, OUT_REGISTER, 0, 0, 0xc), ANSWER_SENSE(0x055504));
    CU_ASSERT_EQUAL(out(1, OUT_REGISTER, 0, 0xb, 0xd), ANSWER_GOOD);
    KEYS_ARE(0xa, 0xd);
    CU_ASSERT_EQUAL(persist_generation(&rig), 3);
    rig_fini(&rig);
}

/* --- form ------------------------------------------------------------------------------------ */

static void parameter_lists(void)
{
    begin(0);
    const uint8_t list[64] = {0, 0, 0, 0, 0, 0, 0, 0xa};
    for (uint32_t bytes = 0; bytes <= 40; bytes++) {
        uint8_t cdb[10] = {0x5f, OUT_CLEAR, 0, 0, 0, 0, 0, 0, (uint8_t)bytes};
        uint32_t place = rig_send_data(&rig, 0, 0, cdb, 10, list, bytes, 0);
        uint32_t wanted = bytes == 24 ? ANSWER_GOOD : ANSWER_SENSE(0x051a00);
        CU_ASSERT_EQUAL(persist_answer(&rig, place), wanted);
    }
    uint8_t cdb[10] = {0x5f, OUT_REGISTER, 0, 0, 0, 0, 0, 0, 24};
    /* less arrives than the CDB says */
    CU_ASSERT_EQUAL(persist_answer(&rig, rig_send_data(&rig, 0, 0, cdb, 10, list, 16, 0)),
                    ANSWER_SENSE(0x051a00));
    cdb[5] = 0x7f; /* more than any command may move */
    CU_ASSERT_EQUAL(persist_answer(&rig, rig_send_data(&rig, 0, 0, cdb, 10, list, 64, 0)),
                    ANSWER_SENSE(0x051a00));
    cdb[5] = 0;
    CU_ASSERT_EQUAL(persist_out_list(&rig, 0, OUT_REGISTER, 0, 0xa, APTPL, NULL, 0),
                    ANSWER_SENSE(0x052600)); /* PTPL_C is 0 */
    for (uint8_t action = 9; action < 32; action++) {
        cdb[1] = action;
        CU_ASSERT_EQUAL(persist_answer(&rig, rig_send_data(&rig, 0, 0, cdb, 10, list, 24, 0)),
                        ANSWER_SENSE(0x052400));
    }
    rig_fini(&rig);
}

static void reading(void)
{
    begin(WE_RO);
    uint8_t data[256];
    static const uint8_t reservation[24] = {0, 0, 0, 3, 0, 0, 0, 16, 0, 0, 0, 0,
                                            0, 0, 0, 0xa, 0, 0, 0, 0, 0, WE_RO, 0, 0};
    CU_ASSERT_EQUAL(persist_in(&rig, 2, 0x01, data, sizeof data), 24);
    CU_ASSERT_EQUAL(memcmp(data, reservation, 24), 0);
    CU_ASSERT_EQUAL(persist_in(&rig, 2, 0x00, data, 12), 12); /* cut; the length says all */
    CU_ASSERT_EQUAL(data[7], 24);
    /* LENGTH 8; CRH, SIP_C, ATP_C; TMV, ALLOW COMMANDS 100b; all six types */
    static const uint8_t capabilities[8] = {0, 8, 0x1c, 0xc0, 0xea, 0x01, 0, 0};
    CU_ASSERT_EQUAL(persist_in(&rig, 2, 0x02, data, sizeof data), 8);
    CU_ASSERT_EQUAL(memcmp(data, capabilities, 8), 0);
    static const uint8_t first[32] = {0, 0, 0, 0, 0, 0, 0, 0xa, 0, 0, 0, 0, 1, WE_RO, 0, 0,
                                      0, 0, 0, 1, 0, 0, 0, 8, 0x45, 0, 0, 4, 'n', '0', 0, 0};
    static const uint8_t second[16] = {0, 0, 0, 0, 0, 0, 0, 0xb, 0, 0, 0, 0, 0, 0, 0, 0};
    CU_ASSERT_EQUAL_FATAL(persist_in(&rig, 2, 0x03, data, sizeof data), 8 + 3 * 32);
    CU_ASSERT_EQUAL(memcmp(data + 8, first, 32), 0);
    CU_ASSERT_EQUAL(memcmp(data + 8 + 32, second, 16), 0);
    rig_fini(&rig);
    begin(EA_AR);
    CU_ASSERT_EQUAL_FATAL(persist_in(&rig, 2, 0x03, data, sizeof data), 8 + 3 * 32);
    for (uint32_t i = 0; i < 3; i++) /* each is a holder */
        CU_ASSERT_EQUAL(data[8 + 32 * i + 12] << 8 | data[8 + 32 * i + 13], 0x0100 | EA_AR);
    rig_fini(&rig);
}

/* --- survival -------------------------------------------------------------------------------- */

static void what_registrations_survive(void)
{
    begin(EA);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_tm(&rig, 1, LQ_TM_TARGET_WARM_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 3, 0), 0x062903);
    uint32_t write = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    CU_ASSERT_EQUAL(persist_answer(&rig, write), ANSWER_CONFLICT);
    rig_return(&rig, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062907);
    KEYS_ARE(0xa, 0xb, 0xc);
    CU_ASSERT_EQUAL(type_now(), EA);
    write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(persist_answer(&rig, write), ANSWER_GOOD);
    rig_tm(&rig, 1, LQ_TM_TARGET_COLD_RESET, 0, 0); /* a power on */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062901);
    CU_ASSERT_EQUAL(rig_attention(&rig, 3, 0), 0x062901);
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    CU_ASSERT_EQUAL(persist_generation(&rig), 0);
    CU_ASSERT_EQUAL(type_now(), 0);
    rig_fini(&rig);
}

/* The registration is its name's, not that of the engine's memory of it. */
static void registrations_outlive_the_engines_memory(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.nexuses = 4;
    persist_init(&rig, &config);
    CU_ASSERT_EQUAL(out(1, OUT_REGISTER, 0, 0, 0xb), ANSWER_GOOD);
    CU_ASSERT_EQUAL(out(1, OUT_RESERVE, EA, 0xb, 0), ANSWER_GOOD);
    rig_lose(&rig, 1, LQ_TRIGGER_NEXUS_LOSS);
    rig.nexuses[1] = rig_establish(&rig, 9); /* another one in its place */
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062900);
    uint32_t read = rig_read(&rig, 1, LQ_SIMPLE, 0, 8);
    CU_ASSERT_EQUAL(persist_answer(&rig, read), ANSWER_CONFLICT);
    rig_lose(&rig, 1, LQ_TRIGGER_NEXUS_LOSS);
    rig_return(&rig, 1);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062900);
    CU_ASSERT_EQUAL(out(1, OUT_RELEASE, EA, 0xb, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(type_now(), 0);
    rig_fini(&rig);
}

static void a_new_unit_inherits_nothing(void)
{
    begin(EA);
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    struct lq_unit_config unit = {.lun = 0, .store = &rig.stores[0].store, .serial = "NEW"};
    CU_ASSERT_PTR_NULL(lq_engine_unit_add(rig.engine, &unit));
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062900);
    CU_ASSERT_EQUAL(rig_attention(&rig, 3, 0), 0x062900);
    CU_ASSERT_TRUE(persist_keys_are(&rig, NULL, 0));
    CU_ASSERT_EQUAL(persist_generation(&rig), 0);
    CU_ASSERT_EQUAL(type_now(), 0);
    rig_fini(&rig);
}

/* --- RESERVE --------------------------------------------------------------------------------- */

static void reserve_and_release(void)
{
    persist_init(&rig, NULL);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_CONFLICT); /* D18: it stays */
    CU_ASSERT_EQUAL(persist_release_6(&rig, 1), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(out(1, OUT_REGISTER, 0, 0, 0xb), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(persist_release_6(&rig, 0), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_GOOD);
    const uint8_t third_party[6] = {0x16, 0x10};
    uint32_t place = rig_send_data(&rig, 1, 0, third_party, 6, NULL, 0, 0);
    CU_ASSERT_EQUAL(persist_answer(&rig, place), ANSWER_SENSE(0x052400));
    rig_fini(&rig);
}

static void what_reserve_survives(void)
{
    persist_init(&rig, NULL);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 0), ANSWER_GOOD);
    rig_lose(&rig, 0, LQ_TRIGGER_REINSTATEMENT); /* preserved [RFC 7143 4.4.3.2] */
    rig_return(&rig, 0);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_CONFLICT);
    rig_lose(&rig, 0, LQ_TRIGGER_LOGOUT);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_GOOD);
    rig_tm(&rig, 2, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0x062903);
    CU_ASSERT_EQUAL(persist_reserve_6(&rig, 2), ANSWER_GOOD);
    rig_fini(&rig);
}

/* Status precedence [SAM-5 5.3.3]: a reset's unit attention, RESERVATION CONFLICT, others'. */
static void attentions_and_conflicts(void)
{
    begin(EA);
    CU_ASSERT_EQUAL(out(0, OUT_PREEMPT, EA, 0xa, 0xb), ANSWER_GOOD);
    uint32_t read = rig_read(&rig, 1, LQ_SIMPLE, 0, 8);
    CU_ASSERT_EQUAL(persist_answer(&rig, read), ANSWER_CONFLICT);
    rig_tm(&rig, 2, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    read = rig_read(&rig, 1, LQ_SIMPLE, 0, 8);
    CU_ASSERT_EQUAL(persist_answer(&rig, read), ANSWER_SENSE(0x062903));
    read = rig_read(&rig, 1, LQ_SIMPLE, 0, 8);
    CU_ASSERT_EQUAL(persist_answer(&rig, read), ANSWER_CONFLICT);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), REGISTRATIONS_PREEMPTED);
    rig_fini(&rig);
}

/* A command that waited is looked at when its turn comes, not when it was received. */
static void conflicts_are_found_when_a_command_begins(void)
{
    begin(0);
    uint32_t slow = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 1, LQ_ORDERED, 64, 8, 2);
    uint8_t cdb[10] = {0x5f, OUT_RESERVE, WE, 0, 0, 0, 0, 0, 24};
    uint8_t list[24] = {0, 0, 0, 0, 0, 0, 0, 0xa};
    uint32_t reserve = rig_send_data(&rig, 0, 0, cdb, 10, list, 24, 0);
    CU_ASSERT_FALSE(rig.commands[reserve].completed); /* behind the ORDERED one */
    rig_complete(&rig, slow);
    rig_complete(&rig, ordered);
    CU_ASSERT_EQUAL(rig.commands[ordered].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig.commands[reserve].status, LQ_GOOD);
    CU_ASSERT_EQUAL(type_now(), WE);
    uint32_t waiting = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    CU_ASSERT_EQUAL(out(1, OUT_PREEMPT, WE, 0xb, 0xa), ANSWER_GOOD);
    rig_data_out(&rig, waiting, 3); /* its data comes after it has been fenced */
    CU_ASSERT_FALSE(rig_is_submitted(&rig, waiting));
    CU_ASSERT_EQUAL(rig.commands[waiting].status, LQ_RESERVATION_CONFLICT);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"REGISTER", registering},
        {"the holder's key changes", key_of_the_holder_changes},
        {"RESERVE", reserving},
        {"RELEASE", releasing},
        {"holders unregister", unregistering_holders},
        {"CLEAR", clearing},
        {"PREEMPT the holder", preempting_the_holder},
        {"PREEMPT registrations", preempting_registrations},
        {"PREEMPT all registrants", preempting_all_registrants},
        {"REGISTER AND MOVE", moving},
        {"SPEC_I_PT", registering_others},
        {"ALL_TG_PT", registering_through_all_ports},
        {"limits.registrations", no_room_for_more},
        {"parameter lists", parameter_lists},
        {"PERSISTENT RESERVE IN", reading},
        {"what registrations survive", what_registrations_survive},
        {"a forgotten nexus", registrations_outlive_the_engines_memory},
        {"a new unit inherits nothing", a_new_unit_inherits_nothing},
        {"RESERVE(6) and RELEASE(6)", reserve_and_release},
        {"what RESERVE(6) survives", what_reserve_survives},
        {"attentions and conflicts", attentions_and_conflicts},
        {"conflicts when a command begins", conflicts_are_found_when_a_command_begins},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"reservations", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
