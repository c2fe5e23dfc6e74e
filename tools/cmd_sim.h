/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lunquake sim`: runs seeds in the virtual world, judges them, and says what happened.
 *
 * Who uses it: the program (main.c) and lunquake-sim (sim_main.c), which has nothing else.
 */
#ifndef LQ_TOOLS_CMD_SIM_H
#define LQ_TOOLS_CMD_SIM_H

#include "tools/campaign_store.h"
#include "tools/options.h"
#include "tools/page.h"

/* What the program can do besides, with libraries that not every build has. */
struct lq_sim_extras {
    const struct lq_campaign_store_ops *store; /* keeps campaigns; NULL: nobody does */
    bool (*write_page)(FILE *to, const struct lq_story *story, const struct lq_page *page);
};

/* Runs what OPTIONS ask for; returns the exit code. */
int lq_cmd_sim(const struct lq_options *options, const struct lq_sim_extras *extras);

#endif
