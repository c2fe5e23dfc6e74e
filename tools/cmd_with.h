/* SPDX-License-Identifier: Apache-2.0 */
/* `lunquake with`: a command against a private live target. */
#ifndef LQ_TOOLS_CMD_WITH_H
#define LQ_TOOLS_CMD_WITH_H

#include "tools/options.h"

/* Returns the exit code: the command's, 128 plus its signal, 126, 127, or 125 for our failures. */
int lq_cmd_with(const struct lq_options *options);

#endif
