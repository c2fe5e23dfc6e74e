/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/completions.h"

#include <stdlib.h>

#include "core/base/assert.h"

bool lq_completions_init(struct lq_completions *completions, uint32_t capacity)
{
    uint32_t room = 1;
    while (room < capacity)
        room *= 2;
    *completions = (struct lq_completions){.mask = room - 1};
    completions->ring = calloc(room, sizeof *completions->ring);
    return completions->ring != NULL;
}

void lq_completions_fini(struct lq_completions *completions)
{
    free(completions->ring);
    completions->ring = NULL;
}

void lq_completions_put(struct lq_completions *completions, lq_handle handle,
                        enum lq_block_status status)
{
    LQ_ASSERT(completions->count <= completions->mask);
    uint32_t at = (completions->head + completions->count++) & completions->mask;
    completions->ring[at] = (struct lq_completion){handle, status};
}

uint32_t lq_completions_take(struct lq_completions *completions, struct lq_completion *out,
                             uint32_t max)
{
    uint32_t taken = completions->count < max ? completions->count : max;
    for (uint32_t i = 0; i < taken; i++)
        out[i] = completions->ring[(completions->head + i) & completions->mask];
    completions->head = (completions->head + taken) & completions->mask;
    completions->count -= taken;
    return taken;
}
