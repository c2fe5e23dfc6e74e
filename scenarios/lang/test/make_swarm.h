/* SPDX-License-Identifier: Apache-2.0 */
/* A made seed for tests of the language. DRAW(N) gives 0..N-1. */
#ifndef LQ_SCENARIOS_LANG_TEST_MAKE_SWARM_H
#define LQ_SCENARIOS_LANG_TEST_MAKE_SWARM_H

#include <string.h>

#include "scenarios/lang/internal.h"

/* A seed's settings, steps that grow, and strikes. */
static inline void make_swarm(struct lq_scn_swarm *swarm, uint64_t (*draw)(uint64_t n))
{
    static const uint32_t units[] = {LQ_SCN_NUMBER, LQ_SCN_SIZE, LQ_SCN_OR_NEVER};
    swarm->is_given = true;
    swarm->seed = draw(2) == 1 ? UINT64_MAX - draw(9) : draw(1000);
    swarm->setting_count = (uint32_t)draw(20);
    for (uint32_t i = 0; i < swarm->setting_count; i++) {
        struct lq_scn_setting *setting = &swarm->settings[i];
        memcpy(setting->name, "setting-x", 10);
        setting->name[8] = (char)('a' + i);
        setting->unit = units[draw(3)];
        setting->value = setting->unit == LQ_SCN_SIZE ? 1024 * (1 + draw(100)) : 1 + draw(9999999);
        if (setting->unit == LQ_SCN_OR_NEVER && draw(4) == 1)
            setting->value = UINT64_MAX;
    }
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        swarm->has_odds[i] = draw(3) == 1;
        swarm->odds[i] = swarm->has_odds[i] ? (uint32_t)draw(1001) : 0;
    }
    swarm->step_count = (uint32_t)draw(40);
    for (uint32_t i = 0; i < swarm->step_count; i++) {
        uint32_t initiator = 1 + i * LQ_SCN_INITIATORS_MAX / swarm->step_count;
        uint64_t first = 100 * i + 1 + draw(30);
        swarm->steps[i] = (struct lq_scn_steps){initiator, first, first + draw(60)};
    }
    swarm->strike_count = (uint32_t)draw(10);
    for (uint32_t i = 0; i < swarm->strike_count; i++)
        swarm->strikes[i] = (struct lq_scn_strike){1 + (uint32_t)draw(LQ_FAULTS - 1),
                                                   draw(2) == 1 ? UINT64_MAX - i : draw(70000)};
}

#endif
