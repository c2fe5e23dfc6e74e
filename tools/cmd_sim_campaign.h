/* SPDX-License-Identifier: Apache-2.0 */
/* Many seeds, spread over processes. */
#ifndef LQ_TOOLS_CMD_SIM_CAMPAIGN_H
#define LQ_TOOLS_CMD_SIM_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/cmd_sim_run.h"

struct lq_campaign {
    struct lq_sim_settings settings;
    uint64_t first_seed, last_seed;
    uint32_t jobs;           /* processes, at least 1 */
    bool print_fingerprints; /* one line a seed, and nothing else on stdout */
    bool twice;              /* every seed twice, not only some */
    bool bench;              /* print commands and processor seconds */
    const char *tap, *junit; /* files for the verdicts, NULL: none */
};

/* Runs it and prints its summary. Returns the exit code. */
int lq_campaign_run(const struct lq_campaign *campaign);

#endif
