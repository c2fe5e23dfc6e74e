/* SPDX-License-Identifier: Apache-2.0 */
/* `lunquake features`: the comparison with other targets, and what proves our column. */
#ifndef LQ_TOOLS_CMD_FEATURES_H
#define LQ_TOOLS_CMD_FEATURES_H

#include "tools/options.h"

/* Returns the exit code; with results, LQ_EXIT_VIOLATED when a row claims what they don't show. */
int lq_cmd_features(const struct lq_options *options);

#endif
