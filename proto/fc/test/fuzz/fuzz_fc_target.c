/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both endpoints against frames of a fuzzer's making: pieces of the input, each a length byte, a
 * header and a payload, are fed to the target (with an engine that has no unit) and, in the
 * opposite direction, to the initiator. Nothing happens but answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/engine.h"
#include "proto/fc/initiator.h"
#include "proto/fc/target.h"

enum { TARGET_ID = 0x0102ef, OUR_ID = 0x010203 };

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(64) uint8_t memory[32 << 20];
static struct lq_env env;
static struct lq_fc_target *target;
static struct lq_fc_initiator *initiator;

static void make(void)
{
    static const struct lq_fc_port_config port = {0, 1, 17, 18};
    struct lq_engine_config engine_config = lq_engine_config_default;
    struct lq_fc_target_config target_config = lq_fc_target_config_default;
    struct lq_fc_initiator_config initiator_config = lq_fc_initiator_config_default;
    struct lq_arena arena;
    engine_config.limits = lq_limits_virtual;
    target_config.ports = &port;
    target_config.port_count = 1;
    target_config.exchanges_max = 32;
    initiator_config.port_name = 5;
    lq_arena_init(&arena, memory, sizeof memory);
    env = (struct lq_env){.now_ns = UINT64_C(1000000000000)};
    struct lq_engine *engine = lq_engine_make(&arena, &engine_config, &env);
    target = lq_fc_target_make(&arena, &target_config, &env, engine);
    initiator = lq_fc_initiator_make(&arena, &initiator_config, &env);
    lq_fc_target_attach(target, 0, TARGET_ID, 2112);
    lq_fc_initiator_attach(initiator, OUR_ID, 2112);
    (void)lq_fc_initiator_login(initiator, &(struct lq_fc_initiator_login){.fc_id = TARGET_ID});
}

/* What the endpoints have to say reaches the other one. */
static void talk(void)
{
    struct lq_fc_frame frame;
    static uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
    struct lq_fc_initiator_event event;
    uint32_t port;
    for (uint32_t i = 0; i < 16; i++) {
        bool from_target = lq_fc_target_emit(target, &port, &frame);
        if (!from_target && !lq_fc_initiator_emit(initiator, &frame))
            break;
        if (frame.payload_bytes != 0)
            memcpy(payload, frame.payload, frame.payload_bytes);
        frame.payload = payload;
        if (from_target) {
            lq_fc_target_sent(target);
            lq_fc_initiator_feed(initiator, &frame);
        } else {
            lq_fc_initiator_sent(initiator);
            lq_fc_target_feed(target, 0, &frame);
        }
    }
    while (lq_fc_initiator_next(initiator, &event))
        if (event.kind == LQ_FC_I_EVENT_LOGGED_IN)
            (void)lq_fc_initiator_echo(initiator, 1, payload, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make();
    talk();
    while (size >= 25) {
        uint32_t payload = data[0] * 4U, most = (uint32_t)(size - 25) & ~UINT32_C(3);
        payload = payload < most ? payload : most;
        struct lq_fc_frame frame;
        if (lq_fc_frame_decode(&frame, data + 1, 24 + payload)) {
            bool to_target = (frame.f_ctl & LQ_FC_F_CTL_RESPONDER) == 0;
            frame.d_id = to_target ? TARGET_ID : OUR_ID;
            frame.s_id = to_target ? OUR_ID : TARGET_ID;
            if (to_target)
                lq_fc_target_feed(target, 0, &frame);
            else
                lq_fc_initiator_feed(initiator, &frame);
        }
        talk();
        env.now_ns += (uint64_t)(data[0] & 15) * UINT64_C(500000000);
        lq_fc_target_expire(target);
        lq_fc_initiator_expire(initiator);
        data += 25 + payload;
        size -= 25 + payload;
    }
    return 0;
}
